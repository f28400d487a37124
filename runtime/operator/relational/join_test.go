package relational_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator/relational"
	rt "github.com/leatproject/leat/runtime/operator/relational/relationaltest"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

var joinKinds = []relational.JoinKind{relational.InnerJoin, relational.LeftJoin, relational.RightJoin, relational.FullJoin,
	relational.SemiJoin, relational.AntiJoin}

// joinCase is two tables and how they are joined. The first columns of each are the keys, the last is a BIGINT.
type joinCase struct {
	kind        relational.JoinKind
	types       [2][]datatype.Type
	rows        [2][]rt.Row
	keys        int
	nullsEqual  []bool
	conditional bool // the last columns differ by less than 3
	notIn       bool
	emit        []int
}

func drawJoin(t *rapid.T, least int) *joinCase {
	c := &joinCase{kind: rapid.SampledFrom(joinKinds).Draw(t, "kind"), conditional: rapid.Bool().Draw(t, "conditional")}
	keys := rt.DrawTypes(t, least, 2)
	c.keys = len(keys)
	for side := range c.types {
		c.types[side] = append(append(slices.Clone(keys), rt.DrawTypes(t, 0, 2)...), datatype.BigInt)
		c.rows[side] = rt.DrawRows(t, c.types[side], 80)
	}
	for range keys {
		c.nullsEqual = append(c.nullsEqual, rapid.Bool().Draw(t, "nulls equal"))
	}
	if rapid.Bool().Draw(t, "emit") {
		width := len(c.types[0])
		if c.kind < relational.SemiJoin {
			width += len(c.types[1])
		}
		c.emit = rapid.SliceOfN(rapid.IntRange(0, width-1), 0, 4).Draw(t, "columns")
	}
	return c
}

func (c *joinCase) numbers() []int {
	out := make([]int, c.keys)
	for i := range out {
		out[i] = i
	}
	return out
}

// condition is ABS of the difference as two comparisons.
func (c *joinCase) condition() expr.Expr {
	if !c.conditional {
		return nil
	}
	l, r := len(c.types[0])-1, len(c.types[0])+len(c.types[1])-1
	less := func(a, b int) expr.Expr {
		sum := expr.Call{Function: expr.MustLookup("+"), Of: datatype.BigInt, Args: []expr.Expr{
			expr.Column{Index: b, Of: datatype.BigInt}, expr.Literal{Value: int64(3), Of: datatype.BigInt.Required()}}}
		return expr.Call{Function: expr.MustLookup("<"), Of: datatype.Boolean, Args: []expr.Expr{expr.Column{Index: a, Of: datatype.BigInt}, sum}}
	}
	return expr.Call{Function: expr.MustLookup("AND"), Of: datatype.Boolean, Args: []expr.Expr{less(l, r), less(r, l)}}
}

// partners says whether two rows are a pair.
func (c *joinCase) partners(l, r rt.Row) bool {
	for k := range c.keys {
		switch a, b := l[k], r[k]; {
		case a == nil && b == nil && c.nullsEqual[k]:
		case a == nil || b == nil || rt.Compare(a, b) != 0:
			return false
		}
	}
	if !c.conditional {
		return true
	}
	a, b := l[len(l)-1], r[len(r)-1]
	return a != nil && b != nil && a.(int64) < b.(int64)+3 && b.(int64) < a.(int64)+3
}

// want joins row by row.
func (c *joinCase) want() []rt.Row {
	var out []rt.Row
	found := make([]bool, len(c.rows[1]))
	pair := func(l, r rt.Row) {
		row := append(slices.Clone(l), r...)
		if c.kind >= relational.SemiJoin {
			row = l
		}
		if c.emit != nil {
			all := row
			row = rt.Row{}
			for _, i := range c.emit {
				row = append(row, all[i])
			}
		}
		out = append(out, row)
	}
	for _, l := range c.rows[0] {
		has := false
		for i, r := range c.rows[1] {
			if c.partners(l, r) {
				has, found[i] = true, true
				if c.kind < relational.SemiJoin {
					pair(l, r)
				}
			} else if c.notIn && (l[0] == nil || r[0] == nil) {
				has = true
			}
		}
		switch {
		case has && c.kind == relational.SemiJoin, !has && c.kind == relational.AntiJoin,
			!has && (c.kind == relational.LeftJoin || c.kind == relational.FullJoin):
			pair(l, make(rt.Row, len(c.types[1])))
		}
	}
	for i, r := range c.rows[1] {
		if !found[i] && (c.kind == relational.RightJoin || c.kind == relational.FullJoin) {
			pair(make(rt.Row, len(c.types[0])), r)
		}
	}
	return out
}

// run gives both inputs to an operator, in any order.
func (c *joinCase) run(t *rapid.T, r *rt.Rig) []rt.Row {
	inputs := [2][]*vector.Batch{rt.DrawBatches(t, c.types[0], c.rows[0]), rt.DrawBatches(t, c.types[1], c.rows[1])}
	ended := [2]bool{}
	for !ended[0] || !ended[1] {
		side := rapid.IntRange(0, 1).Draw(t, "side")
		switch {
		case len(inputs[side]) > 0:
			r.Process(side, inputs[side][0])
			inputs[side] = inputs[side][1:]
		case !ended[side]:
			ended[side] = true
			r.End(side)
		}
	}
	return r.Rows()
}

func TestHashJoin(t *testing.T) {
	defer relational.SetMinBuildBytes(300)()
	dir := rt.Dir(t)
	rapid.Check(t, func(t *rapid.T) {
		c := drawJoin(t, 1)
		op := &relational.HashJoin{Kind: c.kind, Left: c.types[0], Right: c.types[1], LeftKeys: c.numbers(), RightKeys: c.numbers(),
			NullsEqual: c.nullsEqual, Condition: c.condition(), BuildLeft: rapid.Bool().Draw(t, "build left"), Swaps: rapid.Bool().Draw(t, "swaps"), Emit: c.emit}
		if c.kind == relational.AntiJoin && !c.conditional && c.keys == 1 && rapid.Bool().Draw(t, "not in") {
			c.notIn, op.NullAware, op.BuildLeft = true, true, false
			op.NullsEqual, c.nullsEqual = nil, []bool{false}
		}
		r := rt.Open(t, op, 2, rapid.SampledFrom([]int64{rt.Plenty, 16 << 10, rt.Scarce}).Draw(t, "memory"), dir)
		require.Equal(t, rt.Texts(c.want()), rt.Texts(c.run(t, r)))
		if c.emit == nil && c.kind >= relational.SemiJoin {
			require.Equal(t, c.types[0], op.Output())
		}
	})
}

// TestHashJoinSpills joins more rows than memory holds; one key has most of them.
func TestHashJoinSpills(t *testing.T) {
	types := []datatype.Type{datatype.BigInt, datatype.String}
	var build, probe []rt.Row
	for i := range int64(20000) {
		key := i
		if i%2 == 0 {
			key = 7
		}
		build = append(build, rt.Row{key, fmt.Sprintf("build %d", i)})
	}
	for i := range int64(3000) {
		probe = append(probe, rt.Row{i*7 + 1, fmt.Sprintf("probe %d", i)})
	}
	probe[0][0] = int64(7)
	dir := rt.Dir(t)
	for _, kind := range joinKinds {
		c := &joinCase{kind: kind, types: [2][]datatype.Type{types, types}, rows: [2][]rt.Row{probe, build}, keys: 1, nullsEqual: []bool{false}}
		for i := range 4 {
			op := &relational.HashJoin{Kind: kind, Left: types, Right: types, LeftKeys: []int{0}, RightKeys: []int{0}, BuildLeft: i%2 == 1, Swaps: i > 1}
			r := rt.Open(t, op, 2, 128<<10, dir)
			for side, rows := range c.rows {
				for len(rows) > 0 {
					n := min(len(rows), 1500)
					r.Process(side, rt.BatchOf(types, rows[:n]))
					rows = rows[n:]
				}
				r.End(side)
			}
			got := rt.Texts(r.Rows())
			want := joinByMap(c)
			require.Equal(t, len(want), len(got), "%v", kind)
			require.Equal(t, want, got, "%v", kind)
		}
	}
	require.Positive(t, dir.Files())
}

// joinByMap is want for many rows and one BIGINT key.
func joinByMap(c *joinCase) []string {
	byKey := map[int64][]rt.Row{}
	for _, r := range c.rows[1] {
		byKey[r[0].(int64)] = append(byKey[r[0].(int64)], r)
	}
	var out []rt.Row
	seen := map[int64]bool{}
	for _, l := range c.rows[0] {
		key := l[0].(int64)
		seen[key] = true
		partners := byKey[key]
		switch {
		case c.kind == relational.SemiJoin && len(partners) > 0, c.kind == relational.AntiJoin && len(partners) == 0:
			out = append(out, l)
		case len(partners) == 0 && (c.kind == relational.LeftJoin || c.kind == relational.FullJoin):
			out = append(out, append(slices.Clone(l), nil, nil))
		case c.kind < relational.SemiJoin:
			for _, r := range partners {
				out = append(out, append(slices.Clone(l), r...))
			}
		}
	}
	if c.kind == relational.RightJoin || c.kind == relational.FullJoin {
		for _, r := range c.rows[1] {
			if !seen[r[0].(int64)] {
				out = append(out, append(rt.Row{nil, nil}, r...))
			}
		}
	}
	return rt.Texts(out)
}

func TestNestedLoopJoin(t *testing.T) {
	defer relational.SetMinBuildBytes(300)()
	dir := rt.Dir(t)
	rapid.Check(t, func(t *rapid.T) {
		c := drawJoin(t, 0)
		c.keys = 0
		op := &relational.NestedLoopJoin{Kind: c.kind, Left: c.types[0], Right: c.types[1], Condition: c.condition(),
			BuildLeft: rapid.Bool().Draw(t, "build left"), Emit: c.emit}
		r := rt.Open(t, op, 2, rapid.SampledFrom([]int64{rt.Plenty, 16 << 10, rt.Scarce}).Draw(t, "memory"), dir)
		require.Equal(t, rt.Texts(c.want()), rt.Texts(c.run(t, r)))
	})
}
