// Package source is the seam between the engine and what it reads.
//
// A Source describes what to read. Its Enumerator finds Splits (plain data: a file range, a partition) and its Readers
// read them, one Reader a sub-task. The engine hands splits to readers, calls a reader from a goroutine of its own, so
// that a reader may block, and hands each batch to the task together with the position after it: that position, not the
// reader, is what goes into a checkpoint, so a batch counts as read exactly when the task has taken it.
//
// Promises: an Enumerator and a Reader are each called by one goroutine at a time; every blocking call ends when its
// context does; a split's ID is stable between runs; a reader that is given a split with a position goes on after it.
//
// Start reading at Source.
package source
