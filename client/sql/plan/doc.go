// Package plan is the logical plan of a query: relational nodes with typed columns, made by the binder, rewritten by the optimizer.
//
// A Node has a Schema, inputs, and expressions of runtime/expr over the columns of its inputs; of a join the left ones first. A node is
// never changed once it is made: With gives the same node over other inputs. A plan is a tree, but for common table expressions, which
// are the same pointer at each place that reads them.
//
// Two expressions are the plan's own: a Subquery holds a plan, and an Outer is a column of a row outside of the plan that it stands in.
// The optimizer turns them into joins; operators never see them.
//
// Draw prints a plan as Flink's EXPLAIN does, each node says its own line.
//
// Start reading at node.go; every node is a file.
package plan
