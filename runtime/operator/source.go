package operator

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/source"
)

// fetchAhead is the number of batches that a source reads before its task asks for them.
const fetchAhead = 4

// Source reads a source.Source. A goroutine of its own asks the coordinator for splits and calls the reader, which may
// block; the task takes the batches from a short queue. A bounded source reads one split after another; an unbounded
// one reads all of its splits at once, each with a goroutine and a reader of its own.
type Source[T any] struct {
	Base
	Source source.Source
	// Watermarks makes timestamps and watermarks per split; nil for none.
	Watermarks *WatermarkStrategy[T]

	ctx     *Context
	out     *Output
	fetched chan fetched
	cancel  context.CancelFunc
	helpers sync.WaitGroup
	pool    *column.Pool
	marks   *watermarks[T]
}

// fetched is a batch of a split, or the end of it, or of all, or an error.
type fetched struct {
	split string
	batch *column.Batch
	begin bool // split begins
	end   bool // split has ended
	all   bool // no more splits
	err   error
}

// Open implements Operator.
func (s *Source[T]) Open(ctx *Context) error {
	s.ctx, s.out = ctx, ctx.Output(0)
	s.pool = column.NewPool[T]()
	s.fetched = make(chan fetched, fetchAhead)
	s.marks = newWatermarks(s.Watermarks, ctx, s.out)
	var helper context.Context
	helper, s.cancel = context.WithCancel(ctx)
	s.helpers.Add(1)
	go func() {
		defer s.helpers.Done()
		if err := s.read(helper); err != nil {
			s.hand(helper, fetched{err: err})
			return
		}
		s.hand(helper, fetched{all: true})
	}()
	return nil
}

// read reads all splits that the coordinator gives to this sub-task.
func (s *Source[T]) read(ctx context.Context) error {
	env := source.Env{Subtask: s.ctx.Subtask, Parallelism: s.ctx.Parallelism, Logger: s.ctx.Logger, Counters: s.ctx.Metrics}
	if s.Source.Boundedness() == source.Bounded {
		reader, err := s.Source.NewReader(ctx, env)
		if err != nil {
			return err
		}
		err = s.splits(ctx, func(split source.Split) error { return s.readSplit(ctx, reader, split) })
		return errors.Join(err, reader.Close())
	}
	var group sync.WaitGroup
	defer group.Wait()
	return s.splits(ctx, func(split source.Split) error {
		group.Add(1)
		go func() {
			defer group.Done()
			reader, err := s.Source.NewReader(ctx, env)
			if err == nil {
				err = errors.Join(s.readSplit(ctx, reader, split), reader.Close())
			}
			if err != nil {
				s.hand(ctx, fetched{err: err})
			}
		}()
		return nil
	})
}

// splits calls do for each split until there are no more.
func (s *Source[T]) splits(ctx context.Context, do func(source.Split) error) error {
	for {
		reply, err := s.ctx.Ask(ctx, nil)
		if err != nil {
			return err
		}
		if len(reply) == 0 {
			return nil
		}
		split, err := decodeSplit(reply)
		if err != nil {
			return err
		}
		if err := do(split); err != nil {
			return err
		}
	}
}

func (s *Source[T]) readSplit(ctx context.Context, r source.Reader, split source.Split) error {
	s.hand(ctx, fetched{split: split.ID, begin: true})
	if err := r.Open(ctx, split); err != nil {
		return err
	}
	for {
		b := s.pool.Get()
		_, err := r.Fetch(ctx, b)
		end := errors.Is(err, source.ErrDone)
		if err != nil && !end {
			b.Release()
			return err
		}
		if !s.hand(ctx, fetched{split: split.ID, batch: b, end: end}) {
			return context.Cause(ctx)
		}
		if end {
			return nil
		}
	}
}

// hand gives f to the task; false says that the task has ended.
func (s *Source[T]) hand(ctx context.Context, f fetched) bool {
	select {
	case s.fetched <- f:
		s.ctx.Wake()
		return true
	case <-ctx.Done():
		if f.batch != nil {
			f.batch.Release()
		}
		return false
	}
}

// EmitsWatermarks implements WatermarkSource.
func (s *Source[T]) EmitsWatermarks() {}

// Process implements Operator; a source has no input.
func (s *Source[T]) Process(int, *column.Batch) (bool, error) { return false, nil }

// Poll implements SourceOperator.
func (s *Source[T]) Poll() (Availability, error) {
	select {
	case f := <-s.fetched:
		switch {
		case f.err != nil:
			return Ready, f.err
		case f.all:
			return Ended, nil
		case f.begin:
			s.marks.begin(f.split)
			return Ready, nil
		}
		if f.batch.Len() > 0 {
			if err := s.marks.batch(f.split, f.batch); err != nil {
				return Ready, err
			}
		} else {
			f.batch.Release()
		}
		if f.end {
			s.marks.end(f.split)
		}
		return Ready, nil
	default:
		return Waiting, nil
	}
}

// Tick implements Operator.
func (s *Source[T]) Tick(now int64) (bool, error) {
	s.marks.tick(now)
	return false, nil
}

// Close implements Operator.
func (s *Source[T]) Close() error {
	if s.cancel == nil {
		return nil
	}
	s.cancel()
	done := make(chan struct{})
	go func() { s.helpers.Wait(); close(done) }()
	for {
		select {
		case f := <-s.fetched:
			if f.batch != nil {
				f.batch.Release()
			}
		case <-done:
			return nil
		}
	}
}

// SplitCoordinator runs a source's enumerator and gives splits to the sub-tasks that ask: an empty request is answered
// by a split, or by nothing when there are no more.
type SplitCoordinator struct {
	Source source.Source

	enumerator source.Enumerator
	cancel     context.CancelFunc
	done       chan struct{}

	mu      sync.Mutex
	shared  []source.Split
	own     map[int][]source.Split
	changed chan struct{} // closed and made anew when splits came or all are known
	all     bool
	err     error
}

// Start implements Coordinator.
func (c *SplitCoordinator) Start(ctx context.Context, parallelism int) error {
	e, err := c.Source.NewEnumerator(ctx, parallelism)
	if err != nil {
		return err
	}
	c.enumerator, c.own = e, map[int][]source.Split{}
	c.changed, c.done = make(chan struct{}), make(chan struct{})
	ctx, c.cancel = context.WithCancel(ctx)
	go c.discover(ctx, parallelism)
	return nil
}

func (c *SplitCoordinator) discover(ctx context.Context, parallelism int) {
	defer close(c.done)
	assigner, _ := c.enumerator.(source.Assigner)
	for {
		splits, err := c.enumerator.Next(ctx)
		c.mu.Lock()
		for _, s := range splits {
			if assigner == nil {
				c.shared = append(c.shared, s)
				continue
			}
			r := assigner.Assign(s, parallelism)
			c.own[r] = append(c.own[r], s)
		}
		if errors.Is(err, source.ErrDone) {
			c.all = true
		} else if err != nil {
			c.err = err
		}
		close(c.changed)
		c.changed = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Handle implements Coordinator.
func (c *SplitCoordinator) Handle(ctx context.Context, subtask int, _ []byte) ([]byte, error) {
	for {
		c.mu.Lock()
		changed := c.changed
		if own := c.own[subtask]; len(own) > 0 {
			c.own[subtask] = own[1:]
			c.mu.Unlock()
			return encodeSplit(own[0]), nil
		}
		if len(c.shared) > 0 {
			s := c.shared[0]
			c.shared = c.shared[1:]
			c.mu.Unlock()
			return encodeSplit(s), nil
		}
		all, err := c.all, c.err
		c.mu.Unlock()
		if err != nil || all {
			return nil, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Finish implements Coordinator.
func (c *SplitCoordinator) Finish(context.Context) error { return nil }

// Abort implements Coordinator.
func (c *SplitCoordinator) Abort(context.Context) error { return nil }

// Close implements Coordinator.
func (c *SplitCoordinator) Close() error {
	if c.cancel == nil {
		return nil
	}
	c.cancel()
	<-c.done
	return c.enumerator.Close()
}

func encodeSplit(s source.Split) []byte {
	b := binary.AppendUvarint(nil, uint64(len(s.ID)))
	b = append(b, s.ID...)
	b = binary.AppendUvarint(b, uint64(len(s.Host)))
	b = append(b, s.Host...)
	return append(b, s.Data...)
}

func decodeSplit(b []byte) (s source.Split, err error) {
	for _, f := range []*string{&s.ID, &s.Host} {
		n, k := binary.Uvarint(b)
		if k <= 0 || uint64(len(b)-k) < n {
			return s, fmt.Errorf("split of %d bytes cannot be read", len(b))
		}
		*f, b = string(b[k:k+int(n)]), b[k+int(n):]
	}
	s.Data = b
	return s, nil
}
