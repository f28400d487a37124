package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/rpc"
)

// cleaner is a coordinator of sinks that can remove whatever the attempts of a job have left behind.
type cleaner interface {
	Clean(ctx context.Context, job string) error
}

// commit is the body of a commit vertex: it gives what the sinks have prepared to their coordinators and has them commit it, or
// remove it when the job has failed or was cancelled. Committing again what is committed is no error, so it may run twice.
func (w *worker) commit(ctx context.Context, o *rpc.Order, d *rpc.Deployment) (err error) {
	sinks := w.sinks()
	defer func() {
		for _, c := range sinks {
			err = errors.Join(err, c.Close())
		}
	}()
	if c := d.Checkpointing; c != nil {
		if err := w.settle(ctx, sinks, c); err != nil {
			return err
		}
	}
	for _, r := range d.Results {
		if err := w.hand(ctx, sinks, r); err != nil {
			return err
		}
	}
	clean := d.Abort || repeated(o, d) || d.Checkpointing.GetAgain()
	for _, node := range slices.Sorted(maps.Keys(sinks)) {
		c := sinks[node]
		end, what := c.Finish, "commit"
		if d.Abort {
			end, what = c.Abort, "abort"
		}
		err := end(ctx)
		if x, ok := c.(cleaner); ok && err == nil && clean {
			err = x.Clean(ctx, w.start.Job)
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %w", w.job.Node(int(node)).Name, what, err)
		}
	}
	return nil
}

// settle commits what the newest checkpoint has decided on, should that not have been done.
func (w *worker) settle(ctx context.Context, sinks map[int32]operator.Coordinator, c *rpc.Checkpointing) error {
	_, states, err := w.checkpts.restoreOf(c.Restore).read(ctx)
	if err != nil {
		return err
	}
	for _, node := range slices.Sorted(maps.Keys(sinks)) {
		state := states[w.job.OperatorID(int(node))]
		cc, ok := sinks[node].(operator.CheckpointedCoordinator)
		if !ok || len(state) == 0 {
			continue
		}
		if err = cc.Restore(state); err == nil {
			err = cc.Start(ctx, 1)
		}
		if err != nil {
			return fmt.Errorf("%s: commit checkpoint %d: %w", w.job.Node(int(node)).Name, c.Restored, err)
		}
	}
	return nil
}

// sinks makes the coordinators of the job's sinks that have any.
func (w *worker) sinks() map[int32]operator.Coordinator {
	all := map[int32]operator.Coordinator{}
	for i := range w.job.Vertices {
		for _, id := range w.job.Vertices[i].Nodes {
			if w.job.Node(id).Kind != graph.Sink {
				continue
			}
			if c := w.program.Coordinator(id); c != nil {
				all[int32(id)] = c
			}
		}
	}
	return all
}

// hand gives the result of a sub-task to the coordinators of its sinks.
func (w *worker) hand(ctx context.Context, sinks map[int32]operator.Coordinator, r *rpc.Result) error {
	var p rpc.Prepared
	if err := proto.Unmarshal(r.Value, &p); err != nil {
		return fmt.Errorf("result of sub-task %d of vertex %d: %w", r.Subtask, r.Vertex, err)
	}
	for _, o := range p.Operators {
		c := sinks[o.Node]
		if c == nil {
			return fmt.Errorf("operator %d has prepared something to commit and has no coordinator", o.Node)
		}
		for _, v := range o.Values {
			if _, err := c.Handle(ctx, int(r.Subtask), v); err != nil {
				return err
			}
		}
	}
	return nil
}

// repeated tells whether a sub-task of a sink has had more than one attempt.
func repeated(o *rpc.Order, d *rpc.Deployment) bool {
	for _, i := range d.Inputs {
		for _, n := range o.Peers[i].Attempts {
			if n > 0 {
				return true
			}
		}
	}
	return false
}
