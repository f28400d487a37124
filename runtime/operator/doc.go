// Package operator holds the seam of operators and the operators themselves, one file each.
//
// An Operator is a piece of a task. One goroutine, the task's, makes every call, so operators have no locks. It is given
// batches, watermarks, timers and the end of its inputs, and emits batches on numbered outputs (0 is the main one, side
// outputs follow); it knows no neighbour. A call that has more to do than a slice of about a millisecond answers more =
// true and is resumed when the task has looked at its mailbox and its outputs have room. What a call emits is processed
// by the chained operators behind it before it is resumed, so an operator that returns after each full batch holds one
// batch of output at most.
//
// In STREAMING an operator may keep state for ever; in BATCH keyed operators see their input sorted by key and time
// (see SortedInput), watermarks come only at the end. The code is the same.
//
// Errors returned by an operator fail the job; so does a panic, which the task turns into an error that names the
// operator, the record and the stack.
//
// Start reading at Operator, then map.go, the simplest one.
package operator
