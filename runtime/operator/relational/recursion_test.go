package relational_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
	rt "github.com/leatproject/leat/runtime/operator/relational/relationaltest"
	"github.com/leatproject/leat/storage/datatype"
)

var recursionTypes = []datatype.Type{datatype.BigInt, datatype.String}

// TestRecursionSpills counts up from many rows at once: those of a round do not fit into memory.
func TestRecursionSpills(t *testing.T) {
	const width, rounds = 1500, 6
	step := func() operator.Operator {
		n, s := expr.Column{Index: 0, Of: datatype.BigInt}, expr.Column{Index: 1, Of: datatype.String}
		number := func(x int64) expr.Expr { return expr.Literal{Value: x, Of: datatype.BigInt.Required()} }
		return &relational.Calc{Input: recursionTypes,
			Condition:   expr.Call{Function: expr.MustLookup("<"), Of: datatype.Boolean, Args: []expr.Expr{n, number(width * (rounds - 1))}},
			Projections: []expr.Expr{expr.Call{Function: expr.MustLookup("+"), Of: datatype.BigInt, Args: []expr.Expr{n, number(width)}}, s}}
	}
	var rows []rt.Row
	for i := range int64(width) {
		rows = append(rows, rt.Row{i, strings.Repeat("x", 40)})
	}
	dir := rt.Dir(t)
	r := rt.Open(t, &relational.Recursion{Columns: recursionTypes, Step: []relational.StepOperator{{New: step, Inputs: []int{relational.Delta}}}}, 1, rt.Scarce, dir)
	r.Process(0, rt.BatchOf(recursionTypes, rows))
	r.End(0)
	seen := map[any]bool{}
	for _, row := range r.Rows() {
		seen[row[0]] = true
	}
	require.Len(t, seen, width*rounds)
	require.Positive(t, dir.Files())
}

// TestRecursionJoinsSpilled follows edges, which each round reads again from disk.
func TestRecursionJoinsSpilled(t *testing.T) {
	const nodes = 40
	edges := []datatype.Type{datatype.BigInt, datatype.BigInt, datatype.String}
	step := func() operator.Operator {
		return &relational.HashJoin{Left: recursionTypes, Right: edges, LeftKeys: []int{0}, RightKeys: []int{0}, Emit: []int{3, 4}}
	}
	var rows []rt.Row
	for i := range int64(nodes) {
		for k := range int64(20) { // most lead nowhere new
			rows = append(rows, rt.Row{i, (i + k%2) % nodes, fmt.Sprintf("%d %s", i, strings.Repeat("y", 100))})
		}
	}
	columns := recursionTypes[:1]
	keep := func() operator.Operator {
		return &relational.Calc{Input: recursionTypes, Projections: []expr.Expr{expr.Column{Index: 0, Of: datatype.BigInt}}}
	}
	widen := func() operator.Operator {
		return &relational.Calc{Input: columns, Projections: []expr.Expr{expr.Column{Index: 0, Of: datatype.BigInt}, expr.Literal{Value: "", Of: datatype.String}}}
	}
	dir := rt.Dir(t)
	r := rt.Open(t, &relational.Recursion{Columns: columns, Reads: [][]datatype.Type{edges}, Distinct: true, Step: []relational.StepOperator{
		{New: widen, Inputs: []int{relational.Delta}},
		{New: step, Inputs: []int{0, relational.Delta - 1}},
		{New: keep, Inputs: []int{1}},
	}}, 2, 64<<10, dir)
	r.Process(1, rt.BatchOf(edges, rows))
	r.End(1)
	r.Process(0, rt.BatchOf(columns, []rt.Row{{int64(3)}}))
	r.End(0)
	require.Len(t, r.Rows(), nodes)
	require.Positive(t, dir.Files())
}
