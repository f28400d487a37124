package operator

import (
	"errors"
	"time"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// JoinKind says which rows without a partner a Join emits.
type JoinKind int

// The kinds of join.
const (
	InnerJoin JoinKind = iota
	LeftOuterJoin
	RightOuterJoin
	FullOuterJoin
)

// Turned is the kind for left and right exchanged.
func (k JoinKind) Turned() JoinKind {
	switch k {
	case LeftOuterJoin:
		return RightOuterJoin
	case RightOuterJoin:
		return LeftOuterJoin
	}
	return k
}

func (k JoinKind) keepsLeft() bool  { return k == LeftOuterJoin || k == FullOuterJoin }
func (k JoinKind) keepsRight() bool { return k == RightOuterJoin || k == FullOuterJoin }

// BoundedJoinFunction makes any number of records of a pair. left or right is nil for a row without a partner. What they point to
// is valid during the call only.
type BoundedJoinFunction[L, R, O any] interface {
	Join(ctx *FunctionContext, left *L, right *R, out *Collector[O]) error
}

// BoundedJoinFunc is a BoundedJoinFunction that is a plain function.
type BoundedJoinFunc[L, R, O any] func(ctx *FunctionContext, left *L, right *R, out *Collector[O]) error

// Join implements BoundedJoinFunction.
func (f BoundedJoinFunc[L, R, O]) Join(ctx *FunctionContext, left *L, right *R, out *Collector[O]) error {
	return f(ctx, left, right, out)
}

// Join joins two bounded inputs of equal keys: input 0 is left, input 1 is right. It is a hash join with the right input
// as its build side; left rows wait, on disk if need be, until that has ended. When the right input exceeds the memory
// budget it becomes a sort-merge join of both. Results have no timestamps.
//
//	Join(inner): [a1 b2] [a3 a4] -> [(a1, a3) (a1, a4)]
type Join[L, R any, K comparable, O any] struct {
	Base
	Kind     JoinKind
	Left     Keys[L, K]
	Right    Keys[R, K]
	Function BoundedJoinFunction[L, R, O]

	ctx        *Context
	fctx       *FunctionContext
	out        *Collector[O]
	pace       pace
	leftCodec  *column.Codec[L]
	rightCodec *column.Codec[R]
	waiting    *spill.Queue[L]
	build      buildSide[R, K]
	built      bool
	merge      *mergeJoin[L, R, K, O] // not nil: a sort-merge join
	probe      *column.Batch          // left rows whose partners are being looked for
	slots      []uint32
	row        int    // of probe
	partner    uint32 // of row: a right row + 1, 0 = none left
	begun      bool   // row has had partners, or the one of none
	orphan     int    // right row from which on those without a partner are to be emitted
	finishing  bool
	l          *L // the pair that the function is called with
	r          *R
}

// pace tells when a slice of calls of a function is over: by time, or by number, which bounds what they emit.
type pace struct {
	clock clock.Clock
	start time.Time
	calls int
}

func (p *pace) begin() { p.start, p.calls = p.clock.Now(), 0 }

// over counts a call.
func (p *pace) over() bool {
	p.calls++
	return p.calls&63 == 0 && (p.calls >= column.MaxRows || p.clock.Now().Sub(p.start) > sliceTime)
}

// Unsaved implements Unsaved.
func (*Join[L, R, K, O]) Unsaved() string { return "the rows of a bounded join" }

// Open implements Operator.
func (j *Join[L, R, K, O]) Open(ctx *Context) (err error) {
	j.ctx, j.fctx = ctx, NewFunctionContext(ctx)
	j.out = NewCollector[O](ctx.Output(0))
	j.pace.clock = ctx.Clock
	if j.leftCodec, err = column.CodecOf[L](); err != nil {
		return err
	}
	if j.rightCodec, err = column.CodecOf[R](); err != nil {
		return err
	}
	if j.build.groups, err = state.NewKeyed[K](); err != nil {
		return err
	}
	j.build.heads = state.NewColumn[uint32](j.build.groups.States())
	j.waiting = spill.NewQueue(ctx.Memory, ctx.Spill, j.leftCodec, 0)
	return openFunction(j.Function, j.fctx)
}

// Process implements Operator.
func (j *Join[L, R, K, O]) Process(in int, b *column.Batch) (bool, error) {
	switch {
	case in == 1 && j.merge == nil:
		return false, j.addRight(b)
	case in == 1:
		defer b.Release()
		return false, j.merge.addRight(b)
	case j.merge != nil:
		defer b.Release()
		return false, j.merge.addLeft(b)
	case !j.built:
		return false, j.waiting.Push(b)
	}
	j.begin(b)
	return j.Resume()
}

// addRight keeps right rows in memory; when they do not fit, all rows go to a sort-merge join.
func (j *Join[L, R, K, O]) addRight(b *column.Batch) error {
	defer b.Release()
	need := j.rightSize(b)
	err := j.ctx.Memory.Acquire(need)
	var full *spill.Error
	switch {
	case err == nil:
		j.build.held += need
		j.build.add(b)
		return nil
	case !errors.As(err, &full) || full.Kind != spill.Budget:
		return err
	}
	if j.merge, err = newMergeJoin(j); err != nil {
		return err
	}
	for i, chunk := range j.build.chunks {
		j.build.chunks[i] = nil
		if err := j.merge.addRight(chunk); err != nil {
			return err
		}
	}
	j.ctx.Memory.Release(j.build.held)
	j.build.chunks, j.build.held = nil, 0
	for {
		w, err := j.waiting.Pop()
		if err != nil {
			return err
		}
		if w == nil {
			return j.merge.addRight(b)
		}
		err = j.merge.addLeft(w)
		w.Release()
		if err != nil {
			return err
		}
	}
}

// rightSize is what the rows of b cost in the table in bytes.
func (j *Join[L, R, K, O]) rightSize(b *column.Batch) int64 {
	rows := column.Rows[R](b)
	n := buildBytes * int64(len(rows))
	for i := range rows {
		n += int64(j.rightCodec.Size(&rows[i]))
	}
	return n
}

// begin looks up the groups of left rows.
func (j *Join[L, R, K, O]) begin(b *column.Batch) {
	keys, hashes := j.Left.Of(b)
	if cap(j.slots) < len(keys) {
		j.slots = make([]uint32, max(len(keys), 64))
	}
	j.slots = j.slots[:len(keys)]
	j.build.groups.Find(keys, hashes, j.slots)
	j.probe, j.row, j.begun = b, 0, false
}

// Resume implements Operator.
func (j *Join[L, R, K, O]) Resume() (bool, error) {
	j.pace.begin()
	defer j.out.Flush()
	if j.merge != nil {
		if !j.finishing {
			return false, nil
		}
		return j.merge.resume()
	}
	if !j.built {
		return false, nil
	}
	if j.probe != nil {
		if more, err := j.probeSome(); more || err != nil {
			return more, err
		}
	}
	b, err := j.waiting.Pop()
	switch {
	case err != nil:
		return false, err
	case b != nil:
		j.begin(b)
		return true, nil
	case !j.finishing:
		return false, nil
	}
	return j.emitOrphans()
}

// call calls the function for a pair.
func (j *Join[L, R, K, O]) call(l *L, r *R) error {
	j.l, j.r = l, r
	err := j.Function.Join(j.fctx, l, r, j.out)
	if err == nil {
		j.l, j.r = nil, nil
	}
	return err
}

// probeSome joins left rows until the slice is over or all are joined.
func (j *Join[L, R, K, O]) probeSome() (more bool, err error) {
	rows := column.Rows[L](j.probe)
	for j.row < len(rows) {
		if !j.begun {
			j.begun = true
			j.partner = 0
			if slot := j.slots[j.row]; slot != state.None {
				j.partner = *j.build.heads.At(slot)
			}
			if j.partner == 0 && j.Kind.keepsLeft() {
				if err := j.call(&rows[j.row], nil); err != nil {
					return false, err
				}
			}
		}
		for j.partner != 0 {
			r := j.partner - 1
			j.partner = j.build.next[r]
			if j.Kind.keepsRight() {
				j.build.matched[r] = true
			}
			if err := j.call(&rows[j.row], j.build.row(r)); err != nil {
				return false, err
			}
			if j.pace.over() {
				return true, nil
			}
		}
		j.row++
		j.begun = false
		if j.pace.over() {
			return true, nil
		}
	}
	j.probe.Release()
	j.probe = nil
	return false, nil
}

// emitOrphans emits right rows that have found no partner.
func (j *Join[L, R, K, O]) emitOrphans() (more bool, err error) {
	if !j.Kind.keepsRight() {
		return false, nil
	}
	for j.orphan < len(j.build.matched) {
		r := j.orphan
		j.orphan++
		if j.build.matched[r] {
			continue
		}
		if err := j.call(nil, j.build.row(uint32(r))); err != nil {
			return false, err
		}
		if j.pace.over() {
			return true, nil
		}
	}
	return false, nil
}

// EndInput implements Operator.
func (j *Join[L, R, K, O]) EndInput(in int) (bool, error) {
	if in == 1 && !j.built && j.merge == nil {
		j.buildTable()
	}
	return j.Resume()
}

func (j *Join[L, R, K, O]) buildTable() {
	j.built = true
	j.build.index(&j.Right, j.Kind.keepsRight())
}

// Advance implements Operator: with the end of time both inputs have ended.
func (j *Join[L, R, K, O]) Advance(watermark int64) (bool, error) {
	if watermark != shuffle.MaxWatermark {
		return false, nil
	}
	j.finishing = true
	if !j.built && j.merge == nil {
		j.buildTable()
	}
	return j.Resume()
}

// CurrentRecord implements RecordNamer.
func (j *Join[L, R, K, O]) CurrentRecord() (any, bool) {
	switch {
	case j.l != nil && j.r != nil:
		return struct{ Left, Right any }{*j.l, *j.r}, true
	case j.l != nil:
		return *j.l, true
	case j.r != nil:
		return *j.r, true
	}
	return nil, false
}

// Close implements Operator.
func (j *Join[L, R, K, O]) Close() error {
	var err error
	if j.probe != nil {
		j.probe.Release()
	}
	if j.waiting != nil {
		j.ctx.Memory.Release(j.build.held)
		j.build.held = 0
		err = j.waiting.Close()
	}
	if j.merge != nil {
		err = errors.Join(err, j.merge.close())
	}
	return errors.Join(err, closeFunction(j.Function))
}
