package window

import (
	"fmt"
	"time"
)

// fireName is what the continuous triggers remember: when they fire next.
const fireName = "fire-time"

// ContinuousTrigger fires at each multiple of an interval of event time or processing time while the window has records,
// and at its end.
type ContinuousTrigger struct {
	interval  int64
	eventTime bool
}

// ContinuousEventTime returns the trigger for event time.
func ContinuousEventTime(interval time.Duration) ContinuousTrigger {
	return ContinuousTrigger{interval.Milliseconds(), true}
}

// ContinuousProcessingTime returns the trigger for processing time.
func ContinuousProcessingTime(interval time.Duration) ContinuousTrigger {
	return ContinuousTrigger{interval.Milliseconds(), false}
}

// OnElement implements Trigger.
func (t ContinuousTrigger) OnElement(_ any, timestamp int64, w Window, ctx TriggerContext) (Result, error) {
	if t.eventTime {
		if w.MaxTimestamp() <= ctx.Watermark() {
			return Fire, nil
		}
		ctx.RegisterEventTimeTimer(w.MaxTimestamp())
	} else {
		timestamp = ctx.ProcessingTime()
	}
	if _, ok := ctx.Number(fireName); !ok {
		t.next(timestamp-timestamp%t.interval, w, ctx)
	}
	return Continue, nil
}

// next sets the firing after time. The end of the window is one, unless it has passed: in processing time windows of event time
// last longer.
func (t ContinuousTrigger) next(time int64, w Window, ctx TriggerContext) {
	at := time + t.interval
	if end := w.MaxTimestamp(); time < end {
		at = min(at, end)
	}
	ctx.SetNumber(fireName, at)
	t.register(at, ctx)
}

func (t ContinuousTrigger) register(at int64, ctx TriggerContext) {
	if t.eventTime {
		ctx.RegisterEventTimeTimer(at)
	} else {
		ctx.RegisterProcessingTimeTimer(at)
	}
}

// OnEventTime implements Trigger.
func (t ContinuousTrigger) OnEventTime(time int64, w Window, ctx TriggerContext) (Result, error) {
	if !t.eventTime {
		return Continue, nil
	}
	if time == w.MaxTimestamp() {
		return Fire, nil
	}
	return t.due(time, w, ctx), nil
}

// OnProcessingTime implements Trigger.
func (t ContinuousTrigger) OnProcessingTime(time int64, w Window, ctx TriggerContext) (Result, error) {
	if t.eventTime {
		return Continue, nil
	}
	return t.due(time, w, ctx), nil
}

func (t ContinuousTrigger) due(time int64, w Window, ctx TriggerContext) Result {
	if at, ok := ctx.Number(fireName); !ok || at != time {
		return Continue
	}
	ctx.ClearNumber(fireName)
	t.next(time, w, ctx)
	return Fire
}

// OnMerge implements Trigger.
func (t ContinuousTrigger) OnMerge(_ Window, ctx MergeContext) error {
	ctx.MergeNumber(fireName, func(a, b int64) int64 { return min(a, b) })
	if at, ok := ctx.Number(fireName); ok {
		t.register(at, ctx)
	}
	return nil
}

// Clear implements Trigger.
func (t ContinuousTrigger) Clear(_ Window, ctx TriggerContext) error {
	at, ok := ctx.Number(fireName)
	if !ok {
		return nil
	}
	if t.eventTime {
		ctx.DeleteEventTimeTimer(at)
	} else {
		ctx.DeleteProcessingTimeTimer(at)
	}
	ctx.ClearNumber(fireName)
	return nil
}

// CanMerge implements Trigger.
func (ContinuousTrigger) CanMerge() bool { return true }

// Validate implements Validator.
func (t ContinuousTrigger) Validate() error {
	if t.interval < 1 {
		return fmt.Errorf("continuous trigger with an interval of %d ms: it must be at least 1 ms", t.interval)
	}
	return nil
}

// String names the trigger.
func (t ContinuousTrigger) String() string {
	if t.eventTime {
		return fmt.Sprintf("ContinuousEventTimeTrigger(%d)", t.interval)
	}
	return fmt.Sprintf("ContinuousProcessingTimeTrigger(%d)", t.interval)
}
