package window

// Result is what a trigger decides.
type Result uint8

const (
	// Continue does nothing.
	Continue Result = 0
	// Fire emits the window's result and keeps its contents.
	Fire Result = 1
	// Purge forgets the window's contents.
	Purge Result = 2
	// FireAndPurge does both.
	FireAndPurge = Fire | Purge
)

// Fires tells whether the window's result is emitted.
func (r Result) Fires() bool { return r&Fire != 0 }

// Purges tells whether the window's contents are forgotten.
func (r Result) Purges() bool { return r&Purge != 0 }

// Trigger decides when the result of a key's window is emitted. It is shared by all windows: what it remembers of one it
// keeps in ctx.
type Trigger interface {
	// OnElement is called for each record that was added to the window. record is a *T that is valid for the call.
	OnElement(record any, timestamp int64, w Window, ctx TriggerContext) (Result, error)
	// OnEventTime is called when the watermark has reached a timer of the window; its clean-up timer counts too.
	OnEventTime(time int64, w Window, ctx TriggerContext) (Result, error)
	// OnProcessingTime is called when processing time has reached a timer of the window.
	OnProcessingTime(time int64, w Window, ctx TriggerContext) (Result, error)
	// OnMerge is called when windows have become w; ctx.MergeNumber and the like take over what they remembered.
	OnMerge(w Window, ctx MergeContext) error
	// Clear removes timers and what is remembered of a window that is dropped.
	Clear(w Window, ctx TriggerContext) error
	// CanMerge tells whether the trigger may be used with windows that merge.
	CanMerge() bool
}

// TriggerContext is what a trigger may see and keep of one key's window.
type TriggerContext interface {
	// Watermark and ProcessingTime are the times now, in milliseconds.
	Watermark() int64
	ProcessingTime() int64
	// A timer is set once for the same time of a window.
	RegisterEventTimeTimer(time int64)
	RegisterProcessingTimeTimer(time int64)
	DeleteEventTimeTimer(time int64)
	DeleteProcessingTimeTimer(time int64)
	// Number is what the trigger remembers under a name; ok is false if it is nothing.
	Number(name string) (n int64, ok bool)
	SetNumber(name string, n int64)
	ClearNumber(name string)
	// Record is the record (a *T) that was kept by SetRecord, or nil.
	Record() any
	// SetRecord keeps a copy of a record (a *T); nil forgets it.
	SetRecord(record any)
}

// MergeContext is the context of the window that others were merged into.
type MergeContext interface {
	TriggerContext
	// MergeNumber sets the number of that name to the combination of those that the merged windows had.
	MergeNumber(name string, combine func(a, b int64) int64)
}
