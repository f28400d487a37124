// Package aggregates computes the aggregate functions of runtime/expr's table, for many groups at once.
//
// An Accumulator has for each group, a number from 0 on, what it needs to know of the rows that were added. It works on whole batches: the
// operator finds the groups of all rows, then each accumulator has one typed loop.
//
//	a, err := aggregates.New(aggregates.Spec{Function: sum, Args: types, Type: result})
//	a.Grow(groups)
//	a.Add(groupOfRow, columns, rows)
//	a.Result(0, groups, vector)
//
// Partial results of two-phase aggregation and of spilling are vectors, too: Save writes them, Merge adds them to other groups. A group that
// is merged from parts in the order of its rows has the result that it would have had at once.
//
// NULL arguments do not count unless the accumulator says so (Nulls): a Selector leaves them out beforehand, together with the rows that a
// FILTER refuses. Overflow wraps for integers and gives NULL for DECIMAL; integers average to integers. All as in Flink.
//
// Accumulators belong to one goroutine. Start reading at accumulator.go, then sum.go.
package aggregates
