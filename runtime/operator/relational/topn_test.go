package relational_test

import (
	"math/rand/v2"
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

func TestTopN(t *testing.T) {
	dir := rt.Dir(t)
	rapid.Check(t, func(t *rapid.T) {
		types := rt.DrawTypes(t, 1, 4)
		rows := rt.DrawRows(t, types, 150)
		keys, by := drawKeys(t, len(types))
		offset, limit := rapid.IntRange(0, 20).Draw(t, "offset"), rapid.IntRange(0, 20).Draw(t, "limit")
		op := &relational.TopN{Input: types, Keys: keys, Offset: int64(offset), Limit: int64(limit)}
		got := rt.Run(t, op, drawMemory(t), dir, rt.DrawBatches(t, types, rows))
		requireRows(t, sorted(rows, by, offset, limit), got)
	})
}

func TestTopNOfTooMany(t *testing.T) {
	err := (&relational.TopN{Input: []datatype.Type{datatype.Int}, Limit: relational.MaxTopN + 1}).Open(rt.Context(rt.Plenty, rt.Dir(t)))
	require.ErrorContains(t, err, "sort")
}

// ranked is rows, sorted by partition and order, with the ranks of those that are in a range.
func ranked(rows []rt.Row, partition []int, by []rt.Order, function string, first, last int64) []rt.Row {
	var out []rt.Row
	var row, rank, dense int64
	for i, r := range rows {
		same := i > 0
		for _, c := range partition {
			same = same && rt.CompareBy(rows[i-1], r, []rt.Order{{Column: c}}) == 0
		}
		switch {
		case !same:
			row, rank, dense = 1, 1, 1
		case rt.CompareBy(rows[i-1], r, by) == 0:
			row++
		default:
			row++
			rank = row
			dense++
		}
		n := map[string]int64{"ROW_NUMBER": row, "RANK": rank, "DENSE_RANK": dense}[function]
		if n >= first && n <= last {
			out = append(out, append(slices.Clone(r), n))
		}
	}
	return out
}

func TestRank(t *testing.T) {
	dir := rt.Dir(t)
	rapid.Check(t, func(t *rapid.T) {
		types := rt.DrawTypes(t, 2, 4)
		keys, by := drawKeys(t, len(types))
		var partition []int
		var all []rt.Order
		if rapid.Bool().Draw(t, "partitioned") {
			partition, all = []int{0}, []rt.Order{{Column: 0}}
		}
		rows := sorted(rt.DrawRows(t, types, 100), append(all, by...), 0, -1)
		function := rapid.SampledFrom([]string{"ROW_NUMBER", "RANK", "DENSE_RANK"}).Draw(t, "function")
		first := rapid.Int64Range(1, 3).Draw(t, "first")
		op := &relational.Rank{Input: types, Function: expr.MustLookup(function), PartitionBy: partition, OrderBy: keys, First: first,
			Last: first + rapid.Int64Range(0, 5).Draw(t, "more"), Hidden: rapid.Bool().Draw(t, "hidden")}
		got := rt.Run(t, op, rt.Plenty, dir, rt.DrawBatches(t, types, rows))
		want := ranked(rows, partition, by, function, op.First, op.Last)
		if op.Hidden {
			for i := range want {
				want[i] = want[i][:len(types)]
			}
		}
		requireRows(t, want, got)
	})
}

func BenchmarkTopN(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	const length = 4096
	v := vector.New(datatype.BigInt, length)
	dir := rt.Dir(b)
	types := []datatype.Type{datatype.BigInt}
	r := rt.Open(b, &relational.TopN{Input: types, Keys: []relational.SortKey{{Column: 0}}, Limit: 100}, 1, rt.Plenty, dir)
	for i := range length {
		vector.Values[int64](v)[i] = random.Int64()
	}
	for b.Loop() {
		r.Process(0, &vector.Batch{Length: length, Columns: []*vector.Vector{v}})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/length, "ns/row")
	r.End(0)
	r.Rows()
}
