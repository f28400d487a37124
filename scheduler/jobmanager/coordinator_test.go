package jobmanager

import (
	"testing"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

// Coordinators that begin anew are told what finished sources have read, also those that have inputs of their own, but not what sinks
// have prepared or programs have collected.
func TestTaken(t *testing.T) {
	encode := func(p *rpc.Prepared) []byte {
		b, err := proto.Marshal(p)
		require.NoError(t, err)
		return b
	}
	read := encode(&rpc.Prepared{Taken: []*rpc.Taken{{Node: 1, Ids: []uint64{7}}}})
	done := func(result []byte) job.Subtask { return job.Subtask{State: job.TaskFinished, Result: result} }
	fed := []job.PlanEdge{{}}
	j := &job.Job{Plan: &job.Plan{Vertices: []job.PlanVertex{{}, {Edges: fed}, {Edges: fed}}}, Vertices: []job.Vertex{
		{Subtasks: []job.Subtask{done(read), done(nil), {State: job.TaskRunning}, {State: job.TaskFinished, Result: read, Restart: true}}},
		{Subtasks: []job.Subtask{done(read), done(nil), {State: job.TaskFinished, Result: read, Restart: true}}},
		{Subtasks: []job.Subtask{done(encode(&rpc.Prepared{Operators: []*rpc.PreparedOperator{{Node: 3}}})), done([]byte("collected"))}},
	}}
	var got [][2]int32
	for _, x := range taken(j) {
		got = append(got, [2]int32{x.Vertex, x.Subtask})
	}
	require.Equal(t, [][2]int32{{0, 0}, {0, 1}, {1, 0}}, got)
}
