package relational_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/operator/relational"
	rt "github.com/leatproject/leat/runtime/operator/relational/relationaltest"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// drawKeys draws keys to sort by, in two forms.
func drawKeys(t *rapid.T, columns int) (keys []relational.SortKey, by []rt.Order) {
	for range rapid.IntRange(0, 3).Draw(t, "keys") {
		o := rt.Order{Column: rapid.IntRange(0, columns-1).Draw(t, "column"), Descending: rapid.Bool().Draw(t, "descending"),
			NullsFirst: rapid.Bool().Draw(t, "nulls first")}
		keys, by = append(keys, relational.SortKey(o)), append(by, o)
	}
	return keys, by
}

func drawMemory(t *rapid.T) int64 {
	return rapid.SampledFrom([]int64{rt.Plenty, rt.Scarce}).Draw(t, "memory")
}

// sorted is rows in the order of keys, cut.
func sorted(rows []rt.Row, by []rt.Order, offset, limit int) []rt.Row {
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(a, b rt.Row) int { return rt.CompareBy(a, b, by) })
	out = out[min(offset, len(out)):]
	if limit >= 0 {
		out = out[:min(limit, len(out))]
	}
	return out
}

func requireRows(t require.TestingT, want, got []rt.Row) {
	require.Equal(t, len(want), len(got), "rows")
	for i := range want {
		require.Equal(t, want[i].String(), got[i].String(), "row %d", i)
	}
}

func TestSort(t *testing.T) {
	dir := rt.Dir(t)
	rapid.Check(t, func(t *rapid.T) {
		types := rt.DrawTypes(t, 1, 5)
		rows := rt.DrawRows(t, types, 150)
		keys, by := drawKeys(t, len(types))
		offset, limit := 0, -1
		if rapid.Bool().Draw(t, "cut") {
			offset, limit = rapid.IntRange(0, 100).Draw(t, "offset"), rapid.IntRange(-1, 100).Draw(t, "limit")
		}
		op := &relational.Sort{Input: types, Keys: keys, Offset: int64(offset), Limit: int64(limit)}
		got := rt.Run(t, op, drawMemory(t), dir, rt.DrawBatches(t, types, rows))
		requireRows(t, sorted(rows, by, offset, limit), got)
	})
}

// TestSortSpills sorts more than memory holds, into several batches.
func TestSortSpills(t *testing.T) {
	types := []datatype.Type{datatype.BigInt, datatype.String}
	random := rand.New(rand.NewPCG(1, 2))
	var batches []*vector.Batch
	var all []rt.Row
	for range 20 {
		var rows []rt.Row
		for range 1000 {
			n := random.Int64N(5000)
			rows = append(rows, rt.Row{n, fmt.Sprintf("row of %d", n)})
		}
		all = append(all, rows...)
		batches = append(batches, rt.BatchOf(types, rows))
	}
	by := []rt.Order{{Column: 0, Descending: true}}
	dir := rt.Dir(t)
	r := rt.Open(t, &relational.Sort{Input: types, Keys: []relational.SortKey{{Column: 0, Descending: true}}, Limit: -1}, 1, 256<<10, dir)
	for _, b := range batches {
		r.Process(0, b)
	}
	r.End(0)
	require.Positive(t, dir.Files())
	require.Greater(t, r.Batches, 4)
	requireRows(t, sorted(all, by, 0, -1), r.Rows())
}

func TestSortKeysAreChecked(t *testing.T) {
	for _, c := range []struct {
		of  datatype.Type
		key int
	}{{datatype.Int, 1}, {datatype.Array(datatype.Int), 0}} {
		err := (&relational.Sort{Input: []datatype.Type{c.of}, Keys: []relational.SortKey{{Column: c.key}}}).Open(rt.Context(rt.Plenty, rt.Dir(t)))
		require.Error(t, err)
	}
}

func BenchmarkSort(b *testing.B) {
	types := []datatype.Type{datatype.BigInt, datatype.BigInt}
	random := rand.New(rand.NewPCG(1, 2))
	const length, count = 4096, 256
	dir := rt.Dir(b)
	for b.Loop() {
		r := rt.Open(b, &relational.Sort{Input: types, Keys: []relational.SortKey{{Column: 0}}, Limit: -1}, 1, rt.Plenty, dir)
		r.Discard = true
		for range count {
			b.StopTimer()
			v := &vector.Batch{Length: length}
			for range types {
				c := vector.New(datatype.BigInt, length)
				for i := range length {
					vector.Values[int64](c)[i] = random.Int64()
				}
				v.Columns = append(v.Columns, c)
			}
			b.StartTimer()
			r.Process(0, v)
		}
		r.End(0)
		r.Rows()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/length/count, "ns/row")
}
