package window

import (
	"fmt"
	"reflect"
	"time"
)

// timeoutName is what ProcessingTimeoutTrigger remembers: when it fires.
const timeoutName = "timeout"

// ProcessingTimeoutTrigger fires when another trigger does, or some processing time after the window's first record.
type ProcessingTimeoutTrigger struct {
	trigger Trigger
	timeout int64
	// ResetOnRecord counts the time from the last record.
	ResetOnRecord bool
	// KeepOnTimeout leaves the other trigger's memory alone when the time is over.
	KeepOnTimeout bool
}

// ProcessingTimeout returns the trigger around another one.
func ProcessingTimeout(t Trigger, timeout time.Duration) ProcessingTimeoutTrigger {
	return ProcessingTimeoutTrigger{trigger: t, timeout: timeout.Milliseconds()}
}

// OnElement implements Trigger.
func (t ProcessingTimeoutTrigger) OnElement(record any, timestamp int64, w Window, ctx TriggerContext) (Result, error) {
	r, err := t.trigger.OnElement(record, timestamp, w, ctx)
	if err != nil {
		return r, err
	}
	if r.Fires() {
		return r, t.Clear(w, ctx)
	}
	at, ok := ctx.Number(timeoutName)
	if ok && t.ResetOnRecord {
		ctx.DeleteProcessingTimeTimer(at)
		ok = false
	}
	if !ok {
		at = ctx.ProcessingTime() + t.timeout
		ctx.SetNumber(timeoutName, at)
		ctx.RegisterProcessingTimeTimer(at)
	}
	return r, nil
}

// OnEventTime implements Trigger.
func (t ProcessingTimeoutTrigger) OnEventTime(time int64, w Window, ctx TriggerContext) (Result, error) {
	r, err := t.trigger.OnEventTime(time, w, ctx)
	return t.over(r, err, w, ctx)
}

// OnProcessingTime implements Trigger.
func (t ProcessingTimeoutTrigger) OnProcessingTime(time int64, w Window, ctx TriggerContext) (Result, error) {
	r, err := t.trigger.OnProcessingTime(time, w, ctx)
	return t.over(r, err, w, ctx)
}

func (t ProcessingTimeoutTrigger) over(r Result, err error, w Window, ctx TriggerContext) (Result, error) {
	if err == nil && !t.KeepOnTimeout {
		err = t.Clear(w, ctx)
	}
	return r | Fire, err
}

// OnMerge implements Trigger.
func (ProcessingTimeoutTrigger) OnMerge(Window, MergeContext) error { return nil }

// Clear implements Trigger.
func (t ProcessingTimeoutTrigger) Clear(w Window, ctx TriggerContext) error {
	if at, ok := ctx.Number(timeoutName); ok {
		ctx.DeleteProcessingTimeTimer(at)
		ctx.ClearNumber(timeoutName)
	}
	return t.trigger.Clear(w, ctx)
}

// CanMerge implements Trigger.
func (ProcessingTimeoutTrigger) CanMerge() bool { return false }

// Validate implements Validator.
func (t ProcessingTimeoutTrigger) Validate() error {
	if t.timeout < 1 {
		return fmt.Errorf("processing timeout trigger with a timeout of %d ms: it must be at least 1 ms", t.timeout)
	}
	return validate(t.trigger)
}

// RecordType implements Typed.
func (t ProcessingTimeoutTrigger) RecordType() reflect.Type { return recordType(t.trigger) }

// String names the trigger.
func (t ProcessingTimeoutTrigger) String() string {
	return fmt.Sprintf("TimeoutTrigger(%v)", t.trigger)
}
