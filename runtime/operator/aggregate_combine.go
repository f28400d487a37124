package operator

import (
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

const (
	// combineGroups is the number of groups at which a Combine emits what it has: their table stays in the cache.
	combineGroups = 1 << 15
	// combineTrial is the number of rows after which a Combine looks whether it is worth its cost.
	combineTrial = 1 << 15
	// combinePause is the number of rows that pass as they are when it is not, before it tries again.
	combinePause = 1 << 21
)

// Combine aggregates in front of the exchange of a KeyedAggregate in BATCH, so that fewer rows travel: it emits a partial
// result for each group when it has many, and at the end. When the groups are more than a third of the rows it lets rows
// pass for a while.
//
//	Combine(sum): [a1 b2 a3] -> [a4 b2]
type Combine[T any, K comparable, A, P any] struct {
	Base
	cursor[T]
	Keys[T, K]
	UserFunction
	// Init and Add are those of the KeyedAggregate.
	Init, Add func(acc *A, v *T) error
	// Partial makes a row that stands for a group.
	Partial func(key K, acc *A) P

	ctx    *Context
	out    *Collector[P]
	groups *state.Keyed[K]
	accs   *state.Column[A]
	live   *state.Column[bool]
	slots  []uint32
	keysOf []K
	rows   int // since the last emission
	pass   int // rows that are still to pass
	emit   []uint32
}

// Open implements Operator.
func (c *Combine[T, K, A, P]) Open(ctx *Context) (err error) {
	c.ctx = ctx
	c.open(ctx)
	c.out = NewCollector[P](ctx.Output(0))
	if c.groups, err = state.NewKeyed[K](); err != nil {
		return err
	}
	c.accs = state.NewColumn[A](c.groups.States())
	c.live = state.NewColumn[bool](c.groups.States())
	return c.openUser(ctx)
}

// Process implements Operator.
func (c *Combine[T, K, A, P]) Process(_ int, b *column.Batch) (bool, error) {
	c.begin(b)
	keys, hashes := c.Of(b)
	c.keysOf = keys
	if c.pass > 0 {
		c.pass -= b.Len()
		return c.Resume()
	}
	if cap(c.slots) < len(keys) {
		c.slots = make([]uint32, max(len(keys), 64))
	}
	c.slots = c.slots[:len(keys)]
	if err := c.groups.Acquire(keys, hashes, c.slots); err != nil {
		return false, err
	}
	c.rows += len(keys)
	return c.Resume()
}

// Resume implements Operator.
func (c *Combine[T, K, A, P]) Resume() (bool, error) {
	if len(c.emit) > 0 {
		return c.emitSome(), nil
	}
	do := c.add
	if len(c.slots) == 0 {
		do = c.convert
	}
	more, err := c.run(do)
	c.out.Flush()
	if more || err != nil {
		return more, err
	}
	c.slots = c.slots[:0]
	groups := c.groups.Len()
	switch {
	case c.rows >= combineTrial && groups*3 > c.rows:
		c.pass = combinePause
	case groups < combineGroups:
		return false, nil
	}
	c.emit = c.groups.AppendSlots(c.emit[:0])
	return c.emitSome(), nil
}

func (c *Combine[T, K, A, P]) add(hi int) error {
	for c.next < hi {
		i := c.next
		c.next++
		c.at(c.cursor.batch, i)
		f := c.Add
		if live := c.live.At(c.slots[i]); !*live {
			*live = true
			f = c.Init
		}
		if err := f(c.accs.At(c.slots[i]), &c.cursor.rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// convert makes a partial result of each row.
func (c *Combine[T, K, A, P]) convert(hi int) error {
	for c.next < hi {
		i := c.next
		c.next++
		c.at(c.cursor.batch, i)
		var acc A
		if err := c.Init(&acc, &c.cursor.rows[i]); err != nil {
			return err
		}
		c.out.Collect(c.Partial(c.keysOf[i], &acc))
	}
	return nil
}

// emitSome emits a batch of groups; after the last one it forgets them.
func (c *Combine[T, K, A, P]) emitSome() (more bool) {
	n := min(len(c.emit), c.out.limit)
	for _, slot := range c.emit[:n] {
		c.out.Collect(c.Partial(c.groups.Key(slot), c.accs.At(slot)))
	}
	c.emit = c.emit[n:]
	c.out.Flush()
	if len(c.emit) == 0 {
		c.groups.Reset()
		c.rows = 0
	}
	return len(c.emit) > 0
}

// Advance implements Operator.
func (c *Combine[T, K, A, P]) Advance(watermark int64) (bool, error) {
	c.reached(watermark)
	if watermark != shuffle.MaxWatermark {
		return false, nil
	}
	return c.EndSuperstep()
}

// EndSuperstep implements SuperstepListener.
func (c *Combine[T, K, A, P]) EndSuperstep() (bool, error) {
	c.emit = c.groups.AppendSlots(c.emit[:0])
	return len(c.emit) > 0 && c.emitSome(), nil
}

// Close implements Operator.
func (c *Combine[T, K, A, P]) Close() error {
	c.drop()
	return c.closeUser()
}
