package operator

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// The metrics of event time, in milliseconds.
const (
	outputWatermark = "currentOutputWatermark"
	inputWatermark  = "currentInputWatermark"
	alignmentDrift  = "watermarkAlignmentDrift"
)

// watermarks assigns timestamps and makes the watermarks of a source's splits, or of an operator's one input: the
// least watermark of the splits that are neither idle nor ended. It belongs to the task's goroutine.
type watermarks[T any] struct {
	strategy WatermarkStrategy[T]
	ctx      *Context
	out      *Output
	pool     *column.Pool
	quiet    bool // no watermarks are made: BATCH, or a strategy without
	splits   []*splitMarks[T]
	emitted  int64
	idle     bool
	awaited  int   // splits of a restart that have not begun: nothing is said of event time before
	empty    int64 // since when there are no splits
	foremost int64 // the greatest watermark of a split that has ended
	lasting  bool  // splits may come for ever, so that event time is not left to the end of the source
	allowed  int64 // the watermark above which splits are paused
	next     int64 // processing time of the next periodic watermark
	rows     []T   // of the batch that is being looked at
	row      int
}

// splitMarks is the event time of one split. The goroutine that reads the split uses id, pending and gate only.
type splitMarks[T any] struct {
	id string
	// pending counts the batches that were read and that the task has not taken: such a split is not idle.
	pending atomic.Int32
	gate    gate

	generator WatermarkGenerator[T]
	watermark int64
	idle      bool
	paused    bool
	last      int64 // processing time of the last record
}

// gate stops the reader of a split. The zero value is open.
type gate struct {
	mu     sync.Mutex
	closed chan struct{} // nil when open
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == nil {
		g.closed = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		close(g.closed)
		g.closed = nil
	}
}

// wait returns when the gate is open or done ends.
func (g *gate) wait(done <-chan struct{}) {
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	if closed != nil {
		select {
		case <-closed:
		case <-done:
		}
	}
}

// newWatermarks returns the watermarks of strategy s, or of none if that is nil.
func newWatermarks[T any](s *WatermarkStrategy[T], ctx *Context, out *Output) *watermarks[T] {
	w := &watermarks[T]{ctx: ctx, out: out, emitted: shuffle.MinWatermark, foremost: shuffle.MinWatermark, allowed: shuffle.MaxWatermark, empty: ctx.Now()}
	if s == nil {
		w.quiet = true
		return w
	}
	w.strategy = *s
	w.quiet = s.None && s.Alignment.Group == "" || ctx.Mode == Batch
	if w.quiet {
		return w
	}
	if s.Alignment.Group != "" {
		w.allowed = limitOf(shuffle.MinWatermark, s.Alignment.MaxDrift.Milliseconds())
	}
	if ctx.AutoWatermarkInterval > 0 {
		w.next = ctx.Now() + ctx.AutoWatermarkInterval
		ctx.WakeAt(w.next)
	}
	return w
}

// begin adds a split, which holds back event time from now on.
func (w *watermarks[T]) begin(s *splitMarks[T]) {
	s.watermark, s.last = shuffle.MinWatermark, w.ctx.Now()
	if w.strategy.Generator != nil {
		s.generator = w.strategy.Generator()
	}
	w.splits = append(w.splits, s)
	w.merge()
}

// end removes a split, which no longer holds back event time.
func (w *watermarks[T]) end(s *splitMarks[T]) {
	if s.generator != nil && !w.quiet {
		if mark, ok := s.generator.OnPeriodicEmit(); ok {
			s.raise(mark)
		}
	}
	w.foremost = max(w.foremost, s.watermark)
	w.splits = slices.DeleteFunc(w.splits, func(x *splitMarks[T]) bool { return x == s })
	if len(w.splits) > 0 {
		w.merge()
	} else {
		w.empty = w.ctx.Now()
	}
}

// batch emits b, which came from split s, with timestamps and with the watermarks that belong between its rows.
func (w *watermarks[T]) batch(s *splitMarks[T], b *column.Batch) {
	var rows []T
	if !column.HoldsVectors(b) {
		rows = column.Rows[T](b)
	}
	w.rows = rows
	if f := w.strategy.Timestamp; f != nil {
		w.assign(b, rows, f)
	}
	if w.quiet {
		w.rows = nil
		w.out.Emit(b)
		return
	}
	s.last = w.ctx.Now()
	if s.idle {
		s.idle = false
		w.merge()
	}
	if s.generator != nil {
		b = w.punctuate(s, b, rows)
	} else if top := newest(b.Times); top != column.NoTime {
		s.raise(before(top, w.strategy.Bound.Milliseconds()))
	}
	w.rows = nil
	w.out.Emit(b)
	w.restrain(s)
}

func (w *watermarks[T]) assign(b *column.Batch, rows []T, f func(v T, previous int64) int64) {
	timed := len(b.Times) > 0
	for i := range rows {
		w.row = i
		if timed {
			b.Times[i] = f(rows[i], b.Times[i])
		} else {
			b.Times = append(b.Times, f(rows[i], column.NoTime))
		}
	}
}

// punctuate shows the rows to the split's generator, emits those before each watermark that follows at once, and returns
// the rest.
func (w *watermarks[T]) punctuate(s *splitMarks[T], b *column.Batch, rows []T) *column.Batch {
	lo := 0
	for i := range rows {
		w.row = i
		mark, ok := s.generator.OnEvent(rows[i], b.Time(i))
		if !ok || !s.raise(mark) || w.least() <= w.emitted {
			continue
		}
		w.out.Emit(w.cut(b, lo, i+1))
		lo = i + 1
		w.merge()
	}
	if lo == 0 {
		return b
	}
	rest := w.cut(b, lo, len(rows))
	b.Release()
	return rest
}

func (w *watermarks[T]) cut(b *column.Batch, lo, hi int) *column.Batch {
	if w.pool == nil {
		w.pool = column.NewPool[T]()
	}
	piece := w.pool.Get()
	piece.Append(b, lo, hi)
	return piece
}

// newest returns the greatest timestamp, column.NoTime if there is none.
func newest(times []int64) int64 {
	top := column.NoTime
	for _, t := range times {
		top = max(top, t)
	}
	return top
}

// before is the watermark of bounded disorder: newest - bound - 1.
func before(newest, bound int64) int64 {
	if newest < shuffle.MinWatermark+bound+1 {
		return shuffle.MinWatermark
	}
	return newest - bound - 1
}

// raise moves the split's watermark, which never falls.
func (s *splitMarks[T]) raise(mark int64) bool {
	if mark <= s.watermark {
		return false
	}
	s.watermark = mark
	return true
}

// tick emits the periodic watermark if it is time, finds idle splits and asks for the next tick.
func (w *watermarks[T]) tick(now int64) {
	if w.quiet || w.ctx.AutoWatermarkInterval == 0 {
		return
	}
	if now < w.next {
		w.ctx.WakeAt(w.next)
		return
	}
	timeout := w.strategy.Idleness.Milliseconds()
	for _, s := range w.splits {
		if s.generator != nil {
			if mark, ok := s.generator.OnPeriodicEmit(); ok {
				s.raise(mark)
				w.restrain(s)
			}
		}
		if s.paused || s.pending.Load() > 0 {
			s.last = now
		}
		s.idle = timeout > 0 && now-s.last >= timeout
	}
	switch {
	case len(w.splits) > 0 || w.awaited > 0:
		w.merge()
	case w.lasting && w.foremost > w.emitted && !w.strategy.None:
		w.emit(w.foremost)
	case timeout > 0 && !w.idle && now-w.empty >= timeout:
		w.idle = true
		w.out.Idle()
	}
	w.next = now + w.ctx.AutoWatermarkInterval
	w.ctx.WakeAt(w.next)
}

// reached is the watermark that alignment goes by: shuffle.MaxWatermark when there is nothing that others should wait for.
func (w *watermarks[T]) reached() int64 {
	if len(w.splits) == 0 || w.idle {
		return shuffle.MaxWatermark
	}
	return w.least()
}

// least is the least watermark of the splits that are not idle, shuffle.MinWatermark if there is none.
func (w *watermarks[T]) least() int64 {
	least, any := shuffle.MaxWatermark, false
	for _, s := range w.splits {
		if !s.idle {
			any = true
			least = min(least, s.watermark)
		}
	}
	if !any {
		return shuffle.MinWatermark
	}
	return least
}

// greatest is the greatest watermark of the splits.
func (w *watermarks[T]) greatest() int64 {
	greatest := shuffle.MinWatermark
	for _, s := range w.splits {
		greatest = max(greatest, s.watermark)
	}
	return greatest
}

// merge emits what follows from the splits: idleness, activity, a watermark.
func (w *watermarks[T]) merge() {
	if w.quiet || w.awaited > 0 {
		return
	}
	idle := !slices.ContainsFunc(w.splits, func(s *splitMarks[T]) bool { return !s.idle })
	if idle != w.idle {
		w.idle = idle
		if idle {
			// Several may have fallen silent since the last tick, one of them only after it was ahead of the others.
			if mark := w.greatest(); mark > w.emitted && !w.strategy.None {
				w.emit(mark)
			}
			w.out.Idle()
		} else {
			w.out.Active()
		}
	}
	if mark := w.least(); mark > w.emitted && !w.strategy.None {
		w.emit(mark)
	}
}

func (w *watermarks[T]) emit(mark int64) {
	w.emitted = mark
	w.ctx.Metrics.Counter(outputWatermark).Store(mark)
	w.out.Watermark(mark)
}

// restrain pauses a split that is ahead of what alignment allows, and lets it go on when it is not.
func (w *watermarks[T]) restrain(s *splitMarks[T]) {
	ahead := s.watermark > w.allowed
	if ahead == s.paused {
		return
	}
	s.paused, s.last = ahead, w.ctx.Now()
	if ahead {
		s.gate.shut()
	} else {
		s.gate.open()
	}
}

// allow sets the watermark above which splits are paused.
func (w *watermarks[T]) allow(mark int64) {
	w.allowed = mark
	for _, s := range w.splits {
		w.restrain(s)
	}
}

// CurrentRecord implements RecordNamer for the functions of the strategy.
func (w *watermarks[T]) CurrentRecord() (any, bool) {
	if w.row < len(w.rows) {
		return w.rows[w.row], true
	}
	return nil, false
}
