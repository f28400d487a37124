package window

import (
	"fmt"
	"reflect"
)

// DeltaTrigger fires when a record differs from the one that fired last by more than a threshold.
type DeltaTrigger struct {
	passive
	threshold float64
	delta     func(last, record any) float64
	typ       reflect.Type
}

// Delta returns the trigger; delta measures how much a record differs from the last one that fired, or the first one.
func Delta[T any](threshold float64, delta func(last, record T) float64) DeltaTrigger {
	return DeltaTrigger{threshold: threshold, typ: reflect.TypeFor[T](),
		delta: func(last, record any) float64 { return delta(*last.(*T), *record.(*T)) }}
}

// RecordType implements Typed.
func (t DeltaTrigger) RecordType() reflect.Type { return t.typ }

// OnElement implements Trigger.
func (t DeltaTrigger) OnElement(record any, _ int64, _ Window, ctx TriggerContext) (Result, error) {
	last := ctx.Record()
	if last == nil {
		ctx.SetRecord(record)
		return Continue, nil
	}
	if t.delta(last, record) > t.threshold {
		ctx.SetRecord(record)
		return Fire, nil
	}
	return Continue, nil
}

// Clear implements Trigger.
func (DeltaTrigger) Clear(_ Window, ctx TriggerContext) error {
	ctx.SetRecord(nil)
	return nil
}

// CanMerge implements Trigger.
func (DeltaTrigger) CanMerge() bool { return false }

// String names the trigger.
func (t DeltaTrigger) String() string { return fmt.Sprintf("DeltaTrigger(%g)", t.threshold) }
