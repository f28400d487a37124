package operator

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

// writeBehind is the number of batches that wait for a sink's writer.
const writeBehind = 4

// SinkWriter writes to a sink.Sink. A goroutine of its own calls the writer, which may block; while it has enough to do
// the operator takes no input. At the end of the input what the writer has to commit goes to the CommitCoordinator.
type SinkWriter struct {
	Base
	Sink sink.Sink

	ctx     *Context
	cancel  context.CancelFunc
	batches chan *column.Batch
	done    chan struct{}
	queued  int  // batches that the writer has not written
	ended   bool // the writer has flushed and closed
	ending  bool // the input has ended
}

// Open implements Operator.
func (s *SinkWriter) Open(ctx *Context) error {
	s.ctx = ctx
	w, err := s.Sink.NewWriter(ctx, sink.Env{JobID: ctx.JobID, Subtask: ctx.Subtask, Parallelism: ctx.Parallelism,
		Attempt: ctx.Attempt, Logger: ctx.Logger})
	if err != nil {
		return err
	}
	s.batches, s.done = make(chan *column.Batch, writeBehind), make(chan struct{})
	var helper context.Context
	helper, s.cancel = context.WithCancel(ctx)
	go s.write(helper, w)
	return nil
}

func (s *SinkWriter) write(ctx context.Context, w sink.Writer) {
	defer close(s.done)
	err := guarded("sink writer", func() error { return s.writeAll(ctx, w) })
	if e := guarded("sink writer", w.Close); err == nil {
		err = e
	}
	s.ctx.Post(func() (bool, error) {
		s.ended = true
		return false, err
	})
	for b := range s.batches {
		b.Release()
	}
}

func (s *SinkWriter) writeAll(ctx context.Context, w sink.Writer) error {
	for {
		select {
		case b, ok := <-s.batches:
			if !ok {
				return s.finish(ctx, w)
			}
			err := w.Write(ctx, b)
			b.Release()
			if err != nil {
				return err
			}
			s.ctx.Post(s.written)
		case <-ctx.Done():
			return nil
		}
	}
}

// written notes that a batch is out and so wakes an operator that waits for room.
func (s *SinkWriter) written() (bool, error) {
	s.queued--
	return false, nil
}

func (s *SinkWriter) finish(ctx context.Context, w sink.Writer) error {
	if ctx.Err() != nil {
		return nil
	}
	cs, err := w.Flush(ctx, true)
	if err != nil || len(cs) == 0 {
		return err
	}
	_, err = s.ctx.Ask(ctx, encodeCommittables(cs))
	return err
}

// Process implements Operator.
func (s *SinkWriter) Process(_ int, b *column.Batch) (bool, error) {
	s.queued++
	s.batches <- b
	return s.Resume()
}

// Resume implements Operator: more while the writer has its hands full.
func (s *SinkWriter) Resume() (bool, error) {
	if s.ending {
		if !s.ended {
			s.ctx.Pause()
		}
		return !s.ended, nil
	}
	if s.queued >= writeBehind {
		s.ctx.Pause()
		return true, nil
	}
	return false, nil
}

// EndInput implements Operator: the end waits for the writer's.
func (s *SinkWriter) EndInput(int) (bool, error) {
	s.ending = true
	close(s.batches)
	return s.Resume()
}

// Close implements Operator.
func (s *SinkWriter) Close() error {
	if s.cancel == nil {
		return nil
	}
	s.cancel()
	if !s.ending {
		s.ending = true
		close(s.batches)
	}
	<-s.done
	return nil
}

// CommitCoordinator collects what the sub-tasks of a sink have to commit and commits it when the job has finished.
type CommitCoordinator struct {
	Sink sink.TwoPhase

	mu        sync.Mutex
	collected []sink.Committable
}

// Start implements Coordinator.
func (c *CommitCoordinator) Start(context.Context, int) error { return nil }

// Handle implements Coordinator.
func (c *CommitCoordinator) Handle(_ context.Context, _ int, request []byte) ([]byte, error) {
	cs, err := decodeCommittables(request)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.collected = append(c.collected, cs...)
	return nil, nil
}

// Finish implements Coordinator.
func (c *CommitCoordinator) Finish(ctx context.Context) error {
	return c.with(ctx, sink.Committer.Commit)
}

// Abort implements Coordinator.
func (c *CommitCoordinator) Abort(ctx context.Context) error {
	return c.with(ctx, sink.Committer.Abort)
}

func (c *CommitCoordinator) with(ctx context.Context, do func(sink.Committer, context.Context, []sink.Committable) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.collected) == 0 {
		return nil
	}
	committer, err := c.Sink.NewCommitter(ctx)
	if err != nil {
		return err
	}
	err = do(committer, ctx, c.collected)
	if e := committer.Close(); err == nil {
		err = e
	}
	return err
}

// Close implements Coordinator.
func (c *CommitCoordinator) Close() error { return nil }

func encodeCommittables(cs []sink.Committable) []byte {
	var b []byte
	for _, c := range cs {
		b = binary.AppendUvarint(b, uint64(len(c)))
		b = append(b, c...)
	}
	return b
}

func decodeCommittables(b []byte) (cs []sink.Committable, err error) {
	for len(b) > 0 {
		n, k := binary.Uvarint(b)
		if k <= 0 || uint64(len(b)-k) < n {
			return nil, fmt.Errorf("committables of %d bytes cannot be read", len(b))
		}
		cs = append(cs, sink.Committable(b[k:k+int(n)]))
		b = b[k+int(n):]
	}
	return cs, nil
}
