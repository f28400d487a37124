package operator

import (
	"iter"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// MapPartitionFunction makes records of all records of one sub-task. rows can be ranged over once.
type MapPartitionFunction[I, O any] interface {
	MapPartition(ctx *FunctionContext, rows iter.Seq[I], out *Collector[O]) error
}

// MapPartitionFunc is a MapPartitionFunction that is a plain function.
type MapPartitionFunc[I, O any] func(ctx *FunctionContext, rows iter.Seq[I], out *Collector[O]) error

// MapPartition implements MapPartitionFunction.
func (f MapPartitionFunc[I, O]) MapPartition(ctx *FunctionContext, rows iter.Seq[I], out *Collector[O]) error {
	return f(ctx, rows, out)
}

// MapPartition calls a function once, with an iterator over all rows of its sub-task. The function is a coroutine of the
// task: when it asks for a row that is not there yet, has emitted a batch or has had its slice of time, the task goes on
// and comes back later. So rows are never collected.
//
//	MapPartition(sum): [1 2 3] -> [6]
type MapPartition[I, O any] struct {
	Base
	Function MapPartitionFunction[I, O]

	fctx   *FunctionContext
	out    *Collector[O]
	pace   pace
	next   func() (pause, bool) // runs the function to its next pause; false when it has ended
	stop   func()
	batch  *column.Batch
	rows   []I
	row    int
	ended  bool // no more rows will come
	gone   bool // the task has ended before the function
	done   bool // the function has ended
	failed error
}

// pause is why a function has paused.
type pause int

const (
	pauseStarved pause = iota // it wants a row
	pauseSlice                // its slice of time is over, or it has emitted a batch
)

// Unsaved implements Unsaved.
func (*MapPartition[I, O]) Unsaved() string { return "how far a function has come with its rows" }

// Open implements Operator.
func (m *MapPartition[I, O]) Open(ctx *Context) error {
	m.fctx = NewFunctionContext(ctx)
	m.pace.clock = ctx.Clock
	out := ctx.Output(0)
	var yield func(pause) bool
	m.out = NewCollector[O](&Output{Send: func(b *column.Batch) {
		if m.gone {
			b.Release()
			return
		}
		out.Emit(b)
		m.gone = !yield(pauseSlice)
	}})
	m.next, m.stop = iter.Pull(func(y func(pause) bool) {
		yield = y
		m.failed = guarded("map partition", func() error {
			err := m.Function.MapPartition(m.fctx, m.each(y), m.out)
			if err == nil {
				m.out.Flush()
			}
			return err
		})
	})
	return openFunction(m.Function, m.fctx)
}

// each iterates over the rows, on the function's coroutine.
func (m *MapPartition[I, O]) each(yield func(pause) bool) iter.Seq[I] {
	return func(use func(I) bool) {
		for !m.gone {
			if m.row < len(m.rows) {
				v := m.rows[m.row]
				m.row++
				if !use(v) {
					return
				}
				if m.pace.over() {
					m.gone = m.gone || !yield(pauseSlice)
				}
				continue
			}
			if m.ended {
				return
			}
			m.gone = !yield(pauseStarved)
		}
	}
}

// Process implements Operator.
func (m *MapPartition[I, O]) Process(_ int, b *column.Batch) (bool, error) {
	if m.done {
		b.Release()
		return false, nil
	}
	m.batch, m.rows, m.row = b, column.Rows[I](b), 0
	return m.Resume()
}

// Resume implements Operator: it runs the function until it pauses.
func (m *MapPartition[I, O]) Resume() (more bool, err error) {
	if m.done {
		return false, nil
	}
	m.pace.begin()
	why, running := m.next()
	if running && why == pauseSlice {
		return true, nil
	}
	if !running {
		m.done = true
		if m.failed != nil {
			return false, m.failed
		}
	}
	m.release()
	return false, nil
}

func (m *MapPartition[I, O]) release() {
	if m.batch != nil {
		m.batch.Release()
		m.batch, m.rows, m.row = nil, nil, 0
	}
}

// Advance implements Operator: the function ends before the end of time.
func (m *MapPartition[I, O]) Advance(watermark int64) (bool, error) {
	m.fctx.watermark = watermark
	if watermark != shuffle.MaxWatermark {
		return false, nil
	}
	m.ended = true
	return m.Resume()
}

// CurrentRecord implements RecordNamer.
func (m *MapPartition[I, O]) CurrentRecord() (any, bool) {
	if m.row > 0 && m.row <= len(m.rows) {
		return m.rows[m.row-1], true
	}
	return nil, false
}

// Close implements Operator: a function that has not ended sees the end of its rows.
func (m *MapPartition[I, O]) Close() error {
	if m.stop == nil {
		return nil
	}
	m.stop()
	m.gone = true
	m.release()
	return closeFunction(m.Function)
}
