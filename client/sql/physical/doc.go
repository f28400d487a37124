// Package physical chooses how an optimised plan is computed, and makes a program of it.
//
//	plan.Node -> Plan -> *Node, a tree that draws itself as EXPLAIN's two lower sections -> Build -> datastream.Vectors
//
// A Node is one operator of package runtime/operator/relational, a source, a sink, a union or an exchange. Plan gives each its
// algorithm and puts exchanges where rows must meet: by the hash of keys, on one task, or on all tasks. What the optimizer shares by
// pointer is one Node and is computed once.
//
// Rules of Plan, one file for each family of nodes:
//
//	calc.go       Project and Filter together are one Calc
//	scan.go       tables are opened by Tables; a filter above is shown to them
//	aggregate.go  two phases around the exchange
//	join.go       keys are hashed, a small side is sent to all tasks; what has no keys compares all pairs
//	adaptive.go   whether a side is sent to all tasks is decided when its stage has finished, where that is not sure before
//	joinmerge.go  sides that are sorted already are merged
//	hint.go       hints choose how a join is computed
//	runtimefilter.go  what the build side of a join has read goes to the scans of the other side
//	sort.go       sorting: on one task; a limit is applied before and behind the exchange
//	correlate.go  UNNEST beside the row that it is of
//	rank.go       Top-N of partitions
//	set.go        unions
//	recursion.go  WITH RECURSIVE: the step runs within one operator
//
// Start reading at plan.go, then node.go.
package physical
