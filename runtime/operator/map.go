package operator

import "github.com/leatproject/leat/storage/column"

// MapFunction makes one record of one record.
type MapFunction[I, O any] interface {
	Map(ctx *FunctionContext, v I) (O, error)
}

// MapFunc is a MapFunction that is a plain function.
type MapFunc[I, O any] func(ctx *FunctionContext, v I) (O, error)

// Map implements MapFunction.
func (f MapFunc[I, O]) Map(ctx *FunctionContext, v I) (O, error) { return f(ctx, v) }

// Map applies a function to each record.
//
//	Map(f): [a b c] -> [f(a) f(b) f(c)]
type Map[I, O any] struct {
	Base
	cursor[I]
	// Simple is called if it is set, else Function.
	Simple   func(I) O
	Function MapFunction[I, O]

	fctx *FunctionContext
	out  *Collector[O]
}

// Open implements Operator.
func (m *Map[I, O]) Open(ctx *Context) error {
	m.open(ctx)
	m.fctx = NewFunctionContext(ctx)
	m.out = NewCollector[O](ctx.Output(0))
	return openFunction(m.Function, m.fctx)
}

// Process implements Operator.
func (m *Map[I, O]) Process(_ int, b *column.Batch) (bool, error) {
	m.begin(b)
	return m.Resume()
}

// Resume implements Operator.
func (m *Map[I, O]) Resume() (bool, error) {
	more, err := m.run(m.apply)
	m.out.Flush()
	return more, err
}

func (m *Map[I, O]) apply(hi int) error {
	times := m.batch.Times
	if m.Simple != nil && len(times) == 0 {
		f := m.Simple
		for m.next < hi {
			v := m.rows[m.next]
			m.next++
			m.out.Collect(f(v))
		}
		return nil
	}
	for m.next < hi {
		i := m.next
		m.next++
		m.fctx.time = m.batch.Time(i)
		m.out.SetTime(m.fctx.time)
		if m.Simple != nil {
			m.out.Collect(m.Simple(m.rows[i]))
			continue
		}
		o, err := m.Function.Map(m.fctx, m.rows[i])
		if err != nil {
			return err
		}
		m.out.Collect(o)
	}
	return nil
}

// Advance implements Operator.
func (m *Map[I, O]) Advance(watermark int64) (bool, error) {
	m.fctx.watermark = watermark
	return false, nil
}

// Close implements Operator.
func (m *Map[I, O]) Close() error {
	m.drop()
	return closeFunction(m.Function)
}
