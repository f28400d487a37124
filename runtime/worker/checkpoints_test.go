package worker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/filesystem"
)

// saving is a coordinator with state.
type saving struct {
	*coordinator
	state    string
	fail     error
	restored chan string
	complete chan uint64
}

func newSaving(state string) *saving {
	return &saving{coordinator: newCoordinator(), state: state, restored: make(chan string, 1), complete: make(chan uint64, 10)}
}

func (s *saving) Snapshot(_ context.Context, _ uint64, subtasks []int) ([]byte, error) {
	return append([]byte(s.state), byte('0'+len(subtasks))), s.fail
}
func (s *saving) Restore(state []byte) error { s.restored <- string(state); return nil }
func (s *saving) Complete(_ context.Context, checkpoint uint64) error {
	s.complete <- checkpoint
	return nil
}

var _ operator.CheckpointedCoordinator = (*saving)(nil)

// hosts has the worker host the coordinators of a job with checkpoints.
func (r *rig) hosts(t *testing.T, sequence uint64, c *rpc.Checkpointing) {
	require.NoError(t, r.control.Send(&rpc.ToWorker{Message: &rpc.ToWorker_Order{Order: &rpc.Order{
		Deploy: []*rpc.Deployment{{Coordinator: &rpc.Coordinator{TaskManager: 1, Epoch: fence(sequence)}, Checkpointing: c}}}}}))
}

func (r *rig) checkpoint(t *testing.T, o *rpc.CheckpointOrder) {
	require.NoError(t, r.control.Send(&rpc.ToWorker{Message: &rpc.ToWorker_Order{Order: &rpc.Order{Checkpoints: []*rpc.CheckpointOrder{o}}}}))
}

// said waits for what the worker says of a checkpoint.
func (r *rig) said() *rpc.CheckpointReport {
	for report := range r.reports {
		if len(report.Checkpoints) > 0 {
			return report.Checkpoints[0]
		}
	}
	return nil
}

func TestHostSavesAndRestoresCoordinators(t *testing.T) {
	source, sink := newSaving("source"), newSaving("sink")
	r := start(t, asking{source, sink}, 1)
	dir := t.TempDir()
	r.hosts(t, 1, &rpc.Checkpointing{Directory: dir})
	r.checkpoint(t, &rpc.CheckpointOrder{Job: "job", Trigger: &rpc.Trigger{Id: 1, Host: true, Finished: []*rpc.SubtaskName{{Subtask: 1}}}})
	report := r.said()
	require.Empty(t, report.Cause)
	require.True(t, report.Coordinators)
	m := new(checkpoint.Metadata)
	require.NoError(t, proto.Unmarshal(report.Part, m))
	states := map[string]string{}
	for _, o := range m.Operators {
		states[o.Name] = string(o.Coordinator)
	}
	require.Equal(t, map[string]string{"Source": "source1", "Sink": "sink2"}, states)
	r.checkpoint(t, &rpc.CheckpointOrder{Job: "job", Complete: 1})
	require.EqualValues(t, 1, <-source.complete)
	require.EqualValues(t, 1, <-sink.complete)

	// The next coordinators begin with what was saved, and remove what was left behind.
	m.CheckpointId = 1
	require.NoError(t, checkpoint.WriteMetadata(t.Context(), filesystem.Local(), filepath.Join(dir, "chk-1"), m))
	r.hosts(t, 2, &rpc.Checkpointing{Directory: dir, Restore: filepath.Join(dir, "chk-1"), Restored: 1, Again: true})
	require.Equal(t, "source1", <-source.restored)
	require.Equal(t, "sink2", <-sink.restored)
	require.Equal(t, "job", <-sink.cleaned)

	// A checkpoint that cannot be read ends the epoch, and the cause names the file.
	metadata := filepath.Join(dir, "chk-2", checkpoint.MetadataName)
	require.NoError(t, os.MkdirAll(filepath.Dir(metadata), 0o700))
	require.NoError(t, os.WriteFile(metadata, []byte("damaged"), 0o600))
	r.hosts(t, 3, &rpc.Checkpointing{Directory: dir, Restore: filepath.Dir(metadata), Restored: 2})
	for {
		if s := r.status(t); s.Epoch.Sequence == 3 {
			require.Contains(t, s.Cause, metadata)
			break
		}
	}
}

func TestCheckpointThatFailsIsReportedOnce(t *testing.T) {
	source, sink := newSaving("source"), newSaving("sink")
	sink.fail = errors.New("no space left")
	r := start(t, asking{source, sink}, 1)
	r.hosts(t, 1, &rpc.Checkpointing{Directory: t.TempDir()})
	r.checkpoint(t, &rpc.CheckpointOrder{Job: "job", Trigger: &rpc.Trigger{Id: 1, Host: true}})
	require.Contains(t, r.said().Cause, "Sink: no space left")
	r.checkpoint(t, &rpc.CheckpointOrder{Job: "job", Trigger: &rpc.Trigger{Id: 1, Host: true}}) // again, as if the report was lost: the TaskManager tells it
	r.checkpoint(t, &rpc.CheckpointOrder{Job: "job", Abandoned: 1, Trigger: &rpc.Trigger{Id: 2}})
	report := r.said()
	require.EqualValues(t, 2, report.Id)
	require.Empty(t, report.Cause)
	require.False(t, report.Coordinators)
}

// TestTaskSnapshots: what is shown of a task's part in a checkpoint, in microseconds.
func TestTaskSnapshots(t *testing.T) {
	r := &running{attempt: &rpc.Attempt{Vertex: 1, Subtask: 2}, task: task.New(task.Config{}, []task.Spec{{Operator: &operator.Map[int, int]{}, Upstream: -1}})}
	a := &acknowledged{task.Acknowledgement{States: []task.OperatorState{{Bytes: 100}, {Bytes: 20}}, Unaligned: true, Began: time.UnixMilli(1_250),
		Alignment: 3 * time.Millisecond, Sync: 4 * time.Microsecond, Async: time.Second, Processed: 70, Persisted: 5}, 2_500}
	want := &rpc.TaskSnapshot{Vertex: 1, Subtask: 2, Acknowledged: 2_500, StartDelay: 250_000, Alignment: 3_000, Sync: 4, Async: 1_000_000,
		Bytes: 125, Unaligned: true, Processed: 70, Persisted: 5}
	require.True(t, proto.Equal(want, r.snapshot(a, 1_000)))
	require.Equal(t, 250*time.Millisecond, time.Duration(r.task.Stats.StartDelay.Load()))
	require.Zero(t, r.snapshot(a, 2_000).StartDelay, "the JobManager's clock is ahead")
}
