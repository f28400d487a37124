package operator

import "github.com/leatproject/leat/storage/column"

// CoProcessFunction sees the records of two streams: what it keeps of the one decides about the other.
type CoProcessFunction[A, B, O any] interface {
	ProcessElement1(ctx *FunctionContext, v A, out *Collector[O]) error
	ProcessElement2(ctx *FunctionContext, v B, out *Collector[O]) error
}

// CoProcess calls a function for each record of two streams without keys, in the order in which they come.
type CoProcess[A, B, O any] struct {
	Base
	Function CoProcessFunction[A, B, O]

	first  cursor[A]
	second cursor[B]
	fctx   *FunctionContext
	out    *Collector[O]
}

// Open implements Operator.
func (p *CoProcess[A, B, O]) Open(ctx *Context) error {
	p.first.open(ctx)
	p.second.open(ctx)
	p.fctx = NewFunctionContext(ctx)
	p.out = NewCollector[O](ctx.Output(0))
	return openFunction(p.Function, p.fctx)
}

// Process implements Operator.
func (p *CoProcess[A, B, O]) Process(in int, b *column.Batch) (bool, error) {
	if in == 0 {
		p.first.begin(b)
	} else {
		p.second.begin(b)
	}
	return p.Resume()
}

// Resume implements Operator.
func (p *CoProcess[A, B, O]) Resume() (more bool, err error) {
	if p.first.batch != nil {
		more, err = p.first.run(p.apply1)
	} else {
		more, err = p.second.run(p.apply2)
	}
	p.out.Flush()
	return more, err
}

func (p *CoProcess[A, B, O]) apply1(hi int) error {
	for c := &p.first; c.next < hi; {
		i := c.next
		c.next++
		p.at(c.batch.Time(i))
		if err := p.Function.ProcessElement1(p.fctx, c.rows[i], p.out); err != nil {
			return err
		}
	}
	return nil
}

func (p *CoProcess[A, B, O]) apply2(hi int) error {
	for c := &p.second; c.next < hi; {
		i := c.next
		c.next++
		p.at(c.batch.Time(i))
		if err := p.Function.ProcessElement2(p.fctx, c.rows[i], p.out); err != nil {
			return err
		}
	}
	return nil
}

func (p *CoProcess[A, B, O]) at(time int64) {
	p.fctx.time = time
	p.out.SetTime(time)
}

// Advance implements Operator.
func (p *CoProcess[A, B, O]) Advance(watermark int64) (bool, error) {
	p.fctx.watermark = watermark
	return false, nil
}

// CurrentRecord implements RecordNamer.
func (p *CoProcess[A, B, O]) CurrentRecord() (any, bool) {
	if r, ok := p.first.CurrentRecord(); ok {
		return r, true
	}
	return p.second.CurrentRecord()
}

// Close implements Operator.
func (p *CoProcess[A, B, O]) Close() error {
	p.first.drop()
	p.second.drop()
	return closeFunction(p.Function)
}
