package operator

import (
	"time"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
)

// sliceTime is how long user functions run before the task looks at its mailbox.
const sliceTime = time.Millisecond

// cursor walks over the rows of one batch in slices of about sliceTime: what operators that call user functions embed.
type cursor[T any] struct {
	batch *column.Batch
	rows  []T
	next  int // the row after the current one
	step  int // rows between two looks at the clock
	clock clock.Clock
}

func (c *cursor[T]) open(ctx *Context) { c.clock, c.step = ctx.Clock, 64 }

// begin takes over b.
func (c *cursor[T]) begin(b *column.Batch) {
	c.batch, c.rows, c.next = b, column.Rows[T](b), 0
}

// run is walk, after which the batch is released.
func (c *cursor[T]) run(do func(hi int) error) (more bool, err error) {
	if c.batch == nil {
		return false, nil
	}
	if more, err = c.walk(do); !more && err == nil {
		c.end()
	}
	return more, err
}

// walk calls do for ranges of rows, from c.next to hi, until all are done or the slice of time is over (more). do sets
// c.next to the row after the one that it is at.
func (c *cursor[T]) walk(do func(hi int) error) (more bool, err error) {
	start := c.clock.Now()
	for c.next < len(c.rows) {
		lo := c.next
		hi := min(lo+c.step, len(c.rows))
		if err := do(hi); err != nil {
			return false, err
		}
		if took := c.clock.Now().Sub(start); took > sliceTime {
			if hi-lo == c.step && c.step > 1 {
				c.step /= 2
			}
			if c.next < len(c.rows) {
				return true, nil
			}
		} else if took < sliceTime/4 && c.step < column.MaxRows {
			c.step *= 2
		}
	}
	return false, nil
}

// end releases the batch.
func (c *cursor[T]) end() {
	c.batch.Release()
	c.batch, c.rows, c.next = nil, nil, 0
}

// drop releases what an error or a cancellation left.
func (c *cursor[T]) drop() {
	if c.batch != nil {
		c.end()
	}
}

// CurrentRecord implements RecordNamer.
func (c *cursor[T]) CurrentRecord() (any, bool) {
	if i := c.next - 1; c.batch != nil && i >= 0 && i < len(c.rows) {
		return c.rows[i], true
	}
	return nil, false
}
