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

// The columns of a table that windows are computed over.
const (
	overPartition = iota
	overOrder
	overValue
	overText
	overFilter
)

var overTypes = []datatype.Type{datatype.Int, datatype.BigInt, datatype.BigInt, datatype.String, datatype.Boolean}

func bigint(n int64) expr.Literal {
	return expr.Literal{Value: n, Of: datatype.BigInt.Required()}
}

// overCalls are calls and what they are for the rows of a partition, of which the frame of row i is from lo to hi.
var overCalls = map[string]struct {
	call relational.OverCall
	want func(p []rt.Row, i, lo, hi int, peer func(a, b int) bool) any
}{
	"ROW_NUMBER": {relational.OverCall{Type: datatype.BigInt}, func(_ []rt.Row, i, _, _ int, _ func(a, b int) bool) any { return int64(i + 1) }},
	"RANK": {relational.OverCall{Type: datatype.BigInt}, func(_ []rt.Row, i, _, _ int, peer func(a, b int) bool) any {
		for i > 0 && peer(i, i-1) {
			i--
		}
		return int64(i + 1)
	}},
	"DENSE_RANK": {relational.OverCall{Type: datatype.BigInt}, func(_ []rt.Row, i, _, _ int, peer func(a, b int) bool) any {
		rank := int64(1)
		for ; i > 0; i-- {
			if !peer(i, i-1) {
				rank++
			}
		}
		return rank
	}},
	"PERCENT_RANK": {relational.OverCall{Type: datatype.Double}, func(p []rt.Row, i, _, _ int, peer func(a, b int) bool) any {
		for i > 0 && peer(i, i-1) {
			i--
		}
		return float64(i) / float64(max(1, len(p)-1))
	}},
	"CUME_DIST": {relational.OverCall{Type: datatype.Double}, func(p []rt.Row, i, _, _ int, peer func(a, b int) bool) any {
		for i+1 < len(p) && peer(i, i+1) {
			i++
		}
		return float64(i+1) / float64(len(p))
	}},
	"NTILE": {relational.OverCall{Constant: []expr.Literal{bigint(3)}, Type: datatype.BigInt}, func(p []rt.Row, i, _, _ int, _ func(a, b int) bool) any {
		for bucket, at := int64(1), 0; ; bucket++ {
			if at += len(p) / 3; int(bucket) <= len(p)%3 {
				at++
			}
			if i < at {
				return bucket
			}
		}
	}},
	"LAG": {relational.OverCall{Args: []int{overText}, Constant: []expr.Literal{bigint(2), {Value: "none", Of: datatype.String}}, Type: datatype.String},
		func(p []rt.Row, i, _, _ int, _ func(a, b int) bool) any {
			if i < 2 {
				return "none"
			}
			return p[i-2][overText]
		}},
	"LEAD": {relational.OverCall{Args: []int{overValue}, IgnoreNulls: true, Type: datatype.BigInt}, func(p []rt.Row, i, _, _ int, _ func(a, b int) bool) any {
		for i++; i < len(p); i++ {
			if p[i][overValue] != nil {
				return p[i][overValue]
			}
		}
		return nil
	}},
	"FIRST_VALUE": {relational.OverCall{Args: []int{overText}, Type: datatype.String}, func(p []rt.Row, _, lo, hi int, _ func(a, b int) bool) any {
		if lo >= hi {
			return nil
		}
		return p[lo][overText]
	}},
	"LAST_VALUE": {relational.OverCall{Args: []int{overText}, IgnoreNulls: true, Type: datatype.String}, func(p []rt.Row, _, lo, hi int, _ func(a, b int) bool) any {
		for hi--; hi >= lo; hi-- {
			if p[hi][overText] != nil {
				return p[hi][overText]
			}
		}
		return nil
	}},
	"NTH_VALUE": {relational.OverCall{Args: []int{overText}, Constant: []expr.Literal{bigint(2)}, Type: datatype.String}, func(p []rt.Row, _, lo, hi int, _ func(a, b int) bool) any {
		if lo+1 >= hi {
			return nil
		}
		return p[lo+1][overText]
	}},
	"COUNT": {relational.OverCall{Args: []int{overValue}, Distinct: true, Type: datatype.BigInt}, func(p []rt.Row, _, lo, hi int, _ func(a, b int) bool) any {
		seen := map[any]bool{}
		for ; lo < hi; lo++ {
			if v := p[lo][overValue]; v != nil {
				seen[v] = true
			}
		}
		return int64(len(seen))
	}},
	"SUM": {relational.OverCall{Args: []int{overValue}, Type: datatype.BigInt}, func(p []rt.Row, _, lo, hi int, _ func(a, b int) bool) any {
		return sumOf(p, lo, hi, false)
	}},
	"SUM0": {relational.OverCall{Args: []int{overValue}, Filter: overFilter, Type: datatype.BigInt}, func(p []rt.Row, _, lo, hi int, _ func(a, b int) bool) any {
		if s := sumOf(p, lo, hi, true); s != nil {
			return s
		}
		return int64(0)
	}},
}

func sumOf(p []rt.Row, lo, hi int, filtered bool) any {
	var sum any
	for ; lo < hi; lo++ {
		v, ok := p[lo][overValue].(int64)
		if !ok || filtered && p[lo][overFilter] != true {
			continue
		}
		if sum == nil {
			sum = int64(0)
		}
		sum = sum.(int64) + v
	}
	return sum
}

// inFrame says whether row j of a partition is in the frame of row i.
func inFrame(f relational.Frame, p []rt.Row, i, j int, by rt.Order) bool {
	key := func(r int) (int64, bool) { n, ok := p[r][overOrder].(int64); return n, ok }
	side := func(b relational.Bound, start bool) bool {
		switch b.Kind {
		case relational.UnboundedPreceding, relational.UnboundedFollowing:
			return true
		}
		distance := int64(0)
		if b.Kind != relational.CurrentRow {
			distance = b.Offset.Value.(int64)
		}
		if b.Kind == relational.Preceding {
			distance = -distance
		}
		var order int64 // of j beside the bound
		a, aOK := key(j)
		c, cOK := key(i)
		switch {
		case f.Rows:
			order = int64(j) - int64(i) - distance
		case !aOK && !cOK:
			order = -distance
		case b.Kind == relational.CurrentRow || !aOK || !cOK:
			order = int64(rt.CompareBy(p[j], p[i], []rt.Order{by}))
		case by.Descending:
			order = c - a - distance
		default:
			order = a - c - distance
		}
		return start && order >= 0 || !start && order <= 0
	}
	return side(f.Start, true) && side(f.End, false)
}

func drawFrame(t *rapid.T) relational.Frame {
	f := relational.Frame{Rows: rapid.Bool().Draw(t, "rows")}
	bound := func(least, most relational.BoundKind) relational.Bound {
		b := relational.Bound{Kind: relational.BoundKind(rapid.IntRange(int(least), int(most)).Draw(t, "bound"))}
		if b.Kind == relational.Preceding || b.Kind == relational.Following {
			b.Offset = bigint(rapid.SampledFrom([]int64{0, 1, 2, 5, 90}).Draw(t, "distance"))
		}
		return b
	}
	f.Start = bound(relational.UnboundedPreceding, relational.Following)
	f.End = bound(max(f.Start.Kind, relational.Preceding), relational.UnboundedFollowing)
	return f
}

func TestOver(t *testing.T) {
	dir := rt.Dir(t)
	var names []string
	for name := range overCalls {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		by := rt.Order{Column: overOrder, Descending: rapid.Bool().Draw(t, "descending"), NullsFirst: rapid.Bool().Draw(t, "nulls first")}
		rows := rt.DrawRows(t, overTypes, 250)
		if rapid.Bool().Draw(t, "few partitions") {
			for _, r := range rows {
				r[overPartition] = nil
			}
		}
		rows = sorted(rows, []rt.Order{{Column: overPartition}, by}, 0, -1)
		op := &relational.Over{Input: overTypes, PartitionBy: []int{overPartition}, OrderBy: []relational.SortKey{relational.SortKey(by)}, Frame: drawFrame(t)}
		chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 3, rapid.ID).Draw(t, "calls")
		for _, name := range chosen {
			c := overCalls[name].call
			c.Function = expr.MustLookup(name)
			if c.Filter == 0 {
				c.Filter = -1
			}
			op.Calls = append(op.Calls, c)
		}
		memory := rapid.SampledFrom([]int64{rt.Plenty, rt.Scarce, 8 << 10}).Draw(t, "memory")
		got := rt.Run(t, op, memory, dir, rt.DrawBatches(t, overTypes, rows))
		require.Len(t, got, len(rows))
		for lo := 0; lo < len(rows); {
			hi := lo + 1
			for hi < len(rows) && rt.CompareBy(rows[lo], rows[hi], []rt.Order{{Column: overPartition}}) == 0 {
				hi++
			}
			p := rows[lo:hi]
			peer := func(a, b int) bool { return rt.CompareBy(p[a], p[b], []rt.Order{by}) == 0 }
			for i, r := range p {
				from, to := 0, 0 // of the frame
				for j := range p {
					if inFrame(op.Frame, p, i, j, by) {
						if to == 0 {
							from = j
						}
						to = j + 1
					}
				}
				want := slices.Clone(r)
				for _, name := range chosen {
					want = append(want, overCalls[name].want(p, i, from, to, peer))
				}
				require.Equal(t, want.String(), got[lo+i].String(), "row %d of %d, frame %d to %d of %+v", i, len(p), from, to, op.Frame)
			}
			lo = hi
		}
	})
}

// TestOverBeyondMemory has partitions of many pages: the results are those of partitions in memory, to the last bit.
func TestOverBeyondMemory(t *testing.T) {
	dir := rt.Dir(t)
	types := append(overTypes, datatype.Double)
	calls := []relational.OverCall{
		{Function: expr.MustLookup("SUM"), Args: []int{5}, Type: datatype.Double},
		{Function: expr.MustLookup("AVG"), Args: []int{5}, Filter: overFilter, Type: datatype.Double},
		{Function: expr.MustLookup("SUM"), Args: []int{5}, Distinct: true, Type: datatype.Double},
		{Function: expr.MustLookup("COUNT"), Args: []int{overText, overValue}, Distinct: true, Filter: overFilter, Type: datatype.BigInt},
		{Function: expr.MustLookup("MAX"), Args: []int{overText}, Type: datatype.String},
		{Function: expr.MustLookup("FIRST_VALUE"), Args: []int{overText}, IgnoreNulls: true, Type: datatype.String},
		{Function: expr.MustLookup("LAST_VALUE"), Args: []int{overText}, IgnoreNulls: true, Type: datatype.String},
		{Function: expr.MustLookup("LAST_VALUE"), Args: []int{overValue}, Type: datatype.BigInt},
		{Function: expr.MustLookup("NTH_VALUE"), Args: []int{overValue}, Constant: []expr.Literal{bigint(70)}, Type: datatype.BigInt},
		{Function: expr.MustLookup("LAG"), Args: []int{overValue}, Constant: []expr.Literal{bigint(200)}, Type: datatype.BigInt},
		{Function: expr.MustLookup("LAG"), Args: []int{overValue, overOrder, overOrder}, IgnoreNulls: true, Type: datatype.BigInt},
		{Function: expr.MustLookup("LEAD"), Args: []int{overText}, Constant: []expr.Literal{bigint(3)}, Type: datatype.String},
		{Function: expr.MustLookup("ROW_NUMBER"), Type: datatype.BigInt},
		{Function: expr.MustLookup("DENSE_RANK"), Type: datatype.BigInt},
		{Function: expr.MustLookup("CUME_DIST"), Type: datatype.Double},
	}
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		null := func(v any) any {
			if random.IntN(6) == 0 {
				return nil
			}
			return v
		}
		var rows []rt.Row
		for p := range int64(3) {
			at := int64(0)
			for range rapid.SampledFrom([]int{0, 3, 70, 128, 600, 1500}).Draw(t, "rows") {
				if random.IntN(3) > 0 {
					at += random.Int64N(4)
				}
				rows = append(rows, rt.Row{p, at, null(random.Int64N(50)), null([]string{"a", "bc", ""}[random.IntN(3)]), null(random.IntN(2) == 0), null(random.Float64())})
			}
		}
		frame := drawFrame(t)
		var calls = rapid.SliceOfNDistinct(rapid.SampledFrom(calls), 1, 4, func(c relational.OverCall) string { return c.Function.Name }).Draw(t, "calls")
		for i, c := range calls {
			if c.Filter == 0 {
				calls[i].Filter = -1
			}
		}
		var want []string
		for _, memory := range []int64{rt.Plenty, rt.Scarce, 100 << 10} {
			op := &relational.Over{Input: types, PartitionBy: []int{overPartition}, OrderBy: []relational.SortKey{{Column: overOrder}}, Frame: frame, Calls: calls}
			var got []string
			for _, r := range rt.Run(t, op, memory, dir, cut(types, rows, 200)) {
				got = append(got, r.String())
			}
			if want == nil {
				want = got
			}
			require.Equal(t, want, got, "%d bytes of memory", memory)
		}
	})
}

// cut makes batches of rows.
func cut(types []datatype.Type, rows []rt.Row, size int) (out []*vector.Batch) {
	for part := range slices.Chunk(rows, size) {
		out = append(out, rt.BatchOf(types, part))
	}
	return out
}

// TestOverDropsWhatNothingLooksAt has partitions of which running totals and sliding frames keep little.
func TestOverDropsWhatNothingLooksAt(t *testing.T) {
	types := []datatype.Type{datatype.BigInt, datatype.BigInt}
	back := relational.Bound{Kind: relational.Preceding, Offset: bigint(100)}
	for name, frame := range map[string]relational.Frame{
		"rows so far":       {Rows: true, End: relational.Bound{Kind: relational.CurrentRow}},
		"peers so far":      {End: relational.Bound{Kind: relational.CurrentRow}},
		"the last 100 rows": {Rows: true, Start: back, End: relational.Bound{Kind: relational.CurrentRow}},
		"RANGE of 100":      {Start: back, End: relational.Bound{Kind: relational.Following, Offset: bigint(50)}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := rt.Dir(t)
			op := &relational.Over{Input: types, PartitionBy: []int{0}, OrderBy: []relational.SortKey{{Column: 1}}, Frame: frame,
				Calls: []relational.OverCall{{Function: expr.MustLookup("SUM"), Args: []int{1}, Filter: -1, Type: datatype.BigInt},
					{Function: expr.MustLookup("ROW_NUMBER"), Filter: -1, Type: datatype.BigInt}}}
			r := rt.Open(t, op, 1, 64<<10, dir)
			r.Discard = true
			for k := range 100 {
				v := vector.NewBatch(types)
				v.Length = 1000
				for c := range v.Columns {
					v.Columns[c].Reset(datatype.BigInt, v.Length)
					for i := range v.Length {
						vector.Values[int64](v.Columns[c])[i] = int64(c * (k*v.Length + i))
					}
				}
				r.Process(0, v)
			}
			r.End(0)
			r.Rows()
			require.Less(t, dir.BytesSpilled(), int64(1000*16*20), "of 1.6 MB")
		})
	}
}

// TestOverTimes has frames whose distance is an interval.
func TestOverTimes(t *testing.T) {
	days := func(n int64) expr.Literal {
		return expr.Literal{Value: n * 86400000, Of: datatype.IntervalOf(datatype.Day, datatype.Day)}
	}
	months := expr.Literal{Value: int64(1), Of: datatype.IntervalOf(datatype.Month, datatype.Month)}
	for _, c := range []struct {
		of     datatype.Type
		offset expr.Literal
		keys   []int64
		want   []int64
	}{
		{datatype.Date, days(2), []int64{1, 2, 4, 9}, []int64{1, 2, 2, 1}},
		{datatype.Timestamp(3), days(1), []int64{0, 86400000, 86400001, 200000000}, []int64{1, 2, 2, 1}},
		{datatype.Date, months, []int64{0, 30, 31, 58, 59}, []int64{1, 2, 3, 3, 3}}, // of January and February 1970
	} {
		types := []datatype.Type{c.of}
		var rows []rt.Row
		for _, k := range c.keys {
			rows = append(rows, rt.Row{k})
		}
		op := &relational.Over{Input: types, OrderBy: []relational.SortKey{{Column: 0}},
			Frame: relational.Frame{Start: relational.Bound{Kind: relational.Preceding, Offset: c.offset}, End: relational.Bound{Kind: relational.CurrentRow}},
			Calls: []relational.OverCall{{Function: expr.MustLookup("COUNT"), Filter: -1, Type: datatype.BigInt}}}
		got := rt.Run(t, op, rt.Plenty, rt.Dir(t), []*vector.Batch{rt.BatchOf(types, rows)})
		for i, r := range got {
			require.Equal(t, c.want[i], r[1], "%s: row %d", c.of, i)
		}
	}
}

func TestOverIsChecked(t *testing.T) {
	frame := relational.Frame{Start: relational.Bound{Kind: relational.Preceding, Offset: bigint(1)}, End: relational.Bound{Kind: relational.CurrentRow}}
	for name, op := range map[string]*relational.Over{
		"one sort key":      {Frame: frame},
		"does not fit":      {Frame: frame, OrderBy: []relational.SortKey{{Column: overText}}},
		"before it begins":  {Frame: relational.Frame{Start: relational.Bound{Kind: relational.CurrentRow}, End: relational.Bound{Kind: relational.Preceding}}},
		"partition column":  {PartitionBy: []int{9}, Frame: relational.Frame{End: relational.Bound{Kind: relational.CurrentRow}}},
		"that is not negat": {Frame: relational.Frame{Rows: true, Start: relational.Bound{Kind: relational.Preceding, Offset: bigint(-1)}, End: relational.Bound{Kind: relational.CurrentRow}}},
	} {
		op.Input = overTypes
		require.ErrorContains(t, op.Open(rt.Context(rt.Plenty, rt.Dir(t))), name)
	}
}

func BenchmarkOverRunningSum(b *testing.B) {
	types := []datatype.Type{datatype.BigInt, datatype.BigInt}
	const length, count = 4096, 32
	for _, partition := range []int{10, 100000} {
		b.Run(map[int]string{10: "partitions of 10", 100000: "partitions of 100000"}[partition], func(b *testing.B) {
			dir := rt.Dir(b)
			for b.Loop() {
				op := &relational.Over{Input: types, PartitionBy: []int{0}, OrderBy: []relational.SortKey{{Column: 1}},
					Frame: relational.Frame{End: relational.Bound{Kind: relational.CurrentRow}},
					Calls: []relational.OverCall{{Function: expr.MustLookup("SUM"), Args: []int{1}, Filter: -1, Type: datatype.BigInt}}}
				r := rt.Open(b, op, 1, rt.Plenty, dir)
				r.Discard = true
				for k := range count {
					v := vector.NewBatch(types)
					v.Length = length
					for c := range v.Columns {
						v.Columns[c].Reset(datatype.BigInt, length)
						for i := range length {
							n := k*length + i
							vector.Values[int64](v.Columns[c])[i] = int64([]int{n / partition, n}[c])
						}
					}
					r.Process(0, v)
				}
				r.End(0)
				r.Rows()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/length/count, "ns/row")
		})
	}
}
