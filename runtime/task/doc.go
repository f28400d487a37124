// Package task runs chains of operators.
//
// A Task is one goroutine that owns a tree of chained operators, their state and timers, the Gate that its input comes
// from and the Writers that its output goes to. It loops: mailbox first, then timers, then the deepest operator that has
// something to do, then input; and it does anything but mail only while all its writers have room. A chained operator
// has a queue of elements in front of it that is drained before the operator above it is called again.
//
// A checkpoint begins at a source when it is told to, elsewhere with a barrier: alignment.go decides when the state is saved, after
// all barriers have come or, where they overtake rows, as soon as the operators hold none; checkpoint.go and upload.go save it,
// inflight.go the rows that were overtaken. restore.go and restore_inflight.go are the way back.
//
// Start reading at Task.Run; wiring.go connects the operators of a task.
package task
