package relational

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator/relational/relationaltest"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

func TestSetOperationAsNaive(t *testing.T) {
	dir := relationaltest.Dir(t)
	rapid.Check(t, func(t *rapid.T) {
		types := relationaltest.DrawTypes(t, 1, 3)
		left, right := relationaltest.DrawRows(t, types, 60), relationaltest.DrawRows(t, types, 60)
		kind, all := SetKind(rapid.IntRange(0, 1).Draw(t, "kind")), rapid.Bool().Draw(t, "all")
		count := map[string][2]int{}
		for side, rows := range [][]row{left, right} {
			for _, r := range rows {
				n := count[r.String()]
				n[side]++
				count[r.String()] = n
			}
		}
		var want []row
		for _, r := range left {
			n := count[r.String()]
			if n[0] == 0 {
				continue
			}
			times := max(n[0]-n[1], 0)
			if kind == Intersect {
				times = min(n[0], n[1])
			}
			if !all {
				times = min(times, 1)
				if kind == Except && n[1] > 0 {
					times = 0
				}
			}
			for range times {
				want = append(want, r)
			}
			count[r.String()] = [2]int{}
		}
		for _, memory := range []int64{relationaltest.Plenty, relationaltest.Scarce} {
			r := relationaltest.Open(t, &SetOperation{Left: types, Right: types, Kind: kind, All: all}, 2, memory, dir)
			for side, rows := range [][]row{left, right} {
				for _, b := range relationaltest.DrawBatches(t, types, rows) {
					r.Process(side, b)
				}
			}
			r.End(0)
			r.End(1)
			require.Equal(t, relationaltest.Texts(want), relationaltest.Texts(r.Rows()))
		}
	})
}

func TestSetOperationRefuses(t *testing.T) {
	s := &SetOperation{Left: []datatype.Type{datatype.Int}, Right: []datatype.Type{datatype.BigInt}}
	require.ErrorContains(t, newRig(t, s, 2, plenty).run(nil), "INT and BIGINT")
	s = &SetOperation{Left: []datatype.Type{datatype.Int}}
	require.ErrorContains(t, newRig(t, s, 2, plenty).run(nil), "1 and 0 columns")
}

func TestGroupingSets(t *testing.T) {
	types := []datatype.Type{datatype.String, datatype.BigInt}
	sets := [][]int{{0, 1}, {0}, {}, {}}
	expand := &Expand{Input: types, Groups: []int{0, 1}, Sets: sets}
	rows := relationaltest.Run(t, expand, plenty, relationaltest.Dir(t), []*vector.Batch{batch(texts("a", "a", "b"), col(datatype.BigInt, int64(1), 2, 1))})
	require.Len(t, rows, 12)
	require.Equal(t, `("a", 1, "a", NULL, 1)`, rows[3].String())

	sum := Call{Function: expr.MustLookup("SUM"), Args: []int{1}, Filter: -1, Type: datatype.BigInt}
	grouping := func(name string, args ...int) Call {
		return Call{Function: expr.MustLookup(name), Args: args, Filter: -1, Type: datatype.BigInt.Required()}
	}
	a := &Aggregate{Input: expand.Output(), Groups: []int{2, 3, 4}, Sets: sets,
		Calls: []Call{sum, grouping("GROUPING_ID", 0, 1), grouping("GROUPING", 1), grouping("GROUP_ID")}}
	got := relationaltest.Run(t, a, plenty, relationaltest.Dir(t), []*vector.Batch{relationaltest.BatchOf(expand.Output(), rows)})
	require.Equal(t, []string{
		`("a", 1, 1, 0, 0, 0)`, `("a", 2, 2, 0, 0, 0)`, `("a", NULL, 3, 1, 1, 0)`, `("b", 1, 1, 0, 0, 0)`, `("b", NULL, 1, 1, 1, 0)`,
		`(NULL, NULL, 4, 3, 1, 0)`, `(NULL, NULL, 4, 3, 1, 1)`,
	}, relationaltest.Texts(got))
}
