package worker

import (
	"context"
	"errors"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/shuffle/blocking"
	"github.com/leatproject/leat/shuffle/network"
	"github.com/leatproject/leat/shuffle/wire"
)

// errCanceled is the cause of a task's end when it was told to.
var errCanceled = errors.New("cancelled")

// running is an attempt from its deployment to its end.
type running struct {
	w       *worker
	attempt *rpc.Attempt
	ctx     context.Context
	cancel  context.CancelCauseFunc
	// body is what runs: task, or a commit.
	body    func(ctx context.Context) error
	restore func(ctx context.Context) error // comes before body; nil if nothing does
	task    *task.Task                      // nil for a commit

	parallelism int
	checkpoints *task.Checkpoints // nil if there are none

	metrics []nodeMetrics
	inputs  []*network.Input
	outputs []output       // blocking ones
	local   []wire.Channel // may still wait in junctions
	epoch   *rpc.Fence     // of the coordinators that it asks; nil if it has none
	// restored is the checkpoint that it begins with, 0 for none.
	restored int64

	mu       sync.Mutex
	prepared rpc.Prepared
	reported []reported
	// collectors take the rows of Collects; collected is the digest of what the finished one has.
	collectors []collector
	collected  string
}

type nodeMetrics struct {
	node int
	*operator.Metrics
}

// run runs the attempt and reports its end.
func (r *running) run() {
	var err error
	if r.restore != nil {
		err = r.restore(r.ctx)
	}
	if err == nil {
		r.w.report(&rpc.TaskReport{Attempt: r.attempt, State: rpc.TaskState_RUNNING})
		err = guarded(func() error { return r.body(r.ctx) })
	}
	if err != nil && r.ctx.Err() != nil {
		err = context.Cause(r.ctx)
	}
	r.cancel(nil)
	r.release()
	r.w.checkpts.ended(r)
	if r.task != nil {
		r.w.out.final(r.measure())
	}
	end := &rpc.TaskReport{Attempt: r.attempt, State: rpc.TaskState_FINISHED, Epoch: r.epoch}
	switch {
	case err == nil:
		if end.Result, err = r.result(); err == nil {
			end.Bytes, err = r.finish()
		}
		if err != nil {
			end.State, end.Cause = rpc.TaskState_FAILED, err.Error()
		}
	case errors.Is(err, errCanceled) || r.w.ctx.Err() != nil:
		end.State = rpc.TaskState_CANCELED
	default:
		end.State, end.Cause, end.Lost = rpc.TaskState_FAILED, err.Error(), r.w.lost(err)
	}
	if end.State != rpc.TaskState_FINISHED {
		r.abort()
	}
	r.w.mu.Lock()
	if key := (taskKey{r.attempt.Vertex, r.attempt.Subtask}); r.w.tasks[key] == r {
		delete(r.w.tasks, key)
	}
	r.w.mu.Unlock()
	r.w.report(end)
}

// release frees the producers that the attempt has read from.
func (r *running) release() {
	for _, in := range r.inputs {
		in.Close()
	}
	r.w.local.forget(r.local)
}

// abort drops what the attempt has written.
func (r *running) abort() {
	for _, o := range r.outputs {
		o.Abort()
	}
	for _, c := range r.collectors {
		c.abort()
	}
}

func (r *running) collect(digest string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.collected = digest
}

// fail ends the attempt because of what happened elsewhere.
func (r *running) fail(err error) { r.cancel(err) }

// reported is what a sink has told its coordinator at the barrier of a checkpoint.
type reported struct {
	checkpoint int64
	node       int
	value      []byte
}

// keepReport keeps what a sink has told its coordinator until the checkpoint is complete: should the task end before, it is for the
// commit vertex.
func (r *running) keepReport(node int, checkpoint int64, value []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reported = append(slices.DeleteFunc(r.reported, func(x reported) bool { return r.w.checkpts.counts(x.checkpoint) }),
		reported{checkpoint, node, value})
}

// keep keeps what a sink has prepared for the commit vertex.
func (r *running) keep(node int, value []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keepLocked(node, value)
}

func (r *running) keepLocked(node int, value []byte) {
	for _, o := range r.prepared.Operators {
		if int(o.Node) == node {
			o.Values = append(o.Values, value)
			return
		}
	}
	r.prepared.Operators = append(r.prepared.Operators, &rpc.PreparedOperator{Node: int32(node), Values: [][]byte{value}})
}

// take keeps what a source was given by its coordinator.
func (r *running) take(node int, ids []uint64) {
	if len(ids) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.prepared.Taken {
		if int(t.Node) == node {
			t.Ids = append(t.Ids, ids...)
			return
		}
	}
	r.prepared.Taken = append(r.prepared.Taken, &rpc.Taken{Node: int32(node), Ids: ids})
}

func (r *running) result() ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.collected != "" {
		return []byte(r.collected), nil
	}
	for _, x := range r.reported {
		if !r.w.checkpts.counts(x.checkpoint) {
			r.keepLocked(x.node, x.value)
		}
	}
	if len(r.prepared.Operators)+len(r.prepared.Taken) == 0 {
		return nil, nil
	}
	return proto.Marshal(&r.prepared)
}

func (w *worker) report(t *rpc.TaskReport) {
	w.out.add(func(r *rpc.Report) { r.Tasks = append(r.Tasks, t) })
}

// lost names the first producer that must run again because of err. It is nil if err is nobody else's, and has vertex -1 if another
// worker could not be reached for something else than its rows.
func (w *worker) lost(err error) *rpc.Producer {
	var producers []wire.Task
	var rows *network.LostError
	var output *blocking.LostError
	switch {
	case errors.As(err, &rows):
		producers = rows.Producers
	case errors.As(err, &output):
		producers = output.Producers
	case !errors.Is(err, errEpochOver):
		return nil
	}
	for _, p := range producers {
		for i := range w.job.Vertices {
			if w.job.Vertices[i].ID == p.Vertex {
				return &rpc.Producer{Vertex: int32(i), Subtask: int32(p.Subtask), Generation: w.start.Generation, Attempt: int32(p.Attempt)}
			}
		}
	}
	return &rpc.Producer{Vertex: -1}
}
