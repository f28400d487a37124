package relational_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/operator/relational"
	rt "github.com/leatproject/leat/runtime/operator/relational/relationaltest"
	"github.com/leatproject/leat/storage/datatype"
)

func TestSortMergeJoin(t *testing.T) {
	dir := rt.Dir(t)
	rapid.Check(t, func(t *rapid.T) {
		c := drawJoin(t, 1)
		op := &relational.SortMergeJoin{Kind: c.kind, Left: c.types[0], Right: c.types[1], LeftKeys: c.numbers(), RightKeys: c.numbers(),
			NullsEqual: c.nullsEqual, Condition: c.condition(), Emit: c.emit}
		var by []rt.Order
		for _, k := range c.numbers() {
			by = append(by, rt.Order{Column: k, NullsFirst: true})
		}
		for side := range c.rows {
			if op.Sorted[side] = rapid.Bool().Draw(t, "sorted"); op.Sorted[side] {
				c.rows[side] = sorted(c.rows[side], by, 0, -1)
			}
		}
		r := rt.Open(t, op, 2, rapid.SampledFrom([]int64{rt.Plenty, 16 << 10, rt.Scarce}).Draw(t, "memory"), dir)
		require.Equal(t, rt.Texts(c.want()), rt.Texts(c.run(t, r)))
	})
}

// TestSortMergeJoinOfManyRows has keys of many blocks, and one with more rows than memory holds.
func TestSortMergeJoinOfManyRows(t *testing.T) {
	types := []datatype.Type{datatype.BigInt, datatype.String}
	var rows [2][]rt.Row
	for i := range int64(20000) {
		key := i * 7 % 30011
		if i%2 == 0 {
			key = 7000
		}
		rows[1] = append(rows[1], rt.Row{key, fmt.Sprintf("right %d", i)})
	}
	for i := range int64(9000) {
		rows[0] = append(rows[0], rt.Row{i * 11 % 30011, fmt.Sprintf("left %d", i)})
	}
	rows[0][0][0] = int64(7000)
	dir := rt.Dir(t)
	for _, kind := range joinKinds {
		for _, memory := range []int64{rt.Plenty, 128 << 10} {
			c := &joinCase{kind: kind, types: [2][]datatype.Type{types, types}, rows: rows, keys: 1, nullsEqual: []bool{false}}
			op := &relational.SortMergeJoin{Kind: kind, Left: types, Right: types, LeftKeys: []int{0}, RightKeys: []int{0}}
			r := rt.Open(t, op, 2, memory, dir)
			for side, rows := range c.rows {
				for part := range slices.Chunk(rows, 1500) {
					r.Process(side, rt.BatchOf(types, part))
				}
				r.End(side)
			}
			require.Equal(t, joinByMap(c), rt.Texts(r.Rows()), "%v", kind)
		}
	}
	require.Positive(t, dir.Files())
}
