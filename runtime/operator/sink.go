package operator

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

// writeBehind is the number of batches that wait for a sink's writer.
const writeBehind = 4

// rollInterval is how often a writer on a stream is asked for parts that are old enough.
const rollInterval = time.Second

// SinkWriter writes to a sink.Sink. A goroutine of its own calls the writer, which may block; while it has enough to do
// the operator takes no input. What the writer has to commit goes to the CommitCoordinator: at the end of the input, and
// on a stream whenever a part is finished.
type SinkWriter struct {
	Base
	Sink sink.Sink

	ctx     *Context
	cancel  context.CancelFunc
	batches chan written
	done    chan struct{}
	queued  int  // batches that the writer has not written
	ended   bool // the writer has flushed and closed
	ending  bool // the input has ended
}

// written is a batch for the writer, or a barrier: it is told when all before it is durable and reported.
type written struct {
	batch      *column.Batch
	checkpoint uint64
	reported   chan error
}

// Open implements Operator.
func (s *SinkWriter) Open(ctx *Context) error {
	s.ctx = ctx
	w, err := s.Sink.NewWriter(ctx, sink.Env{JobID: ctx.JobID, JobName: ctx.JobName, Subtask: ctx.Subtask, Parallelism: ctx.Parallelism,
		Attempt: ctx.Attempt, Restored: ctx.Restored, Logger: ctx.Logger, Counters: ctx.Metrics, Ask: ctx.Ask})
	if err != nil {
		return err
	}
	s.batches, s.done = make(chan written, writeBehind+1), make(chan struct{})
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
		if b.batch != nil {
			b.batch.Release()
		} else {
			b.reported <- errWriterEnded
		}
	}
}

var errWriterEnded = errors.New("the writer of the sink has ended")

func (s *SinkWriter) writeAll(ctx context.Context, w sink.Writer) error {
	roller, _ := w.(sink.Roller)
	var due chan struct{}
	if roller != nil && s.ctx.Mode == Streaming {
		due = make(chan struct{}, 1)
		stop := every(s.ctx.Clock, rollInterval, due)
		defer stop()
	}
	var waiting []sink.Committable // for the next checkpoint
	for {
		select {
		case b, ok := <-s.batches:
			switch {
			case !ok:
				return s.finish(ctx, w, waiting)
			case b.batch == nil:
				err := s.checkpoint(ctx, w, waiting, b)
				if b.reported <- err; err != nil {
					return err
				}
				waiting = nil
				continue
			}
			err := w.Write(ctx, b.batch)
			b.batch.Release()
			if err != nil {
				return err
			}
			s.ctx.Post(s.wrote)
		case <-due:
		case <-ctx.Done():
			return nil
		}
		if due != nil {
			cs, err := roller.Roll(ctx)
			if err != nil {
				return err
			}
			if s.ctx.States.On {
				waiting = append(waiting, cs...)
				continue
			}
			if err := s.report(ctx, CommitNow, cs); err != nil {
				return err
			}
		}
	}
}

// every puts a token into due each interval, unless there is one, until it is stopped.
func every(c clock.Clock, interval time.Duration, due chan<- struct{}) (stop func()) {
	var mu sync.Mutex
	stopped, cancel := false, func() {}
	var arm func()
	arm = func() {
		mu.Lock()
		defer mu.Unlock()
		if !stopped {
			cancel = c.AfterFunc(interval, func() {
				select {
				case due <- struct{}{}:
				default:
				}
				arm()
			})
		}
	}
	arm()
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		cancel()
	}
}

// checkpoint makes what was written before a barrier durable, and reports what there is to commit to the coordinator, which
// waits for each sub-task.
func (s *SinkWriter) checkpoint(ctx context.Context, w sink.Writer, waiting []sink.Committable, b written) error {
	cs, err := w.Flush(ctx, false)
	if err != nil {
		return err
	}
	if _, commits := s.Sink.(sink.TwoPhase); !commits {
		return nil
	}
	request := binary.AppendUvarint([]byte{CommitAtCheckpoint}, b.checkpoint)
	_, err = s.ctx.Ask(ctx, append(request, encodeCommittables(append(waiting, cs...))...))
	return err
}

// Barrier implements BarrierListener.
func (s *SinkWriter) Barrier(checkpoint uint64) (then func(ctx context.Context) error, err error) {
	if s.ending {
		return nil, nil
	}
	b := written{checkpoint: checkpoint, reported: make(chan error, 1)}
	s.batches <- b
	return func(ctx context.Context) error {
		select {
		case err := <-b.reported:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}, nil
}

// wrote notes that a batch is out and so wakes an operator that waits for room.
func (s *SinkWriter) wrote() (bool, error) {
	s.queued--
	return false, nil
}

func (s *SinkWriter) finish(ctx context.Context, w sink.Writer, waiting []sink.Committable) error {
	if ctx.Err() != nil {
		return nil
	}
	cs, err := w.Flush(ctx, true)
	if err != nil {
		return err
	}
	return s.report(ctx, CommitAtEnd, append(waiting, cs...))
}

// report sends committables to the coordinator.
func (s *SinkWriter) report(ctx context.Context, when byte, cs []sink.Committable) error {
	if len(cs) == 0 {
		return nil
	}
	_, err := s.ctx.Ask(ctx, append([]byte{when}, encodeCommittables(cs)...))
	return err
}

// Process implements Operator.
func (s *SinkWriter) Process(_ int, b *column.Batch) (bool, error) {
	s.queued++
	s.batches <- written{batch: b}
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
