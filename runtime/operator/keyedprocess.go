package operator

import (
	"errors"

	"github.com/leatproject/leat/storage/column"
)

// KeyedProcessFunction sees the records of keyed streams with state and timers. It may have Open and Close, and OnTimer
// (KeyedTimerFunction).
type KeyedProcessFunction[K comparable, I, O any] interface {
	ProcessElement(ctx *KeyedContext[K], v I, out *Collector[O]) error
}

// KeyedTimerFunction is implemented by functions that register timers.
type KeyedTimerFunction[K comparable, O any] interface {
	// OnTimer is called for each timer that fires. What it emits has the timestamp of an event timer, and none for a
	// processing timer.
	OnTimer(ctx *KeyedContext[K], timestamp int64, out *Collector[O]) error
}

// KeyedProcessFunc is a KeyedProcessFunction that is a plain function.
type KeyedProcessFunc[K comparable, I, O any] func(ctx *KeyedContext[K], v I, out *Collector[O]) error

// ProcessElement implements KeyedProcessFunction.
func (f KeyedProcessFunc[K, I, O]) ProcessElement(ctx *KeyedContext[K], v I, out *Collector[O]) error {
	return f(ctx, v, out)
}

// KeyedProcess calls a function for each record, with state and timers of its key. In BATCH its input is sorted (see
// SortedInput): when the key changes, the timers of the one before it fire and its state goes.
type KeyedProcess[I any, K comparable, O any] struct {
	Base
	cursor[I]
	Keys[I, K]
	Function KeyedProcessFunction[K, I, O]

	k      keyed[K]
	keysOf []K
	out    *Collector[O]
}

// Open implements Operator.
func (p *KeyedProcess[I, K, O]) Open(ctx *Context) error {
	p.open(ctx)
	p.out = NewCollector[O](ctx.Output(0))
	p.k.onTimer = timerOf(&p.k, p.Function, p.out)
	if err := p.k.open(ctx); err != nil {
		return err
	}
	return openFunction(p.Function, p.k.fctx)
}

// timerOf returns what handles the timers of a function.
func timerOf[K comparable, O any](k *keyed[K], f any, out *Collector[O]) func(Timer, TimeDomain) error {
	on, ok := f.(KeyedTimerFunction[K, O])
	if !ok {
		return func(Timer, TimeDomain) error { return nil }
	}
	return func(t Timer, _ TimeDomain) error {
		out.SetTime(k.fctx.time)
		return on.OnTimer(k.kctx, t.Time, out)
	}
}

// Process implements Operator.
func (p *KeyedProcess[I, K, O]) Process(_ int, b *column.Batch) (bool, error) {
	p.begin(b)
	keys, hashes := p.Of(b)
	if err := p.k.acquire(keys, hashes); err != nil {
		return false, err
	}
	p.keysOf = keys
	return p.Resume()
}

// Resume implements Operator.
func (p *KeyedProcess[I, K, O]) Resume() (more bool, err error) {
	if p.k.resuming() {
		return p.flushed(p.k.resume())
	}
	if more, err = p.run(p.apply); !more && err == nil {
		p.k.rest()
	}
	return p.flushed(more, err)
}

func (p *KeyedProcess[I, K, O]) flushed(more bool, err error) (bool, error) {
	p.out.Flush()
	return more, err
}

func (p *KeyedProcess[I, K, O]) apply(hi int) error {
	p.k.tick()
	times := p.batch.Times
	for p.next < hi {
		i := p.next
		if ok, err := p.k.enter(i, p.keysOf[i]); !ok {
			return err
		}
		p.next++
		if len(times) > 0 {
			p.k.fctx.time = times[i]
		} else {
			p.k.fctx.time = column.NoTime
		}
		p.out.SetTime(p.k.fctx.time)
		if err := p.Function.ProcessElement(p.k.kctx, p.rows[i], p.out); err != nil {
			return err
		}
	}
	return nil
}

// Advance implements Operator.
func (p *KeyedProcess[I, K, O]) Advance(watermark int64) (bool, error) {
	return p.flushed(p.k.advance(watermark))
}

// Tick implements Operator.
func (p *KeyedProcess[I, K, O]) Tick(now int64) (bool, error) { return p.flushed(p.k.alarm(now)) }

// CurrentRecord implements RecordNamer.
func (p *KeyedProcess[I, K, O]) CurrentRecord() (any, bool) {
	if t, ok := p.k.currentTimer(); ok {
		return t, true
	}
	return p.cursor.CurrentRecord()
}

// Close implements Operator.
func (p *KeyedProcess[I, K, O]) Close() error {
	p.drop()
	return closeAll(p.Function, p.k.close)
}

// closeAll closes a function and then what it used.
func closeAll(f any, rest ...func() error) error {
	err := closeFunction(f)
	for _, r := range rest {
		err = errors.Join(err, r())
	}
	return err
}
