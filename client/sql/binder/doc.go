// Package binder turns statements into logical plans: names are resolved, types inferred, coercions written as casts, views and common
// table expressions expanded. What it accepts is right: the optimizer and the operators find no mistakes of users any more.
//
//	ast + catalog.Manager + the function table of runtime/expr -> plan.Node
//
// A query is bound inside out: FROM gives a node and a scope (which names its columns have), WHERE filters, GROUP BY and aggregates
// become an Aggregate over a Project, OVER becomes a Window for each specification, the select list a Project, then DISTINCT, ORDER BY
// and LIMIT. Expressions are bound before it is known what is grouped: aggregates and window functions stand in them as marks
// (aggregateMark, windowMark) that are replaced by columns once their nodes exist.
//
// Every mistake is an *ast.Error at the place where it was made.
//
// Start reading at binder.go, then select.go.
package binder
