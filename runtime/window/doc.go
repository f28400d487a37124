// Package window is the arithmetic of windows, without state and without I/O: which windows a record belongs to (Assigner),
// when the contents of a window are emitted or forgotten (Trigger), which records leave it before (Evictor), and how windows
// that are aligned to the epoch are cut into slices that several of them share (Aligned). Names and meaning are Flink's.
//
// All times are milliseconds since the epoch. Assigners, triggers and evictors that look into records are given a pointer to
// the record as any, which costs no allocation; it is valid for the call only. Values of this package are immutable and may
// be shared; what a trigger remembers of a key's window it keeps in its TriggerContext.
//
// The operators that use them are runtime/operator's Window and AlignedWindow. Start reading at window.go.
package window
