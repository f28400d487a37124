package operator

import (
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
)

// KeyedReadOnlyContext is what functions are given for a record or timer of the keyed stream beside a broadcast stream.
type KeyedReadOnlyContext[K comparable] struct {
	*KeyedContext[K]
	states broadcastStates
}

func (c *KeyedReadOnlyContext[K]) readable() broadcastStates { return c.states }

// KeyedBroadcastContext is what functions are given for a broadcast record beside a keyed stream. There is no current key;
// ApplyToKeyedState visits all keys.
type KeyedBroadcastContext[K comparable] struct {
	*FunctionContext
	states broadcastStates
	k      *keyed[K]
}

func (c *KeyedBroadcastContext[K]) writable() broadcastStates { return c.states }

// ApplyToKeyedState calls f for each key of the sub-task that has a value in s, which then speaks of that key. In BATCH there
// are no keys while broadcast records are processed.
func ApplyToKeyedState[K comparable, S state.State](ctx *KeyedBroadcastContext[K], s S, f func(key K, s S) error) error {
	defer ctx.k.slots.SetCurrent(ctx.k.slots.Current())
	return ctx.k.backend.Each(func(slot uint32) error {
		if !s.Has(slot) {
			return nil
		}
		ctx.k.slots.SetCurrent(slot)
		return f(ctx.k.backend.Key(slot), s)
	})
}

// KeyedBroadcastProcessFunction sees the records of a keyed stream and of a broadcast stream. It may have Open and Close, and
// OnTimer (KeyedBroadcastTimerFunction).
type KeyedBroadcastProcessFunction[K comparable, A, B, O any] interface {
	ProcessElement(ctx *KeyedReadOnlyContext[K], v A, out *Collector[O]) error
	ProcessBroadcastElement(ctx *KeyedBroadcastContext[K], v B, out *Collector[O]) error
}

// KeyedBroadcastTimerFunction is implemented by functions that register timers.
type KeyedBroadcastTimerFunction[K comparable, O any] interface {
	OnTimer(ctx *KeyedReadOnlyContext[K], timestamp int64, out *Collector[O]) error
}

// KeyedBroadcastProcessFuncs is a KeyedBroadcastProcessFunction of two plain functions.
type KeyedBroadcastProcessFuncs[K comparable, A, B, O any] struct {
	Element   func(ctx *KeyedReadOnlyContext[K], v A, out *Collector[O]) error
	Broadcast func(ctx *KeyedBroadcastContext[K], v B, out *Collector[O]) error
}

// ProcessElement implements KeyedBroadcastProcessFunction.
func (f KeyedBroadcastProcessFuncs[K, A, B, O]) ProcessElement(ctx *KeyedReadOnlyContext[K], v A, out *Collector[O]) error {
	return f.Element(ctx, v, out)
}

// ProcessBroadcastElement implements KeyedBroadcastProcessFunction.
func (f KeyedBroadcastProcessFuncs[K, A, B, O]) ProcessBroadcastElement(ctx *KeyedBroadcastContext[K], v B, out *Collector[O]) error {
	return f.Broadcast(ctx, v, out)
}

// KeyedBroadcastProcess calls a function for each record of a keyed stream (input 0) and of a broadcast stream (input 1). In
// BATCH its keyed input is sorted (see SortedInput), so that all broadcast records come first.
type KeyedBroadcastProcess[A, B any, K comparable, O any] struct {
	KeyedProcess[A, K, O]
	Function    KeyedBroadcastProcessFunction[K, A, B, O]
	Descriptors []BroadcastDescriptor

	second cursor[B]
	write  *KeyedBroadcastContext[K]
}

// Open implements Operator.
func (p *KeyedBroadcastProcess[A, B, K, O]) Open(ctx *Context) error {
	states, err := newBroadcastStates(p.Descriptors, &ctx.States)
	if err != nil {
		return err
	}
	p.second.open(ctx)
	p.KeyedProcess.Function = &keyedBroadcastSide[A, B, K, O]{lifecycle: lifecycle{p.Function}, f: p.Function,
		read: &KeyedReadOnlyContext[K]{states: states}}
	p.write = &KeyedBroadcastContext[K]{states: states, k: &p.k}
	if err := p.KeyedProcess.Open(ctx); err != nil {
		return err
	}
	p.write.FunctionContext = p.k.fctx
	return nil
}

// Process implements Operator.
func (p *KeyedBroadcastProcess[A, B, K, O]) Process(in int, b *column.Batch) (bool, error) {
	if in == 0 {
		return p.KeyedProcess.Process(0, b)
	}
	p.second.begin(b)
	return p.Resume()
}

// Resume implements Operator.
func (p *KeyedBroadcastProcess[A, B, K, O]) Resume() (more bool, err error) {
	if p.second.batch == nil {
		return p.KeyedProcess.Resume()
	}
	if more, err = p.second.run(p.applyBroadcast); !more && err == nil {
		p.k.rest()
	}
	return p.flushed(more, err)
}

func (p *KeyedBroadcastProcess[A, B, K, O]) applyBroadcast(hi int) error {
	p.k.tick()
	for c := &p.second; c.next < hi; {
		i := c.next
		c.next++
		p.k.fctx.time = c.batch.Time(i)
		p.out.SetTime(p.k.fctx.time)
		if err := p.Function.ProcessBroadcastElement(p.write, c.rows[i], p.out); err != nil {
			return err
		}
	}
	return nil
}

// CurrentRecord implements RecordNamer.
func (p *KeyedBroadcastProcess[A, B, K, O]) CurrentRecord() (any, bool) {
	if r, ok := p.second.CurrentRecord(); ok {
		return r, true
	}
	return p.KeyedProcess.CurrentRecord()
}

// Close implements Operator.
func (p *KeyedBroadcastProcess[A, B, K, O]) Close() error {
	p.second.drop()
	return p.KeyedProcess.Close()
}

// keyedBroadcastSide is the keyed side of a KeyedBroadcastProcessFunction as a KeyedProcessFunction.
type keyedBroadcastSide[A, B any, K comparable, O any] struct {
	lifecycle
	f    KeyedBroadcastProcessFunction[K, A, B, O]
	read *KeyedReadOnlyContext[K]
}

func (s *keyedBroadcastSide[A, B, K, O]) ProcessElement(ctx *KeyedContext[K], v A, out *Collector[O]) error {
	s.read.KeyedContext = ctx
	return s.f.ProcessElement(s.read, v, out)
}

// OnTimer implements KeyedTimerFunction.
func (s *keyedBroadcastSide[A, B, K, O]) OnTimer(ctx *KeyedContext[K], timestamp int64, out *Collector[O]) error {
	on, ok := s.f.(KeyedBroadcastTimerFunction[K, O])
	if !ok {
		return nil
	}
	s.read.KeyedContext = ctx
	return on.OnTimer(s.read, timestamp, out)
}
