// Package shuffle moves records between tasks.
//
// A Writer belongs to one producing task and one edge: it partitions batches over the edge's channels and collects rows
// of a channel until they are worth sending. A Gate belongs to one consuming task: all channels of all its edges end in
// it. Between them travel Elements: batches and, in order with them, control elements (watermarks, idleness, supersteps,
// checkpoint barriers, end of input). Order is kept per channel; memory is bounded by credit: a Writer has Room while every channel's unread
// rows are below the limit, and a task takes no input while a Writer of it has none. Gates and Writers each have a share of
// the process's Memory, in bytes: a Writer's for rows that it collects, a Gate's for unread rows of all its channels together.
// One batch of each channel may overdraw, so that nothing waits for ever and a row of any size passes.
//
// A Writer and a Gate are each used by the one goroutine of their task, but for Gate's receiving half, which producers
// call. Inside a process batches are handed over, not copied.
//
// A barrier may overtake rows that wait, which then belong to its checkpoint: see Strategy.Overtakes, Gate.Overtaken for what waits
// at the receiver, and Overtaker for what waits at a sender. The barrier in its place among the rows is there all the same.
//
// Start reading at Element, then Writer, Gate and Memory.
package shuffle
