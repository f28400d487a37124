package physical

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
)

// merges says whether a join sorts and merges its sides: when a hint asks for it, or when both are on one task and sorted by the keys.
// Else a hash join is not slower: what does not fit is partitioned on disk, and a key of many rows costs as much in either.
func (j *joining) merges() bool {
	if j.nullAware {
		return false
	}
	return j.hint == shuffleMerge || j.hint == "" && j.isSorted(0) && j.isSorted(1)
}

// isSorted says whether the rows of a side come in the order of the keys.
func (j *joining) isSorted(side int) bool {
	if !j.sides[0].single || !j.sides[1].single {
		return false // exchanges mix rows
	}
	order := orderOf(j.sides[side])
	for i, key := range j.keys[side] {
		if i >= len(order) || order[i].Column != key || order[i].Descending || !order[i].NullsFirst && j.nullsEqual[i] {
			return false
		}
	}
	return true
}

// orderOf is what the rows of a node that is one task are sorted by.
func orderOf(n *Node) []plan.SortKey {
	if n.Kind != "Calc" {
		return n.order
	}
	var out []plan.SortKey
	for _, k := range orderOf(n.Inputs[0]) {
		at := slices.IndexFunc(allOf(len(n.Columns)), func(c int) bool { return slices.Contains(n.from(c), place{0, k.Column}) })
		if at < 0 {
			break
		}
		k.Column = at
		out = append(out, k)
	}
	return out
}

func (p *planner) mergeJoin(j *joining) *Node {
	l, r := j.sides[0], j.sides[1]
	single := l.single && r.single
	sorted := [2]bool{j.isSorted(0), j.isSorted(1)}
	if !single {
		for side := range j.sides {
			j.sides[side] = exchangeByHash(j.sides[side], j.keys[side])
		}
	}
	condition, emit, kind := j.condition(), j.emit, joinKinds[j.kind]
	left, right := l.types(), r.types()
	return &Node{Kind: "SortMergeJoin", Columns: j.columns, Inputs: j.sides[:], rows: j.rows(), single: single, from: j.fromSides(len(left)),
		operator: func() operator.Operator {
			return &relational.SortMergeJoin{Kind: kind, Left: left, Right: right, LeftKeys: j.keys[0], RightKeys: j.keys[1], NullsEqual: j.nullsEqual,
				Condition: condition, Sorted: sorted, Emit: emit, Options: p.kernel}
		},
		describe: func(infix bool) string { return j.describe(l.Columns, r.Columns, infix) }}
}
