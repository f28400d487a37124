// Package relational holds the operators of SQL over columns, one file each.
//
// An operator takes and gives batches that hold a vector.Batch (column.Vectors, column.OfVectors). It is a struct whose exported
// fields the planner sets; it knows no plan. Input (of joins Left and Right) are the types of the columns that come in, Output() those that
// go out. What a field must be is checked by Open.
//
// Rules that all have in common:
//
//   - A batch is about 4096 rows. A call works for about a millisecond or until it has emitted one batch, then it answers more.
//   - What grows with the input is counted by Context.Memory and goes to Context.Spill when that runs out. Rows that come out depend
//     neither on that nor on batch sizes, parallelism or, unless SQL says so, on the order of arrival.
//   - NULL equals NULL in keys; so do -0.0 and 0.0, and all NaN. Keys meet by vector.Hash and are ordered by vector.Keys.
//   - What is emitted belongs to the receiver. Results of evaluators and vectors of the input are copied or handed over, never kept.
//   - The end of the input is what EndInput says. Nothing here knows whether the plan is bounded.
//
// Aggregate functions are in the package aggregates. Start reading at calc.go.
package relational
