// Package expr is scalar expressions whose names and types are settled, and the one table of all functions.
//
// An Expr is a plain tree: a Column of the input by index, a Literal, a Call of a Function, a Cast, a Field of a ROW. The SQL binder
// makes it, the optimizer rewrites it, operators run it over batches of columns. It is never changed, only replaced; its type never
// differs from what its parts say. Every coercion is a Cast in the tree, so that a Function sees the types that its signature names.
//
// The table (the table_*.go files) says for each function its class, its signatures, how its result follows from its arguments, what it
// makes of NULL, and one line of documentation. SHOW FUNCTIONS, the reference (FUNCTIONS.md, generated) and the overload resolution read the same rows. A
// signature is written as
//
//	text, [INT] -> STRING        a text and perhaps an INT; NULL if an argument is NULL
//	ARRAY<T>, T -> BOOLEAN       T is the least restrictive type of what stands at its places
//	any... -> BIGINT!            one or more arguments of any type; never NULL
//	text, text -> INT?           may be NULL even if no argument is
//	number, [INT] -> =round      the type is computed by the rule round
//
// where words in small letters are families of types, those in capitals types to which arguments are cast if they may be
// implicitly, a number behind the arrow the type of that argument.
//
// Start reading at expr.go, then function.go and signature.go.
package expr
