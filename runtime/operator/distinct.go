package operator

import (
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// Distinct lets pass the first record of each key. Keys that exceed the memory budget in BATCH go to disk with their
// records and come last (see hashGroups).
//
//	Distinct: [a1 b2 a3] -> [a1 b2]
type Distinct[T any, K comparable] struct {
	Base
	Keys[T, K]

	ctx  *Context
	hash hashGroups[T, K]
	seen *state.Column[bool]
	save *state.Saved[struct{}]
}

// Open implements Operator.
func (d *Distinct[T, K]) Open(ctx *Context) error {
	d.ctx = ctx
	if err := d.hash.open(ctx, &d.Keys); err != nil {
		return err
	}
	d.seen = state.NewColumn[bool](d.hash.groups.States())
	if !ctx.States.On {
		return nil
	}
	var err error
	d.save, err = state.NewSaved(d.hash.groups.States(), "seen", "value", state.Rows[struct{}]{
		SlotOf: func(slot uint32) uint32 { return slot },
		Row:    func(uint32) struct{} { return struct{}{} },
		Put: func(slot uint32, _ *struct{}) uint32 {
			*d.seen.At(slot) = true
			return slot
		},
		Remove: func(slot uint32, _ *struct{}) { d.hash.groups.Remove(slot) },
	})
	if err != nil {
		return err
	}
	return ctx.States.AddKeyed(keyedStateName, d.hash.groups)
}

// Process implements Operator.
func (d *Distinct[T, K]) Process(_ int, b *column.Batch) (bool, error) {
	if _, err := d.hash.place(b); err != nil {
		b.Release()
		return false, err
	}
	if !d.hash.fresh {
		b.Release()
		return false, nil
	}
	rows, kept := column.Rows[T](b), 0
	timed := len(b.Times) > 0
	for i, slot := range d.hash.slots {
		seen := d.seen.At(slot)
		if *seen {
			continue
		}
		*seen = true
		if d.save != nil {
			d.save.Touch(slot)
		}
		rows[kept] = rows[i]
		if timed {
			b.Times[kept] = b.Times[i]
		}
		kept++
	}
	clear(rows[kept:])
	column.SetRows(b, rows[:kept])
	b.Hashes = b.Hashes[:0]
	if timed {
		b.Times = b.Times[:kept]
	}
	d.ctx.Output(0).Emit(b)
	return false, nil
}

// Resume implements Operator: it goes on with what was set aside.
func (d *Distinct[T, K]) Resume() (bool, error) {
	b, err := d.hash.pop()
	switch {
	case err != nil:
		return false, err
	case b != nil:
		_, err := d.Process(0, b)
		return true, err
	}
	return d.hash.following()
}

// Advance implements Operator.
func (d *Distinct[T, K]) Advance(watermark int64) (bool, error) {
	if watermark != shuffle.MaxWatermark {
		return false, nil
	}
	return d.Resume()
}

// EndSuperstep implements SuperstepListener.
func (d *Distinct[T, K]) EndSuperstep() (bool, error) { return d.Resume() }

// Close implements Operator.
func (d *Distinct[T, K]) Close() error { return d.hash.close() }
