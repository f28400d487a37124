package operator

import "github.com/leatproject/leat/storage/column"

// ProcessFunction makes any number of records of one record, on the main output and on side outputs.
type ProcessFunction[I, O any] interface {
	ProcessElement(ctx *FunctionContext, v I, out *Collector[O]) error
}

// ProcessFunc is a ProcessFunction that is a plain function.
type ProcessFunc[I, O any] func(ctx *FunctionContext, v I, out *Collector[O]) error

// ProcessElement implements ProcessFunction.
func (f ProcessFunc[I, O]) ProcessElement(ctx *FunctionContext, v I, out *Collector[O]) error {
	return f(ctx, v, out)
}

// Process calls a function for each record of a stream without keys.
type Process[I, O any] struct {
	Base
	cursor[I]
	Function ProcessFunction[I, O]

	fctx *FunctionContext
	out  *Collector[O]
}

// Open implements Operator.
func (p *Process[I, O]) Open(ctx *Context) error {
	p.open(ctx)
	p.fctx = NewFunctionContext(ctx)
	p.out = NewCollector[O](ctx.Output(0))
	return openFunction(p.Function, p.fctx)
}

// Process implements Operator.
func (p *Process[I, O]) Process(_ int, b *column.Batch) (bool, error) {
	p.begin(b)
	return p.Resume()
}

// Resume implements Operator.
func (p *Process[I, O]) Resume() (bool, error) {
	more, err := p.run(p.apply)
	p.out.Flush()
	return more, err
}

func (p *Process[I, O]) apply(hi int) error {
	for p.next < hi {
		i := p.next
		p.next++
		p.fctx.time = p.batch.Time(i)
		p.out.SetTime(p.fctx.time)
		if err := p.Function.ProcessElement(p.fctx, p.rows[i], p.out); err != nil {
			return err
		}
	}
	return nil
}

// Advance implements Operator.
func (p *Process[I, O]) Advance(watermark int64) (bool, error) {
	p.fctx.watermark = watermark
	return false, nil
}

// Close implements Operator.
func (p *Process[I, O]) Close() error {
	p.drop()
	return closeFunction(p.Function)
}
