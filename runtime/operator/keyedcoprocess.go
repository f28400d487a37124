package operator

import "github.com/leatproject/leat/storage/column"

// KeyedCoProcessFunction sees the records of two streams that are keyed alike, with state and timers that both share. It may
// have Open and Close, and OnTimer (KeyedTimerFunction).
type KeyedCoProcessFunction[K comparable, A, B, O any] interface {
	ProcessElement1(ctx *KeyedContext[K], v A, out *Collector[O]) error
	ProcessElement2(ctx *KeyedContext[K], v B, out *Collector[O]) error
}

// KeyedCoProcess calls a function for each record of two keyed streams. In BATCH its inputs are sorted together (see
// SortedInput).
type KeyedCoProcess[A, B any, K comparable, O any] struct {
	Base
	Function KeyedCoProcessFunction[K, A, B, O]
	// Keys1 and Keys2 extract the keys of the inputs.
	Keys1 Keys[A, K]
	Keys2 Keys[B, K]

	first  cursor[A]
	second cursor[B]
	k      keyed[K]
	keysOf []K
	out    *Collector[O]
}

// Open implements Operator.
func (p *KeyedCoProcess[A, B, K, O]) Open(ctx *Context) error {
	p.first.open(ctx)
	p.second.open(ctx)
	p.out = NewCollector[O](ctx.Output(0))
	p.k.onTimer = timerOf(&p.k, p.Function, p.out)
	if err := p.k.open(ctx); err != nil {
		return err
	}
	return openFunction(p.Function, p.k.fctx)
}

// Process implements Operator.
func (p *KeyedCoProcess[A, B, K, O]) Process(in int, b *column.Batch) (bool, error) {
	var hashes []uint64
	if in == 0 {
		p.first.begin(b)
		p.keysOf, hashes = p.Keys1.Of(b)
	} else {
		p.second.begin(b)
		p.keysOf, hashes = p.Keys2.Of(b)
	}
	if err := p.k.acquire(p.keysOf, hashes); err != nil {
		return false, err
	}
	return p.Resume()
}

// Resume implements Operator.
func (p *KeyedCoProcess[A, B, K, O]) Resume() (more bool, err error) {
	switch {
	case p.k.resuming():
		return p.flushed(p.k.resume())
	case p.first.batch != nil:
		more, err = p.first.run(p.apply1)
	default:
		more, err = p.second.run(p.apply2)
	}
	if !more && err == nil {
		p.k.rest()
	}
	return p.flushed(more, err)
}

func (p *KeyedCoProcess[A, B, K, O]) flushed(more bool, err error) (bool, error) {
	p.out.Flush()
	return more, err
}

func (p *KeyedCoProcess[A, B, K, O]) apply1(hi int) error {
	p.k.tick()
	for c := &p.first; c.next < hi; {
		i := c.next
		if ok, err := p.k.enter(i, p.keysOf[i]); !ok {
			return err
		}
		c.next++
		p.at(c.batch.Time(i))
		if err := p.Function.ProcessElement1(p.k.kctx, c.rows[i], p.out); err != nil {
			return err
		}
	}
	return nil
}

func (p *KeyedCoProcess[A, B, K, O]) apply2(hi int) error {
	p.k.tick()
	for c := &p.second; c.next < hi; {
		i := c.next
		if ok, err := p.k.enter(i, p.keysOf[i]); !ok {
			return err
		}
		c.next++
		p.at(c.batch.Time(i))
		if err := p.Function.ProcessElement2(p.k.kctx, c.rows[i], p.out); err != nil {
			return err
		}
	}
	return nil
}

func (p *KeyedCoProcess[A, B, K, O]) at(time int64) {
	p.k.fctx.time = time
	p.out.SetTime(time)
}

// Advance implements Operator.
func (p *KeyedCoProcess[A, B, K, O]) Advance(watermark int64) (bool, error) {
	return p.flushed(p.k.advance(watermark))
}

// Tick implements Operator.
func (p *KeyedCoProcess[A, B, K, O]) Tick(now int64) (bool, error) { return p.flushed(p.k.alarm(now)) }

// CurrentRecord implements RecordNamer.
func (p *KeyedCoProcess[A, B, K, O]) CurrentRecord() (any, bool) {
	if t, ok := p.k.currentTimer(); ok {
		return t, true
	}
	if r, ok := p.first.CurrentRecord(); ok {
		return r, true
	}
	return p.second.CurrentRecord()
}

// Close implements Operator.
func (p *KeyedCoProcess[A, B, K, O]) Close() error {
	p.first.drop()
	p.second.drop()
	return closeAll(p.Function, p.k.close)
}
