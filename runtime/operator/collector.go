package operator

import "github.com/leatproject/leat/storage/column"

// Collector takes the records that a function emits, for one output of one operator. Records emitted without a timestamp
// of their own get the one of the record that is being processed. It belongs to the task's goroutine and is valid for as
// long as the operator is.
type Collector[T any] struct {
	out   *Output
	pool  *column.Pool
	batch *column.Batch
	rows  []T
	limit int
	// time of the record being processed; timed tells whether times are kept at all.
	time  int64
	timed bool
	times []int64
}

// NewCollector returns a collector that emits on out.
func NewCollector[T any](out *Output) *Collector[T] {
	pool := column.NewPool[T]()
	b := pool.Get()
	return &Collector[T]{out: out, pool: pool, batch: b, limit: b.RowLimit(), time: column.NoTime}
}

// Collect emits v.
func (c *Collector[T]) Collect(v T) {
	if c.timed {
		c.times = append(c.times, c.time)
	}
	c.rows = append(c.rows, v)
	if len(c.rows) >= c.limit {
		c.Flush()
	}
}

// CollectAt emits v with a timestamp in milliseconds.
func (c *Collector[T]) CollectAt(v T, time int64) {
	if !c.timed {
		c.timed = true
		for range c.rows {
			c.times = append(c.times, column.NoTime)
		}
	}
	c.times = append(c.times, time)
	c.rows = append(c.rows, v)
	if len(c.rows) >= c.limit {
		c.Flush()
	}
}

// SetTime sets the timestamp of what is collected from now on; NoTime for none.
func (c *Collector[T]) SetTime(time int64) {
	if time != column.NoTime && !c.timed {
		c.timed = true
		for range c.rows {
			c.times = append(c.times, column.NoTime)
		}
	}
	c.time = time
}

// Len is the number of records that wait for Flush.
func (c *Collector[T]) Len() int { return len(c.rows) }

// Flush emits what was collected as one batch.
func (c *Collector[T]) Flush() {
	if len(c.rows) == 0 {
		return
	}
	b := c.batch
	column.SetRows(b, c.rows)
	if c.timed {
		b.Times = c.times
	}
	c.batch = c.pool.Get()
	c.rows, c.times = column.Rows[T](c.batch)[:0], c.batch.Times[:0]
	if !c.keepTimed() {
		c.timed = false
	}
	c.out.Emit(b)
}

// keepTimed tells whether the next batch begins with timestamps.
func (c *Collector[T]) keepTimed() bool { return c.time != column.NoTime }
