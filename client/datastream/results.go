package datastream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/worker"
	"github.com/leatproject/leat/storage/connector/collect"
)

// collecting is a node whose rows main() gets.
type collecting struct {
	*node
	// remote is its operator in a worker; err says why rows cannot travel.
	remote func(operator.Mode) operator.Operator
	err    error
	// deliver hands the rows of a block to main(). It may block until ctx ends.
	deliver func(ctx context.Context, block []byte) error
}

// collectInto ends a stream in deliver, by one sub-task: directly in this process, or by blocks that come from a cluster.
func collectInto[T any](s *Stream[T], deliver func(ctx context.Context, rows []T) error) {
	n := s.WriteTo(collect.NewSink(deliver), "Collect").node
	n.fixed, n.Parallelism, n.Collects, n.Chaining = 1, 1, true, graph.ChainNever
	remote, err := collect.NewRemote[T]()
	n.collects = &collecting{node: n, err: err,
		remote: func(operator.Mode) operator.Operator { return &operator.SinkWriter{Sink: remote} },
		deliver: func(ctx context.Context, block []byte) error {
			rows, err := remote.Decode(block)
			if err != nil {
				return err
			}
			return deliver(ctx, rows)
		}}
}

// collectors are the nodes of the job that hand rows to main().
func (x *execution) collectors() (all []*collecting) {
	for _, n := range x.nodes {
		if n.collects != nil {
			all = append(all, n.collects)
		}
	}
	return all
}

// inlineRows is how many bytes of collected rows a submission may carry itself.
const inlineRows = 64 << 10

// fetch delivers what a bounded job has collected.
func (x *execution) fetch(ctx context.Context, client *rest.Client, e *rpc.Executed) error {
	for _, c := range x.collectors() {
		kept := e.Kept(c.ID)
		if kept == nil {
			return fmt.Errorf("what %s has collected is not there", c.Name)
		}
		var frames []byte
		err := client.Blob(ctx, kept.Digest, func(size int64, blob *rest.BlobReader) error {
			return collect.ReadFrames(blob, func(block []byte) error {
				if size <= inlineRows {
					frames = collect.AppendFrame(frames, block)
				}
				return c.deliver(ctx, block)
			})
		})
		if err != nil {
			return fmt.Errorf("fetching what was collected: %w", err)
		}
		kept.Rows = frames
	}
	return nil
}

// replay delivers what an earlier Execute has collected, in a worker.
func (x *execution) replay(w *worker.Process, e *rpc.Executed) error {
	for _, c := range x.collectors() {
		kept := e.Kept(c.ID)
		if kept == nil {
			return fmt.Errorf("job %q (%s): its collected rows are not known here: only those of bounded jobs that have run on the cluster can be used by a later job", e.Name, e.Job)
		}
		deliver := func(block []byte) error { return c.deliver(context.Background(), block) }
		if len(kept.Rows) > 0 {
			if _, err := collect.Frames(kept.Rows, deliver); err != nil {
				return err
			}
			continue
		}
		if err := replayFile(w, kept.Digest, deliver); err != nil {
			return fmt.Errorf("job %q (%s): fetching what it has collected: %w", e.Name, e.Job, err)
		}
	}
	return nil
}

func replayFile(w *worker.Process, digest string, deliver func([]byte) error) error {
	path, err := w.Fetch(digest)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(collect.ReadFrames(f, deliver), f.Close())
}

// readWait is how long the cluster is asked to wait for more rows, readPause how long to wait where nobody can be asked.
const readWait, readPause = 5 * time.Second, 100 * time.Millisecond

// follow delivers what a job without end collects, as it comes, until ctx ends. Rows that were read are dropped by the cluster;
// it holds the job up while too many were not.
func (x *execution) follow(ctx context.Context, client *rest.Client, c *collecting) error {
	name := fmt.Sprint(worker.CollectedPrefix, c.ID)
	var next int64
	var rest []byte
	for begun := false; ; {
		parts, err := client.Output(ctx, x.jobID, name, "", next, readWait)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("reading what the job collects: %w", err)
		case len(parts) == 0 || len(parts[0].Data) == 0:
			select {
			case <-time.After(readPause):
			case <-ctx.Done():
			}
			continue
		case begun && parts[0].Offset != next:
			return errors.New("the job was restarted while its rows were read, and its rows would come again: run it without restarts (restart-strategy.type: none), or write to a sink")
		}
		begun, next = true, parts[0].Next
		if rest, err = collect.Frames(append(rest, parts[0].Data...), func(block []byte) error { return c.deliver(ctx, block) }); err != nil {
			return err
		}
		rest = append([]byte(nil), rest...)
	}
}
