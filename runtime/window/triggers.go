package window

import (
	"fmt"
	"reflect"
)

// EventTimeTrigger fires when the watermark passes the end of the window, and for each record that comes later.
type EventTimeTrigger struct{}

// OnElement implements Trigger.
func (EventTimeTrigger) OnElement(_ any, _ int64, w Window, ctx TriggerContext) (Result, error) {
	if w.MaxTimestamp() <= ctx.Watermark() {
		return Fire, nil
	}
	ctx.RegisterEventTimeTimer(w.MaxTimestamp())
	return Continue, nil
}

// OnEventTime implements Trigger.
func (EventTimeTrigger) OnEventTime(time int64, w Window, _ TriggerContext) (Result, error) {
	if time == w.MaxTimestamp() {
		return Fire, nil
	}
	return Continue, nil
}

// OnProcessingTime implements Trigger.
func (EventTimeTrigger) OnProcessingTime(int64, Window, TriggerContext) (Result, error) {
	return Continue, nil
}

// OnMerge implements Trigger.
func (EventTimeTrigger) OnMerge(w Window, ctx MergeContext) error {
	if w.MaxTimestamp() > ctx.Watermark() {
		ctx.RegisterEventTimeTimer(w.MaxTimestamp())
	}
	return nil
}

// Clear implements Trigger.
func (EventTimeTrigger) Clear(w Window, ctx TriggerContext) error {
	ctx.DeleteEventTimeTimer(w.MaxTimestamp())
	return nil
}

// CanMerge implements Trigger.
func (EventTimeTrigger) CanMerge() bool { return true }

// String names the trigger.
func (EventTimeTrigger) String() string { return "EventTimeTrigger()" }

// ProcessingTimeTrigger fires when processing time passes the end of the window.
type ProcessingTimeTrigger struct{}

// OnElement implements Trigger.
func (ProcessingTimeTrigger) OnElement(_ any, _ int64, w Window, ctx TriggerContext) (Result, error) {
	ctx.RegisterProcessingTimeTimer(w.MaxTimestamp())
	return Continue, nil
}

// OnEventTime implements Trigger.
func (ProcessingTimeTrigger) OnEventTime(int64, Window, TriggerContext) (Result, error) {
	return Continue, nil
}

// OnProcessingTime implements Trigger.
func (ProcessingTimeTrigger) OnProcessingTime(int64, Window, TriggerContext) (Result, error) {
	return Fire, nil
}

// OnMerge implements Trigger.
func (ProcessingTimeTrigger) OnMerge(w Window, ctx MergeContext) error {
	if w.MaxTimestamp() > ctx.ProcessingTime() {
		ctx.RegisterProcessingTimeTimer(w.MaxTimestamp())
	}
	return nil
}

// Clear implements Trigger.
func (ProcessingTimeTrigger) Clear(w Window, ctx TriggerContext) error {
	ctx.DeleteProcessingTimeTimer(w.MaxTimestamp())
	return nil
}

// CanMerge implements Trigger.
func (ProcessingTimeTrigger) CanMerge() bool { return true }

// String names the trigger.
func (ProcessingTimeTrigger) String() string { return "ProcessingTimeTrigger()" }

// passive is a trigger that no time and no record moves.
type passive struct{}

// OnElement implements Trigger.
func (passive) OnElement(any, int64, Window, TriggerContext) (Result, error) { return Continue, nil }

// OnEventTime implements Trigger.
func (passive) OnEventTime(int64, Window, TriggerContext) (Result, error) { return Continue, nil }

// OnProcessingTime implements Trigger.
func (passive) OnProcessingTime(int64, Window, TriggerContext) (Result, error) { return Continue, nil }

// OnMerge implements Trigger.
func (passive) OnMerge(Window, MergeContext) error { return nil }

// Clear implements Trigger.
func (passive) Clear(Window, TriggerContext) error { return nil }

// CanMerge implements Trigger.
func (passive) CanMerge() bool { return true }

// NeverTrigger never fires: the default of global windows.
type NeverTrigger struct{ passive }

// String names the trigger.
func (NeverTrigger) String() string { return "NeverTrigger()" }

// countName is what CountTrigger remembers.
const countName = "count"

// CountTrigger fires when a window has had Count records since it last fired.
type CountTrigger struct {
	passive
	Count int64
}

// OnElement implements Trigger.
func (t CountTrigger) OnElement(_ any, _ int64, _ Window, ctx TriggerContext) (Result, error) {
	n, _ := ctx.Number(countName)
	if n++; n >= t.Count {
		ctx.ClearNumber(countName)
		return Fire, nil
	}
	ctx.SetNumber(countName, n)
	return Continue, nil
}

// OnMerge implements Trigger.
func (CountTrigger) OnMerge(_ Window, ctx MergeContext) error {
	ctx.MergeNumber(countName, func(a, b int64) int64 { return a + b })
	return nil
}

// Clear implements Trigger.
func (CountTrigger) Clear(_ Window, ctx TriggerContext) error {
	ctx.ClearNumber(countName)
	return nil
}

// Validate implements Validator.
func (t CountTrigger) Validate() error {
	if t.Count < 1 {
		return fmt.Errorf("count trigger with a count of %d: it must be at least 1", t.Count)
	}
	return nil
}

// String names the trigger.
func (t CountTrigger) String() string { return fmt.Sprintf("CountTrigger(%d)", t.Count) }

// PurgingTrigger makes each firing of another trigger forget the window's contents.
type PurgingTrigger struct{ Trigger }

// OnElement implements Trigger.
func (t PurgingTrigger) OnElement(record any, timestamp int64, w Window, ctx TriggerContext) (Result, error) {
	return purging(t.Trigger.OnElement(record, timestamp, w, ctx))
}

// OnEventTime implements Trigger.
func (t PurgingTrigger) OnEventTime(time int64, w Window, ctx TriggerContext) (Result, error) {
	return purging(t.Trigger.OnEventTime(time, w, ctx))
}

// OnProcessingTime implements Trigger.
func (t PurgingTrigger) OnProcessingTime(time int64, w Window, ctx TriggerContext) (Result, error) {
	return purging(t.Trigger.OnProcessingTime(time, w, ctx))
}

func purging(r Result, err error) (Result, error) {
	if r.Fires() {
		r = FireAndPurge
	}
	return r, err
}

// RecordType implements Typed.
func (t PurgingTrigger) RecordType() reflect.Type { return recordType(t.Trigger) }

// Validate implements Validator.
func (t PurgingTrigger) Validate() error { return validate(t.Trigger) }

// String names the trigger.
func (t PurgingTrigger) String() string { return fmt.Sprintf("PurgingTrigger(%v)", t.Trigger) }
