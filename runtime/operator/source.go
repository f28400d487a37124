package operator

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/runtimefilter"
	"github.com/leatproject/leat/storage/source"
	"github.com/leatproject/leat/storage/vector"
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
// reader, which may block; the task takes the batches from a short queue. The splits of one answer are read at once, each with a
// goroutine and a reader of its own, and all of them hold event time back before the first is read. A bounded source asks again
// when they have been read, an unbounded one at once.
type Source[T any] struct {
	Base
	// Sources are read in order; all but the last are bounded. One begins when all sub-tasks have read the one before it.
	Sources []source.Source
	// Watermarks makes timestamps and watermarks per split; nil for none.
	Watermarks *WatermarkStrategy[T]
	// Rows makes an empty batch of what the sources give; nil for rows of type T. Watermarks are nil for a batch of vectors.
	Rows func() *column.Batch
	// Filters are inputs of the source, each of which brings one runtime filter of columns: it begins to read when they have ended. The
	// batches must be vectors.
	Filters []SourceFilter

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
	begun     []uint64                  // by source, the splits of the coordinator that have begun
	parts     [][]*runtimefilter.Filter // by input
	ended     int                       // inputs
	filters   []source.Filter
	filtering int64 // bytes of filters
	committer positionCommitter
}

// openSplit is a split that is being read, as it is after what has been emitted of it.
type openSplit[T any] struct {
	marks    *splitMarks[T]
	number   int
	position source.Split
}

// fetched is splits that begin, or a batch of one, or the end of it, or of all, or an error.
type fetched[T any] struct {
	begin     []beginning[T]
	split     *splitMarks[T]
	position  source.Split // after the batch
	batch     *column.Batch
	malformed []MalformedRecord
	end       bool // split has ended
	all       bool // no more splits
	err       error
}

// beginning is a split that is to be read. Splits that begin together are all in a checkpoint, or none is: one that came back later
// than the others would find its records late.
type beginning[T any] struct {
	marks  *splitMarks[T]
	number int // of its source
	split  source.Split
	given  bool // by the coordinator; else a restart has left it
}

// Open implements Operator.
func (s *Source[T]) Open(ctx *Context) error {
	s.ctx, s.out = ctx, ctx.Output(0)
	if s.pool = column.NewPool[T](); s.Rows != nil {
		s.pool = column.PoolLike(s.Rows())
	}
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
	if len(s.Filters) > 0 {
		return nil // EndInput starts
	}
	s.start()
	return nil
}

// start starts to read.
func (s *Source[T]) start() {
	var helper context.Context
	helper, s.cancel = context.WithCancel(s.ctx)
	s.committer = newPositionCommitter(s.Sources, s.env(), s.ctx.States.On)
	if s.committer.wanted {
		s.helper(helper, func() error { s.committer.run(helper); return nil })
	}
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
		if err := s.readSource(ctx, src, number); err != nil {
			return err
		}
	}
	if s.aligner != nil {
		_, err := s.ctx.Ask(ctx, []byte{requestLeave})
		return err
	}
	return nil
}

// readSource reads the splits of one source.
func (s *Source[T]) readSource(ctx context.Context, src source.Source, number int) (err error) {
	var group sync.WaitGroup
	defer group.Wait()
	var single reading[T] // of splits that come alone
	defer func() { err = errors.Join(err, single.close()) }()
	successive := readSuccessively(src)
	return s.splits(ctx, number, func(splits []source.Split, left int) error {
		begin := make([]beginning[T], len(splits))
		for i, split := range splits {
			begin[i] = beginning[T]{&splitMarks[T]{id: split.ID}, number, split, i >= left}
			begin[i].marks.pending.Add(1)
		}
		if !s.hand(ctx, fetched[T]{begin: begin}) {
			return context.Cause(ctx)
		}
		if successive && len(splits) == 1 {
			return s.readSplit(ctx, &single, src, begin[0].marks, splits[0])
		}
		for i, split := range splits {
			group.Go(func() {
				s.run(ctx, func() (err error) {
					var r reading[T]
					defer func() { err = errors.Join(err, r.close()) }()
					return s.readSplit(ctx, &r, src, begin[i].marks, split)
				})
			})
		}
		if successive {
			group.Wait()
		}
		return nil
	})
}

// readSuccessively tells whether the splits of a source end, so that others are read when they have.
func readSuccessively(src source.Source) bool {
	_, successive := src.(source.Successive)
	return successive || src.Boundedness() == source.Bounded
}

// reading is a reader, made when it is needed, and the malformed records that it has met.
type reading[T any] struct {
	source.Reader
	malformed []MalformedRecord
	sieves    []sieve
	keys      []*vector.Vector
	hashes    []uint64
	sifted    bool // the reader has used the filters itself
}

func (r *reading[T]) open(ctx context.Context, env source.Env, src source.Source) (err error) {
	if r.Reader != nil {
		return nil
	}
	env.Malformed = func(raw []byte, cause error) {
		r.malformed = append(r.malformed, MalformedRecord{raw, cause.Error()})
	}
	if len(env.Filters) > 0 {
		env.Sieve = r.sieveOf(env.Filters)
	}
	r.Reader, err = src.NewReader(ctx, env)
	return err
}

func (r *reading[T]) close() error {
	if r.Reader == nil {
		return nil
	}
	return r.Close()
}

func (s *Source[T]) env() source.Env {
	return source.Env{Subtask: s.ctx.Subtask, Parallelism: s.ctx.Parallelism, Logger: s.ctx.Logger, Counters: s.ctx.Metrics, Filters: s.filters}
}

// splits calls do for the splits of a source until there are no more: those that a restart has left first, together with those that
// the coordinator has for this sub-task by then, later what else it gives; left is how many a restart has left. In BATCH, where event
// time does not matter, they come one by one.
func (s *Source[T]) splits(ctx context.Context, number int, do func(splits []source.Split, left int) error) error {
	step := func(splits []source.Split, left int) error {
		size := max(1, len(splits))
		if s.ctx.Mode == Batch {
			size = 1
		}
		for some := range slices.Chunk(splits, size) {
			if err := do(some, min(left, len(some))); err != nil {
				return err
			}
			left -= min(left, len(some))
		}
		return nil
	}
	ask := func(request []byte) ([]source.Split, error) {
		reply, err := s.ctx.Ask(ctx, request)
		if err != nil {
			return nil, err
		}
		return decodeSplits(reply)
	}
	if left := s.restored[number]; len(left) > 0 {
		more, err := ask(ownRequest(number))
		if err != nil {
			return err
		}
		if err := step(append(slices.Clone(left), more...), len(left)); err != nil {
			return err
		}
	}
	for {
		splits, err := ask(splitRequest(number))
		if err != nil || len(splits) == 0 {
			return err
		}
		if err := step(splits, 0); err != nil {
			return err
		}
	}
}

func (s *Source[T]) readSplit(ctx context.Context, r *reading[T], src source.Source, marks *splitMarks[T], split source.Split) error {
	if err := r.open(ctx, s.env(), src); err != nil {
		return err
	}
	if err := r.Open(ctx, split); err != nil {
		return err
	}
	for {
		marks.gate.wait(ctx.Done())
		b := s.pool.Get()
		if s.ctx.Portion != nil {
			b.SetRowLimit(s.ctx.Portion())
		}
		r.sifted = false
		position, err := r.Fetch(ctx, b)
		b.SetRowLimit(0)
		end := errors.Is(err, source.ErrDone)
		if err != nil && !end {
			b.Release()
			return err
		}
		s.sieve(r, b)
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
	if f.begin != nil {
		for _, b := range f.begin {
			b.marks.pending.Add(-1)
			s.begin(b)
			s.marks.begin(b.marks)
		}
		return Ready, nil
	}
	f.split.pending.Add(-1)
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
	if s.filtering > 0 {
		s.ctx.Memory.Release(s.filtering)
	}
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
