package datastream

import (
	"time"

	"github.com/leatproject/leat/runtime/window"
)

// Trigger says when the result of a key's window is emitted. Custom ones implement it.
type Trigger = window.Trigger

// TriggerContext, MergeContext and TriggerResult are what custom triggers use.
type (
	TriggerContext = window.TriggerContext
	MergeContext   = window.MergeContext
	TriggerResult  = window.Result
)

// What a trigger decides.
const (
	TriggerContinue     = window.Continue
	TriggerFire         = window.Fire
	TriggerPurge        = window.Purge
	TriggerFireAndPurge = window.FireAndPurge
)

// EventTimeTrigger fires when the watermark passes the end of the window, and for each record that comes later.
func EventTimeTrigger() Trigger { return window.EventTimeTrigger{} }

// ProcessingTimeTrigger fires when processing time passes the end of the window.
func ProcessingTimeTrigger() Trigger { return window.ProcessingTimeTrigger{} }

// CountTrigger fires when a window has had n records since it last fired.
func CountTrigger(n int64) Trigger { return window.CountTrigger{Count: n} }

// ContinuousEventTimeTrigger fires at each multiple of interval of event time, and at the end of the window.
func ContinuousEventTimeTrigger(interval time.Duration) Trigger {
	return window.ContinuousEventTime(interval)
}

// ContinuousProcessingTimeTrigger fires at each multiple of interval of processing time.
func ContinuousProcessingTimeTrigger(interval time.Duration) Trigger {
	return window.ContinuousProcessingTime(interval)
}

// DeltaTrigger fires when a record differs from the one that fired last, or was the first, by more than threshold.
func DeltaTrigger[T any](threshold float64, delta func(last, record T) float64) Trigger {
	return window.Delta(threshold, delta)
}

// PurgingTrigger makes each firing of t forget the window's contents.
func PurgingTrigger(t Trigger) Trigger { return window.PurgingTrigger{Trigger: t} }

// ProcessingTimeoutTrigger fires when t does, or timeout after the window's first record; see its fields.
func ProcessingTimeoutTrigger(t Trigger, timeout time.Duration) window.ProcessingTimeoutTrigger {
	return window.ProcessingTimeout(t, timeout)
}

// NeverTrigger never fires.
func NeverTrigger() Trigger { return window.NeverTrigger{} }

// Evictor takes records out of a window before or after its function has seen them. Custom ones implement it.
type Evictor = window.Evictor

// EvictorContext and WindowElements are what custom evictors use.
type (
	EvictorContext = window.EvictorContext
	WindowElements = window.Elements
)

// CountEvictor keeps the last n records.
func CountEvictor(n int) Evictor { return window.CountEvictor(n) }

// TimeEvictor keeps the records of the last span of time before the newest one.
func TimeEvictor(span time.Duration) Evictor { return window.TimeEvictor(span) }

// DeltaEvictor keeps the records that differ from the last one by less than threshold.
func DeltaEvictor[T any](threshold float64, delta func(record, last T) float64) Evictor {
	return window.DeltaEvictor(threshold, delta)
}

// EvictAfter makes one of these evictors work after the window's function instead of before it.
func EvictAfter(e Evictor) Evictor { return window.After(e) }
