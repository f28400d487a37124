package operator

import "github.com/leatproject/leat/storage/column"

// FlatMapFunction makes any number of records of one record.
type FlatMapFunction[I, O any] interface {
	FlatMap(ctx *FunctionContext, v I, out *Collector[O]) error
}

// FlatMapFunc is a FlatMapFunction that is a plain function.
type FlatMapFunc[I, O any] func(ctx *FunctionContext, v I, out *Collector[O]) error

// FlatMap implements FlatMapFunction.
func (f FlatMapFunc[I, O]) FlatMap(ctx *FunctionContext, v I, out *Collector[O]) error {
	return f(ctx, v, out)
}

// FlatMap applies a function to each record; the function emits what it likes.
//
//	FlatMap(strings.Fields): ["a b" "c"] -> [a b c]
type FlatMap[I, O any] struct {
	Base
	cursor[I]
	// Simple is called if it is set, else Function.
	Simple   func(I, *Collector[O])
	Function FlatMapFunction[I, O]

	fctx *FunctionContext
	out  *Collector[O]
}

// Open implements Operator.
func (m *FlatMap[I, O]) Open(ctx *Context) error {
	m.open(ctx)
	m.fctx = NewFunctionContext(ctx)
	m.out = NewCollector[O](ctx.Output(0))
	return openFunction(m.Function, m.fctx)
}

// Process implements Operator.
func (m *FlatMap[I, O]) Process(_ int, b *column.Batch) (bool, error) {
	m.begin(b)
	return m.Resume()
}

// Resume implements Operator.
func (m *FlatMap[I, O]) Resume() (bool, error) {
	more, err := m.run(m.apply)
	m.out.Flush()
	return more, err
}

func (m *FlatMap[I, O]) apply(hi int) error {
	for m.next < hi {
		i := m.next
		m.next++
		if len(m.batch.Times) > 0 {
			m.fctx.time = m.batch.Times[i]
			m.out.SetTime(m.fctx.time)
		}
		if m.Simple != nil {
			m.Simple(m.rows[i], m.out)
			continue
		}
		if err := m.Function.FlatMap(m.fctx, m.rows[i], m.out); err != nil {
			return err
		}
	}
	return nil
}

// Advance implements Operator.
func (m *FlatMap[I, O]) Advance(watermark int64) (bool, error) {
	m.fctx.watermark = watermark
	return false, nil
}

// Close implements Operator.
func (m *FlatMap[I, O]) Close() error {
	m.drop()
	return closeFunction(m.Function)
}
