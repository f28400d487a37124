// Package kernel runs expressions over columns: it compiles an expr.Expr to a tree of kernels, each of which fills one vector for a
// whole batch.
//
//	Compile(expression, types of the input's columns, options) -> Evaluator
//	Evaluator.Evaluate(batch) -> vector of the batch's length; rows that are not selected have no defined value
//
// A kernel is looked up by the function's name and the types of its arguments in the tables of this package; what is not vectorised
// yet is an error of Compile, by name. There are two sorts:
//
//   - Kernels of columns, for arithmetic, comparison and casts between numbers: one loop over typed slices. They cannot fail and
//     compute all rows of the batch, selected or not, which is cheaper than to skip some.
//   - Kernels of rows, for all others: a function that reads its arguments' values of one row from a frame and puts the result there.
//     It is called for the selected rows whose arguments are not NULL. No value is boxed.
//
// Rules that all have in common:
//
//   - NULL in, NULL out, unless the entry of the table says that it looks at NULL itself.
//   - A call whose arguments are all constant is computed once for a batch; its result is a constant.
//   - Nested values are computed as vectors of what is inside: a cast of an ARRAY is one cast of all its elements.
//   - AND, OR, CASE, COALESCE and IF evaluate what comes later only for the rows that need it, by a selection, so that the errors of
//     the others are not seen.
//   - Overflow of integers wraps, of a DECIMAL gives NULL; division by zero of integers and decimals and a cast that cannot be are
//     errors. All as in Flink.
//
// Vectors of results belong to the Evaluator and are valid until it is called again; it belongs to one goroutine. Start reading at
// compile.go and frame.go, then table.go.
package kernel
