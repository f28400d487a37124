package window

import (
	"fmt"
	"reflect"
	"time"
)

// Elements are the records of a window that fires, in the order in which they came.
type Elements interface {
	Len() int
	// Time is the timestamp of record i, or NoTime.
	Time(i int) int64
	// Record is record i, a *T that is valid for the call.
	Record(i int) any
	// Evict takes record i out of the window when the call has ended; indexes do not change before.
	Evict(i int)
}

// Evictor takes records out of a window before or after its function has seen them.
type Evictor interface {
	EvictBefore(e Elements, w Window, ctx EvictorContext) error
	EvictAfter(e Elements, w Window, ctx EvictorContext) error
}

// EvictorContext tells the times now, in milliseconds.
type EvictorContext interface {
	Watermark() int64
	ProcessingTime() int64
}

// evictor calls evict before or after the function.
type evictor struct {
	evict func(e Elements)
	after bool
	name  string
	typ   reflect.Type
}

// EvictBefore implements Evictor.
func (v evictor) EvictBefore(e Elements, _ Window, _ EvictorContext) error {
	if !v.after {
		v.evict(e)
	}
	return nil
}

// EvictAfter implements Evictor.
func (v evictor) EvictAfter(e Elements, _ Window, _ EvictorContext) error {
	if v.after {
		v.evict(e)
	}
	return nil
}

// RecordType implements Typed.
func (v evictor) RecordType() reflect.Type { return v.typ }

// String names the evictor.
func (v evictor) String() string { return v.name }

// After makes one of this package's evictors work after the function instead of before it. Others are returned as they are.
func After(v Evictor) Evictor {
	if e, ok := v.(evictor); ok {
		e.after = true
		return e
	}
	return v
}

// CountEvictor keeps the last count records.
func CountEvictor(count int) Evictor {
	return evictor{name: fmt.Sprintf("CountEvictor(%d)", count), evict: func(e Elements) {
		for i := range e.Len() - count {
			e.Evict(i)
		}
	}}
}

// TimeEvictor keeps the records of the last span of time before the newest one.
func TimeEvictor(span time.Duration) Evictor {
	return evictor{name: fmt.Sprintf("TimeEvictor(%d)", span.Milliseconds()), evict: func(e Elements) {
		if e.Len() == 0 || e.Time(0) == NoTime {
			return
		}
		newest := e.Time(0)
		for i := range e.Len() {
			newest = max(newest, e.Time(i))
		}
		for i := range e.Len() {
			if e.Time(i) <= newest-span.Milliseconds() {
				e.Evict(i)
			}
		}
	}}
}

// DeltaEvictor keeps the records that differ from the last one by less than threshold.
func DeltaEvictor[T any](threshold float64, delta func(record, last T) float64) Evictor {
	return evictor{name: fmt.Sprintf("DeltaEvictor(%g)", threshold), typ: reflect.TypeFor[T](), evict: func(e Elements) {
		if e.Len() == 0 {
			return
		}
		last := *e.Record(e.Len() - 1).(*T)
		for i := range e.Len() {
			if delta(*e.Record(i).(*T), last) >= threshold {
				e.Evict(i)
			}
		}
	}}
}
