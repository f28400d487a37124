package worker

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/rpc"
)

// commit is the body of a commit vertex: it gives what the sinks have prepared to their coordinators and has them commit it.
// Committing again what is committed is no error, so it may run twice.
func (w *worker) commit(ctx context.Context, d *rpc.Deployment) error {
	byNode := map[int32]operator.Coordinator{}
	var order []int32
	for _, r := range d.Results {
		var p rpc.Prepared
		if err := proto.Unmarshal(r.Value, &p); err != nil {
			return fmt.Errorf("result of sub-task %d of vertex %d: %w", r.Subtask, r.Vertex, err)
		}
		for _, o := range p.Operators {
			c := byNode[o.Node]
			if c == nil {
				if c = w.program.Coordinator(int(o.Node)); c == nil {
					return fmt.Errorf("operator %d has prepared something to commit and has no coordinator", o.Node)
				}
				byNode[o.Node], order = c, append(order, o.Node)
			}
			for _, v := range o.Values {
				if _, err := c.Handle(ctx, int(r.Subtask), v); err != nil {
					return err
				}
			}
		}
	}
	for _, node := range order {
		err := byNode[node].Finish(ctx)
		if e := byNode[node].Close(); err == nil {
			err = e
		}
		if err != nil {
			return fmt.Errorf("%s: commit: %w", w.job.Node(int(node)).Name, err)
		}
	}
	return nil
}
