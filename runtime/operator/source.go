package operator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/source"
)

// fetchAhead is the number of batches that a source reads before its task asks for them.
const fetchAhead = 4

// MalformedPort is the output of a Source on which the records come that could not be read, as MalformedRecord.
const MalformedPort = 1

// MalformedRecord is a record that could not be read, where the source's policy is to go on.
type MalformedRecord struct {
	// Raw is the record as it was found.
	Raw []byte
	// Cause says where it was and what is wrong with it.
	Cause string
}

// Source reads source.Sources, one after another. A goroutine of its own asks the coordinator for splits and calls the
// reader, which may block; the task takes the batches from a short queue. A bounded source reads one split after another;
// an unbounded one reads all of its splits at once, each with a goroutine and a reader of its own.
type Source[T any] struct {
	Base
	// Sources are read in order; all but the last are bounded. One begins when all sub-tasks have read the one before it.
	Sources []source.Source
	// Watermarks makes timestamps and watermarks per split; nil for none.
	Watermarks *WatermarkStrategy[T]

	ctx       *Context
	out       *Output
	fetched   chan fetched[T]
	cancel    context.CancelFunc
	helpers   sync.WaitGroup
	pool      *column.Pool
	marks     *watermarks[T]
	aligner   *aligner
	malformed *Collector[MalformedRecord]
	restored  [][]source.Split // by source
	reading   []openSplit[T]
	begun     []uint64 // by source, the splits of the coordinator that have begun
}

// openSplit is a split that is being read, as it is after what has been emitted of it.
type openSplit[T any] struct {
	marks    *splitMarks[T]
	number   int
	position source.Split
}

// fetched is a batch of a split, or the end of it, or of all, or an error.
type fetched[T any] struct {
	split     *splitMarks[T]
	number    int          // of its source
	position  source.Split // after the batch
	given     bool         // by the coordinator; set with begin
	batch     *column.Batch
	malformed []MalformedRecord
	begin     bool // split begins
	end       bool // split has ended
	all       bool // no more splits
	err       error
}

// Open implements Operator.
func (s *Source[T]) Open(ctx *Context) error {
	s.ctx, s.out = ctx, ctx.Output(0)
	s.pool = column.NewPool[T]()
	s.fetched = make(chan fetched[T], fetchAhead)
	s.marks = newWatermarks(s.Watermarks, ctx, s.out)
	s.marks.lasting = slices.ContainsFunc(s.Sources, func(src source.Source) bool { return src.Boundedness() == source.Unbounded })
	s.malformed = NewCollector[MalformedRecord](ctx.Output(MalformedPort))
	if s.Watermarks != nil {
		s.aligner = newAligner(ctx, s.Watermarks.Alignment)
	}
	if err := s.restore(); err != nil {
		return err
	}
	var helper context.Context
	helper, s.cancel = context.WithCancel(ctx)
	s.helper(helper, func() error {
		if err := s.read(helper); err != nil {
			return err
		}
		s.hand(helper, fetched[T]{all: true})
		return nil
	})
	if s.aligner != nil {
		s.helper(helper, func() error { return s.aligner.run(helper, s.marks.allow) })
	}
	return nil
}

// helper runs f on a goroutine that ends before the operator does.
func (s *Source[T]) helper(ctx context.Context, f func() error) {
	s.helpers.Go(func() { s.run(ctx, f) })
}

// run runs f; its error, which is with the task when run returns, fails the task.
func (s *Source[T]) run(ctx context.Context, f func() error) {
	if err := guarded("source reader", f); err != nil {
		s.hand(ctx, fetched[T]{err: err})
	}
}

// read reads all splits that the coordinator gives to this sub-task.
func (s *Source[T]) read(ctx context.Context) error {
	for number, src := range s.Sources {
		read := s.readBounded
		if src.Boundedness() == source.Unbounded {
			read = s.readUnbounded
		}
		if err := read(ctx, src, number); err != nil {
			return err
		}
	}
	if s.aligner != nil {
		_, err := s.ctx.Ask(ctx, []byte{requestLeave})
		return err
	}
	return nil
}

func (s *Source[T]) readBounded(ctx context.Context, src source.Source, number int) (err error) {
	var r reading[T]
	if err := r.open(ctx, s.ctx, src); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return s.splits(ctx, number, func(split source.Split, given bool) error { return s.readSplit(ctx, &r, number, split, given) })
}

func (s *Source[T]) readUnbounded(ctx context.Context, src source.Source, number int) error {
	var group sync.WaitGroup
	defer group.Wait()
	return s.splits(ctx, number, func(split source.Split, given bool) error {
		group.Go(func() {
			s.run(ctx, func() (err error) {
				var r reading[T]
				if err := r.open(ctx, s.ctx, src); err != nil {
					return err
				}
				defer func() { err = errors.Join(err, r.Close()) }()
				return s.readSplit(ctx, &r, number, split, given)
			})
		})
		return nil
	})
}

// reading is a reader and the malformed records that it has met.
type reading[T any] struct {
	source.Reader
	malformed []MalformedRecord
}

func (r *reading[T]) open(ctx context.Context, op *Context, src source.Source) (err error) {
	r.Reader, err = src.NewReader(ctx, source.Env{Subtask: op.Subtask, Parallelism: op.Parallelism, Logger: op.Logger, Counters: op.Metrics,
		Malformed: func(raw []byte, cause error) {
			r.malformed = append(r.malformed, MalformedRecord{raw, cause.Error()})
		}})
	return err
}

// splits calls do for each split of a source until there are no more: those that a restart has left first, then those that the
// coordinator gives.
func (s *Source[T]) splits(ctx context.Context, number int, do func(split source.Split, given bool) error) error {
	for _, split := range s.restored[number] {
		if err := do(split, false); err != nil {
			return err
		}
	}
	for {
		reply, err := s.ctx.Ask(ctx, splitRequest(number))
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
		if err := do(split, true); err != nil {
			return err
		}
	}
}

func (s *Source[T]) readSplit(ctx context.Context, r *reading[T], number int, split source.Split, given bool) error {
	marks := &splitMarks[T]{id: split.ID}
	if !s.hand(ctx, fetched[T]{split: marks, number: number, position: split, given: given, begin: true}) {
		return context.Cause(ctx)
	}
	if err := r.Open(ctx, split); err != nil {
		return err
	}
	for {
		marks.gate.wait(ctx.Done())
		b := s.pool.Get()
		position, err := r.Fetch(ctx, b)
		end := errors.Is(err, source.ErrDone)
		if err != nil && !end {
			b.Release()
			return err
		}
		f := fetched[T]{split: marks, position: position, batch: b, malformed: r.malformed, end: end}
		r.malformed = nil
		if !s.hand(ctx, f) {
			return context.Cause(ctx)
		}
		if end {
			return nil
		}
	}
}

// hand gives f to the task; false says that the task has ended.
func (s *Source[T]) hand(ctx context.Context, f fetched[T]) bool {
	if f.split != nil {
		f.split.pending.Add(1)
	}
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
func (s *Source[T]) Process(int, *column.Batch) (bool, error) {
	return false, fmt.Errorf("source %q has no input", s.ctx.Name)
}

// Poll implements SourceOperator.
func (s *Source[T]) Poll() (Availability, error) {
	var f fetched[T]
	select {
	case f = <-s.fetched:
	default:
		return Waiting, nil
	}
	switch {
	case f.err != nil:
		return Ready, f.err
	case f.all:
		return Ended, nil
	}
	f.split.pending.Add(-1)
	if f.begin {
		s.marks.begin(f.split)
		s.begin(f)
		return Ready, nil
	}
	for _, m := range f.malformed {
		s.malformed.Collect(m)
	}
	s.malformed.Flush()
	if f.batch.Len() > 0 {
		s.marks.batch(f.split, f.batch)
	} else {
		f.batch.Release()
	}
	s.moved(f)
	if f.end {
		s.marks.end(f.split)
	}
	return Ready, nil
}

// CurrentRecord implements RecordNamer for the functions that make timestamps and watermarks.
func (s *Source[T]) CurrentRecord() (any, bool) { return s.marks.CurrentRecord() }

// Tick implements Operator.
func (s *Source[T]) Tick(now int64) (bool, error) {
	s.marks.tick(now)
	if s.aligner != nil {
		s.aligner.tick(now, s.marks.reached())
	}
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
