package operator

import (
	"errors"
	"math"
	"slices"
	"sort"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
)

// JoinContext is what a join function is given of a pair of records.
type JoinContext struct {
	*FunctionContext
	left, right int64
}

// LeftTimestamp is the timestamp of the left record in milliseconds.
func (c *JoinContext) LeftTimestamp() int64 { return c.left }

// RightTimestamp is the timestamp of the right record in milliseconds.
func (c *JoinContext) RightTimestamp() int64 { return c.right }

// ProcessJoinFunction makes any number of records of a pair. What it emits has the later timestamp of the two.
type ProcessJoinFunction[L, R, O any] interface {
	ProcessElement(ctx *JoinContext, left L, right R, out *Collector[O]) error
}

// ProcessJoinFunc is a ProcessJoinFunction that is a plain function.
type ProcessJoinFunc[L, R, O any] func(ctx *JoinContext, left L, right R, out *Collector[O]) error

// ProcessElement implements ProcessJoinFunction.
func (f ProcessJoinFunc[L, R, O]) ProcessElement(ctx *JoinContext, left L, right R, out *Collector[O]) error {
	return f(ctx, left, right, out)
}

// IntervalJoin joins the records of two keyed streams that have the same key and timestamps with
// left + Lower <= right <= left + Upper. Each side's records are kept until the watermark says that no partner can come any
// more; records behind the watermark are late, and are emitted on a side output or dropped and counted (numLateRecordsDropped).
// In BATCH, where the rows of a key come in order of time, they are kept until time has passed them.
type IntervalJoin[L, R any, K comparable, O any] struct {
	Base
	Function ProcessJoinFunction[L, R, O]
	Keys1    Keys[L, K]
	Keys2    Keys[R, K]
	// Lower and Upper are milliseconds, both included.
	Lower, Upper int64
	// LateLeft and LateRight are the side outputs of late records; nil drops them.
	LateLeft  *OutputTag[L]
	LateRight *OutputTag[R]

	left   joinSide[L]
	right  joinSide[R]
	k      keyed[K]
	keysOf []K
	jctx   *JoinContext
	out    *Collector[O]
	probed int  // partners of the current record that have been seen
	again  bool // the current record is gone on with
}

// joinSide is what an interval join has of one input.
type joinSide[T any] struct {
	cursor[T]
	number  uint32 // namespace of its timers
	codec   *column.Codec[T]
	buffers *state.Column[[]joinRow[T]]
	saved   *state.Saved[[]joinedRow[T]]
	// keep is how long after its timestamp a record can find partners.
	keep int64
}

// joinRow is a record that waits for partners; they are in order of time.
type joinRow[T any] struct {
	time int64
	v    T
}

// probeStep is how many partners of a record are joined between two looks at the clock.
const probeStep = 256

// Open implements Operator.
func (j *IntervalJoin[L, R, K, O]) Open(ctx *Context) (err error) {
	j.out = NewCollector[O](ctx.Output(0))
	j.k.onTimer = j.onTimer
	if err := j.k.open(ctx); err != nil {
		return err
	}
	j.jctx = &JoinContext{FunctionContext: j.k.fctx}
	if err := j.left.prepare(ctx, j.k.slots, 0, max(0, j.Upper)); err != nil {
		return err
	}
	if err := j.right.prepare(ctx, j.k.slots, 1, max(0, -j.Lower)); err != nil {
		return err
	}
	return openFunction(j.Function, j.k.fctx)
}

func (s *joinSide[T]) prepare(ctx *Context, slots *state.Slots, number uint32, keep int64) (err error) {
	s.cursor.open(ctx)
	s.number, s.keep = number, keep
	s.buffers = state.NewSavedColumn[[]joinRow[T]](slots, state.Beside{Clear: func(slot uint32) { s.clear(slots, slot) }, Reset: func() {}, Bytes: func() int64 { return 0 }})
	if s.codec, err = column.CodecOf[T](); err != nil || !ctx.States.On && !slots.Spills() {
		return err
	}
	s.saved, err = state.NewSaved(slots, []string{"left-buffer", "right-buffer"}[number], "list", state.Rows[[]joinedRow[T]]{
		SlotOf:  func(slot uint32) uint32 { return slot },
		Row:     s.row,
		Numbers: s.numbers,
		Put: func(slot uint32, rows *[]joinedRow[T]) uint32 {
			s.forget(slots, slot)
			for _, r := range *rows {
				s.insert(slots, slot, r.Time, r.Value)
			}
			return slot
		},
		Remove: func(slot uint32, _ *[]joinedRow[T]) { s.forget(slots, slot) },
		Name:   func(uint32) []joinedRow[T] { return nil },
	})
	return err
}

// joinedRow is a joinRow as it is saved.
type joinedRow[T any] struct {
	Time  int64
	Value T
}

func (s *joinSide[T]) row(slot uint32) (rows []joinedRow[T]) {
	for _, r := range *s.buffers.At(slot) {
		rows = append(rows, joinedRow[T]{r.time, r.v})
	}
	return rows
}

// touch is called before the rows of a slot change.
func (s *joinSide[T]) touch(slot uint32) {
	if s.saved != nil {
		s.saved.Touch(slot)
	}
}

// forget drops the rows of a slot.
func (s *joinSide[T]) forget(slots *state.Slots, slot uint32) {
	if len(*s.buffers.At(slot)) > 0 {
		s.clear(slots, slot)
		slots.Release(slot)
	}
}

// clear gives up the rows of a slot that is put away.
func (s *joinSide[T]) clear(slots *state.Slots, slot uint32) {
	rows := s.buffers.At(slot)
	if len(*rows) == 0 {
		return
	}
	if s.saved != nil {
		s.saved.Release(slot)
	}
	s.weigh(slots, *rows, -1)
	*rows = nil
}

// weigh counts the memory of rows, or counts it no more.
func (s *joinSide[T]) weigh(slots *state.Slots, rows []joinRow[T], sign int) {
	if slots.Spills() {
		for i := range rows {
			slots.Weigh(sign * (s.codec.Size(&rows[i].v) + 8))
		}
	}
}

func (s *joinSide[T]) numbers(slot uint32, dst []uint32) []uint32 {
	if len(*s.buffers.At(slot)) > 0 {
		dst = append(dst, slot)
	}
	return dst
}

// Process implements Operator.
func (j *IntervalJoin[L, R, K, O]) Process(in int, b *column.Batch) (bool, error) {
	var hashes []uint64
	if in == 0 {
		j.left.begin(b)
		j.keysOf, hashes = j.Keys1.Of(b)
	} else {
		j.right.begin(b)
		j.keysOf, hashes = j.Keys2.Of(b)
	}
	if len(b.Times) == 0 {
		return false, errNoTimestamps
	}
	if err := j.k.acquire(j.keysOf, hashes); err != nil {
		return false, err
	}
	return j.Resume()
}

var errNoTimestamps = errors.New("records without timestamps cannot be joined by interval: assign timestamps and watermarks before the join")

// Resume implements Operator.
func (j *IntervalJoin[L, R, K, O]) Resume() (more bool, err error) {
	switch {
	case j.k.resuming():
		return j.flushed(j.k.resume())
	case j.left.batch != nil:
		more, err = j.left.run(j.applyLeft)
	default:
		more, err = j.right.run(j.applyRight)
	}
	if !more && err == nil {
		j.k.rest()
	}
	return j.flushed(more, err)
}

func (j *IntervalJoin[L, R, K, O]) flushed(more bool, err error) (bool, error) {
	j.out.Flush()
	return more, err
}

func (j *IntervalJoin[L, R, K, O]) applyLeft(hi int) error {
	return joinRows(j, &j.left, &j.right, hi, j.Lower, j.Upper, j.LateLeft, func(mine, other int64, v L, w R) error {
		j.jctx.left, j.jctx.right = mine, other
		return j.Function.ProcessElement(j.jctx, v, w, j.out)
	})
}

func (j *IntervalJoin[L, R, K, O]) applyRight(hi int) error {
	return joinRows(j, &j.right, &j.left, hi, -j.Upper, -j.Lower, j.LateRight, func(mine, other int64, v R, w L) error {
		j.jctx.left, j.jctx.right = other, mine
		return j.Function.ProcessElement(j.jctx, w, v, j.out)
	})
}

// joinRows joins rows of one side with what is kept of the other, from lower to upper after their time, and keeps them.
func joinRows[T, U, L, R any, K comparable, O any](j *IntervalJoin[L, R, K, O], mine *joinSide[T], other *joinSide[U],
	hi int, lower, upper int64, late *OutputTag[T], emit func(mine, other int64, v T, w U) error) error {
	k := &j.k
	for mine.next < hi {
		i, slot := mine.next, k.rowSlots[mine.next]
		if ok, err := k.enter(i, j.keysOf[i]); !ok {
			return err
		}
		mine.next++
		time, v := mine.batch.Times[i], mine.rows[i]
		k.fctx.time = time
		switch {
		case time == column.NoTime:
			return errNoTimestamps
		case time < k.fctx.watermark:
			dropLate(k.fctx, late, v)
			continue
		}
		if !j.again {
			mine.add(k.slots, slot, time, v)
			if k.ctx.Mode == Batch {
				mine.expire(k.slots, slot, time)
				other.expire(k.slots, slot, time)
			} else {
				k.event.Register(Timer{Time: saturating(time, mine.keep), Slot: slot, Namespace: mine.number})
			}
		}
		partners := *other.buffers.At(slot)
		from := sort.Search(len(partners), func(p int) bool { return partners[p].time >= saturating(time, lower) })
		last := saturating(time, upper)
		at := from + j.probed
		for n := 0; at < len(partners) && partners[at].time <= last; at++ {
			if n++; n > probeStep {
				j.again, j.probed, mine.next = true, at-from, i
				return nil
			}
			p := &partners[at]
			k.fctx.time = max(time, p.time)
			j.out.SetTime(k.fctx.time)
			if err := emit(time, p.time, v, p.v); err != nil {
				return err
			}
		}
		j.again, j.probed = false, 0
	}
	return nil
}

// dropLate emits a late record on its side output, or counts it.
func dropLate[T any](ctx *FunctionContext, late *OutputTag[T], v T) {
	if late != nil {
		EmitTo(ctx, late, v)
		return
	}
	ctx.Count(LateRecordsDropped, 1)
}

// add keeps a record, behind those of its time.
func (s *joinSide[T]) add(slots *state.Slots, slot uint32, time int64, v T) {
	s.touch(slot)
	s.insert(slots, slot, time, v)
}

func (s *joinSide[T]) insert(slots *state.Slots, slot uint32, time int64, v T) {
	rows := s.buffers.At(slot)
	if len(*rows) == 0 {
		slots.Hold(slot)
	}
	at := len(*rows)
	for at > 0 && (*rows)[at-1].time > time {
		at--
	}
	*rows = slices.Insert(*rows, at, joinRow[T]{time, s.codec.Clone(v)})
	s.weigh(slots, (*rows)[at:at+1], 1)
}

// expire forgets the records that find no partner at or after time.
func (s *joinSide[T]) expire(slots *state.Slots, slot uint32, time int64) {
	rows := s.buffers.At(slot)
	n := 0
	for n < len(*rows) && saturating((*rows)[n].time, s.keep) < time {
		n++
	}
	switch {
	case n == 0:
	case n == len(*rows):
		s.forget(slots, slot)
	default:
		s.touch(slot)
		s.weigh(slots, (*rows)[:n], -1)
		clear((*rows)[:n])
		*rows = (*rows)[n:]
	}
}

// onTimer forgets what finds no partner any more.
func (j *IntervalJoin[L, R, K, O]) onTimer(t Timer, _ TimeDomain) error {
	past := saturating(t.Time, 1)
	if t.Namespace == j.left.number {
		j.left.expire(j.k.slots, t.Slot, past)
	} else {
		j.right.expire(j.k.slots, t.Slot, past)
	}
	return nil
}

// saturating adds without overflow.
func saturating(a, b int64) int64 {
	switch c := a + b; {
	case b > 0 && c < a:
		return math.MaxInt64
	case b < 0 && c > a:
		return math.MinInt64
	default:
		return c
	}
}

// Advance implements Operator.
func (j *IntervalJoin[L, R, K, O]) Advance(watermark int64) (bool, error) {
	return j.flushed(j.k.advance(watermark))
}

// CurrentRecord implements RecordNamer.
func (j *IntervalJoin[L, R, K, O]) CurrentRecord() (any, bool) {
	if r, ok := j.left.CurrentRecord(); ok {
		return r, true
	}
	return j.right.CurrentRecord()
}

// Close implements Operator.
func (j *IntervalJoin[L, R, K, O]) Close() error {
	j.left.drop()
	j.right.drop()
	return closeAll(j.Function, j.k.close)
}
