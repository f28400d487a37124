// Package ast is a SQL statement as a tree: what the parser makes, what the binder reads, and what is printed back where a
// statement is stored (views) or shown (SHOW CREATE, error messages).
//
// Four kinds of nodes, each a small interface that only this package implements: Statement, Body (what a query is made of),
// TableRef (what stands in FROM) and Expr. Every node knows the Pos at which it begins. Names are kept as they were written: case
// counts, backticks are gone. Nothing is resolved here: f(x) may be a scalar, an aggregate or a table function.
//
// String prints canonical SQL on one line; parsing that gives an equal tree.
//
// Error is a mistake at a place of a statement, drawn with the line and a caret; parser and binder return it.
//
// Start reading at query.go, then expr.go.
package ast
