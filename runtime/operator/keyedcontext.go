package operator

import (
	"errors"
	"math"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
)

// TimeDomain tells event time and processing time apart.
type TimeDomain = state.TimeDomain

// KeyedContext is what functions on keyed streams are given: a FunctionContext with the current key and its timers. It
// belongs to the task's goroutine; the key is valid until the function returns.
//
// A timer fires once for each key and time, however often it was registered. Event timers fire when the watermark reaches
// them, in order of time. In BATCH all timers of a key fire when its records are through, those of event time first, with
// the watermark at its end; timers that are registered meanwhile are ignored, as Flink does, or a timer that renews itself
// would never end. At the end of a STREAMING job processing timers that are still to come are dropped.
type KeyedContext[K comparable] struct {
	*FunctionContext
	k      *keyed[K]
	key    K
	domain TimeDomain
}

// CurrentKey is the key of the current record or timer.
func (c *KeyedContext[K]) CurrentKey() K { return c.key }

// TimeDomain tells, while OnTimer runs, whether the timer is one of event time or of processing time.
func (c *KeyedContext[K]) TimeDomain() TimeDomain { return c.domain }

// RegisterEventTimeTimer asks for OnTimer of the current key when the watermark reaches ms; with the next watermark if it
// has already.
func (c *KeyedContext[K]) RegisterEventTimeTimer(ms int64) {
	if !c.k.ending {
		c.k.event.Register(Timer{Time: ms, Slot: c.k.slots.Key()})
	}
}

// RegisterProcessingTimeTimer asks for OnTimer of the current key when the time of day reaches ms.
func (c *KeyedContext[K]) RegisterProcessingTimeTimer(ms int64) {
	if !c.k.ending && c.k.processing.Register(Timer{Time: ms, Slot: c.k.slots.Key()}) {
		c.k.wake(ms)
	}
}

// DeleteEventTimeTimer takes a timer of the current key back.
func (c *KeyedContext[K]) DeleteEventTimeTimer(ms int64) {
	c.k.event.Delete(Timer{Time: ms, Slot: c.k.slots.Key()})
}

// DeleteProcessingTimeTimer takes a timer of the current key back.
func (c *KeyedContext[K]) DeleteProcessingTimeTimer(ms int64) {
	c.k.processing.Delete(Timer{Time: ms, Slot: c.k.slots.Key()})
}

// The names of state in snapshots. Those of timers are Flink's.
const (
	keyedStateName   = "keyed"
	eventTimers      = "_timer_state/event_user-timers"
	processingTimers = "_timer_state/processing_user-timers"
)

// fireStep is how many timers fire between two looks at the clock.
const fireStep = 64

// keyed is what operators with a current key have in common: state, timers and the end of keys in BATCH.
type keyed[K comparable] struct {
	// Backend makes the keyed state; nil for what the task's options say.
	Backend func() (state.Backend[K], error)

	ctx        *Context
	fctx       *FunctionContext
	kctx       *KeyedContext[K]
	clock      clock.Clock
	backend    state.Backend[K]
	slots      *state.Slots
	event      *Timers
	processing *Timers
	rowSlots   []uint32
	warm       int   // rows whose state has come closer
	now        int64 // time of day at the beginning of the slice
	// onTimer handles a timer of the current key; its time is the context's.
	onTimer func(t Timer, domain TimeDomain) error
	// due is what fires now, up to until; nil if nothing does.
	due    *Timers
	until  int64
	last   bool // the last key ends
	ending bool // the current key's timers fire because its records are through
	firing bool // a timer is what the function is at
	timer  Timer
}

// open prepares state and timers. onTimer is set by then.
func (k *keyed[K]) open(ctx *Context) (err error) {
	k.ctx, k.clock = ctx, ctx.Clock
	k.fctx = NewFunctionContext(ctx)
	k.kctx = &KeyedContext[K]{FunctionContext: k.fctx, k: k}
	if k.Backend == nil {
		k.Backend = func() (state.Backend[K], error) {
			if ctx.Mode == Batch { // one key at a time
				return state.NewKeyed[K]()
			}
			return state.New[K](ctx.State, ctx.Subtask)
		}
	}
	if k.backend, err = k.Backend(); err != nil {
		return err
	}
	k.slots = k.backend.States()
	k.fctx.states = k.slots
	if ctx.Mode == Streaming {
		k.slots.Count()
	}
	k.tick()
	k.slots.SetClock(func() state.Times {
		return state.Times{Processing: k.now, Record: k.fctx.time, Watermark: k.fctx.watermark}
	})
	k.event, k.processing = NewTimers(k.slots), NewTimers(k.slots)
	k.ctx.timers = [2]*Timers{k.event, k.processing}
	if ctx.Mode == Batch {
		return nil
	}
	return errors.Join(k.event.save(eventTimers, func(int64) {}), k.processing.save(processingTimers, k.wake),
		saveWatermark(ctx, &k.fctx.watermark), ctx.States.AddKeyed(keyedStateName, k.backend))
}

// tick notes the time of day.
func (k *keyed[K]) tick() { k.now = k.clock.Now().UnixMilli() }

// acquire finds the slots of a batch's keys.
func (k *keyed[K]) acquire(keys []K, hashes []uint64) error {
	if cap(k.rowSlots) < len(keys) {
		k.rowSlots = make([]uint32, max(len(keys), 64))
	}
	k.rowSlots, k.warm = k.rowSlots[:len(keys)], 0
	return k.backend.Acquire(keys, hashes, k.rowSlots)
}

// warmRows is of how many rows the state is asked for at a time.
const warmRows = 64

// enter makes the key of a row of the batch the current one. In BATCH the key before it ends first; ok is false when that needs
// another call.
func (k *keyed[K]) enter(row int, key K) (ok bool, err error) {
	if row >= k.warm {
		k.warm = min(row+warmRows, len(k.rowSlots))
		k.slots.Warm(k.rowSlots[row:k.warm])
	}
	slot := k.rowSlots[row]
	if k.ctx.Mode == Batch && slot != k.slots.Current() {
		if ok, err := k.endKey(); !ok || err != nil {
			return false, err
		}
	}
	k.slots.SetCurrent(slot)
	k.kctx.key = key
	return true, nil
}

// endKey fires some timers of the current key, whose records are through, and forgets it when none is left.
func (k *keyed[K]) endKey() (done bool, err error) {
	slot := k.slots.Current()
	if slot == state.None {
		return true, nil
	}
	if k.event.Len()+k.processing.Len() > 0 {
		k.ending, k.fctx.watermark = true, shuffle.MaxWatermark
		for _, timers := range []*Timers{k.event, k.processing} {
			if done, err := k.fire(timers, math.MaxInt64); !done || err != nil {
				return false, err
			}
		}
	}
	k.ending, k.fctx.watermark = false, shuffle.MinWatermark
	k.backend.Remove(slot)
	k.slots.SetCurrent(state.None)
	return true, nil
}

// fire fires up to fireStep timers; done tells that none is left.
func (k *keyed[K]) fire(timers *Timers, until int64) (done bool, err error) {
	k.tick()
	k.firing = true
	for range fireStep {
		if fetched, err := timers.Fetch(until); err != nil {
			return false, err
		} else if !fetched {
			continue
		}
		t, ok := timers.Take(until)
		if !ok {
			k.firing = false
			return true, nil
		}
		domain := state.EventTime
		k.fctx.time = t.Time
		if timers == k.processing {
			domain = state.ProcessingTime
			k.fctx.time = math.MinInt64
		}
		k.slots.SetCurrent(t.Slot)
		k.kctx.key, k.kctx.domain, k.timer = k.backend.Key(t.Slot), domain, t
		if err := k.onTimer(t, domain); err != nil {
			return false, err
		}
	}
	k.firing = false
	return false, nil
}

// resume fires what is due for a slice of time.
func (k *keyed[K]) resume() (more bool, err error) {
	for start := k.clock.Now(); ; {
		var done bool
		if k.last {
			done, err = k.endKey()
		} else {
			done, err = k.fire(k.due, k.until)
		}
		if err != nil {
			return false, err
		}
		if done {
			if k.last {
				k.fctx.watermark = shuffle.MaxWatermark
			}
			k.due, k.last = nil, false
			k.rest()
			return false, nil
		}
		if k.clock.Now().Sub(start) > sliceTime {
			return true, nil
		}
	}
}

// resuming tells whether resume has something to go on with.
func (k *keyed[K]) resuming() bool { return k.due != nil || k.last }

// rest is called when a batch or a round of timers is through.
func (k *keyed[K]) rest() {
	if k.ctx.Mode == Batch {
		return
	}
	k.slots.SetCurrent(state.None)
	k.backend.Sweep()
	if at, ok := k.processing.NextTime(); ok {
		k.wake(at)
	}
}

func (k *keyed[K]) wake(at int64) {
	if k.ctx.Mode == Streaming {
		k.ctx.WakeAt(max(at, 1))
	}
}

// advance fires the event timers that a watermark has reached, or in BATCH ends the last key.
func (k *keyed[K]) advance(watermark int64) (more bool, err error) {
	if k.ctx.Mode == Streaming {
		k.fctx.watermark = max(k.fctx.watermark, watermark)
		k.due, k.until = k.event, k.fctx.watermark
		return k.resume()
	}
	k.last = watermark == shuffle.MaxWatermark
	if !k.last {
		return false, nil
	}
	return k.resume()
}

// alarm fires the processing timers that the time of day has reached.
func (k *keyed[K]) alarm(now int64) (more bool, err error) {
	if k.ctx.Mode == Batch {
		return false, nil
	}
	k.due, k.until = k.processing, now
	return k.resume()
}

// FiredTimer is what a failure shows when a function has failed at a timer.
type FiredTimer struct {
	Key       any
	Timestamp int64
	Domain    TimeDomain
}

// currentTimer is CurrentRecord while a timer fires.
func (k *keyed[K]) currentTimer() (any, bool) {
	if !k.firing {
		return nil, false
	}
	return FiredTimer{k.kctx.key, k.timer.Time, k.kctx.domain}, true
}

// close gives the state up.
func (k *keyed[K]) close() error {
	if k.backend == nil {
		return nil
	}
	return k.backend.Close()
}
