package relational

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator/relational/relationaltest"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/vector"
)

type row = relationaltest.Row

// drawCall draws a call of columns, the first of them BOOLEAN.
func drawCall(t *rapid.T, types []datatype.Type) Call {
	arg := rapid.IntRange(0, len(types)-1).Draw(t, "argument")
	of := types[arg]
	names := []string{"COUNT", "MIN", "MAX", "FIRST_VALUE", "LAST_VALUE", "APPROX_COUNT_DISTINCT"}
	if of.IsNumeric() {
		names = append(names, "SUM", "AVG", "SUM0")
	}
	if of.IsCharacter() {
		names = append(names, "LISTAGG")
	}
	c := Call{Function: expr.MustLookup(rapid.SampledFrom(names).Draw(t, "function")), Args: []int{arg}, Filter: -1}
	if c.Function.Name == "COUNT" && rapid.Bool().Draw(t, "star") {
		c.Args = nil
	}
	args := make([]expr.Argument, len(c.Args))
	for i, a := range c.Args {
		args[i].Type = types[a]
	}
	r, err := c.Function.Resolve(args)
	require.NoError(t, err)
	c.Type = r.Result
	if c.Args != nil && c.Function.Name != "LISTAGG" && c.Function.Name != "LAST_VALUE" {
		c.Distinct = rapid.Bool().Draw(t, "distinct")
	}
	if rapid.Bool().Draw(t, "filter") {
		c.Filter = 0
	}
	return c
}

// naive is a call computed row by row.
func naive(c Call, types []datatype.Type, rows []row) any {
	var values []any
	seen := map[string]bool{}
	for _, r := range rows {
		if c.Filter >= 0 && r[c.Filter] != true {
			continue
		}
		v := any(int64(1))
		if len(c.Args) > 0 {
			v = r[c.Args[0]]
		}
		key := fmt.Sprint(v)
		if v == nil || c.Distinct && seen[key] {
			continue
		}
		seen[key] = true
		values = append(values, v)
	}
	name := c.Function.Name
	switch name {
	case "COUNT":
		return int64(len(values))
	case "APPROX_COUNT_DISTINCT":
		different := map[string]bool{}
		for _, v := range values {
			different[fmt.Sprint(v)] = true
		}
		return int64(len(different))
	}
	if len(values) == 0 && name != "SUM0" {
		return nil
	}
	switch name {
	case "MIN":
		return slices.MinFunc(values, relationaltest.Compare)
	case "MAX":
		return slices.MaxFunc(values, relationaltest.Compare)
	case "FIRST_VALUE":
		return values[0]
	case "LAST_VALUE":
		return values[len(values)-1]
	case "LISTAGG":
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = v.(string)
		}
		return strings.Join(texts, ",")
	}
	return naiveSum(name, types[c.Args[0]], c.Type, values)
}

func naiveSum(name string, of, result datatype.Type, values []any) any {
	n := int64(max(len(values), 1))
	switch {
	case of.IsInteger():
		sum := int64(0)
		for _, v := range values {
			sum += v.(int64)
		}
		if name == "AVG" {
			sum /= n
		}
		return sum
	case of.IsApproximate():
		sum := 0.0
		for _, v := range values {
			sum += v.(float64)
		}
		if name == "AVG" {
			sum /= float64(n)
		}
		if of.Kind == datatype.KindFloat {
			sum = float64(float32(sum))
		}
		return sum
	}
	var sum decimal.Int128
	for _, v := range values {
		switch v := v.(type) {
		case int64:
			sum = sum.Add(decimal.Of(v))
		case decimal.Int128:
			sum = sum.Add(v)
		}
	}
	if name == "AVG" {
		q, ok := decimal.Div(sum, decimal.Of(n), of.Scale, 0, result.Scale)
		if !ok || !q.Fits(38) {
			return nil
		}
		return q
	}
	if !sum.Fits(38) {
		return nil
	}
	return sum
}

// naiveGroups are the rows of each group, as texts of keys and results.
func naiveGroups(groups []int, calls []Call, types []datatype.Type, rows []row) []row {
	var order []string
	members := map[string][]row{}
	for _, r := range rows {
		key := make(row, len(groups))
		for i, g := range groups {
			key[i] = r[g]
		}
		if _, ok := members[key.String()]; !ok {
			order = append(order, key.String())
		}
		members[key.String()] = append(members[key.String()], r)
	}
	if len(groups) == 0 && len(rows) == 0 {
		order = append(order, "")
	}
	var out []row
	for _, key := range order {
		var r row
		for _, g := range groups {
			r = append(r, members[key][0][g])
		}
		for _, c := range calls {
			r = append(r, naive(c, types, members[key]))
		}
		out = append(out, r)
	}
	return out
}

func TestAggregateAsNaive(t *testing.T) {
	dir := relationaltest.Dir(t)
	rapid.Check(t, func(t *rapid.T) {
		types := append([]datatype.Type{datatype.Boolean}, relationaltest.DrawTypes(t, 1, 4)...)
		rows := relationaltest.DrawRows(t, types, 200)
		groups := rapid.SliceOfNDistinct(rapid.IntRange(0, len(types)-1), 0, 3, rapid.ID[int]).Draw(t, "groups")
		var calls []Call
		for range rapid.IntRange(0, 4).Draw(t, "calls") {
			calls = append(calls, drawCall(t, types))
		}
		want := relationaltest.Texts(naiveGroups(groups, calls, types, rows))
		for _, memory := range []int64{relationaltest.Plenty, relationaltest.Scarce, 40 << 10} {
			a := &Aggregate{Input: types, Groups: groups, Calls: calls}
			got := relationaltest.Run(t, a, memory, dir, relationaltest.DrawBatches(t, types, rows))
			require.Equal(t, want, relationaltest.Texts(got), "memory %d", memory)
		}
		calls = slices.Clone(calls)
		for i := range calls {
			calls[i].Distinct = false
		}
		want = relationaltest.Texts(naiveGroups(groups, calls, types, rows))
		for _, memory := range []int64{relationaltest.Plenty, relationaltest.Scarce} {
			got := twoPhases(t, types, groups, calls, memory, dir, relationaltest.DrawBatches(t, types, rows))
			require.Equal(t, want, relationaltest.Texts(got), "two phases, memory %d", memory)
		}
	})
}

// twoPhases sends rows through a Local, then a Global.
func twoPhases(t *rapid.T, types []datatype.Type, groups []int, calls []Call, memory int64, dir *spill.Dir, batches []*vector.Batch) []row {
	local := &Aggregate{Input: types, Groups: groups, Calls: calls, Phase: Local}
	local.adaptive.pass = rapid.Bool().Draw(t, "pass")
	partial := relationaltest.Run(t, local, memory, dir, batches)
	global := &Aggregate{Input: types, Groups: groups, Calls: calls, Phase: Global}
	of, err := global.Partial()
	require.NoError(t, err)
	return relationaltest.Run(t, global, memory, dir, relationaltest.DrawBatches(t, of, partial))
}

func TestAggregateManyGroups(t *testing.T) {
	const rows = 200_000
	types := []datatype.Type{datatype.BigInt, datatype.BigInt}
	sum := Call{Function: expr.MustLookup("SUM"), Args: []int{1}, Filter: -1, Type: datatype.BigInt}
	count := Call{Function: expr.MustLookup("COUNT"), Args: []int{1}, Filter: -1, Type: datatype.BigInt, Distinct: true}
	for _, memory := range []int64{relationaltest.Plenty, 1 << 20} {
		a := &Aggregate{Input: types, Groups: []int{0}, Calls: []Call{sum, count}}
		r := relationaltest.Open(t, a, 1, memory, relationaltest.Dir(t))
		for at := 0; at < rows; at += batchRows {
			keys, values := make([]int64, batchRows), make([]int64, batchRows)
			for i := range keys {
				keys[i], values[i] = int64((at+i)%50_000), int64((at+i)%3)
			}
			r.Process(0, batch(col(datatype.BigInt, keys...), col(datatype.BigInt, values...)))
		}
		r.End(0)
		got := r.Rows()
		require.Len(t, got, 50_000)
		require.Equal(t, memory < relationaltest.Plenty, r.Spills() > 0)
		total := int64(0)
		for _, g := range got {
			total += g[1].(int64)
			require.Equal(t, int64(3), g[2])
		}
		require.InDelta(t, rows, total, batchRows)
	}
}

func TestLocalGivesUp(t *testing.T) {
	types := []datatype.Type{datatype.BigInt}
	a := &Aggregate{Input: types, Groups: []int{0}, Phase: Local}
	r := relationaltest.Open(t, a, 1, relationaltest.Plenty, relationaltest.Dir(t))
	for at := range 2 * adaptiveRows / batchRows {
		keys := make([]int64, batchRows)
		for i := range keys {
			keys[i] = int64(at*batchRows + i)
		}
		r.Process(0, batch(col(datatype.BigInt, keys...)))
	}
	require.True(t, a.adaptive.pass)
	r.End(0)
	require.Len(t, r.Rows(), 2*adaptiveRows)
}

func TestAggregateOfFunctions(t *testing.T) {
	number, text := datatype.Int, datatype.String
	input := func() *vector.Batch {
		return batch(texts("a", "a", "a", "b"), nulls(col(number, int32(1), 2, 4, 0), 3), texts("z", "y", "x", "w"))
	}
	ordered := []SortKey{{Column: 2}}
	literal := func(v any, of datatype.Type) []expr.Literal { return []expr.Literal{{Value: v, Of: of}} }
	for _, c := range []struct {
		name string
		call Call
		of   datatype.Type
		want string // of a, of b

	}{
		{"STDDEV_POP", Call{Args: []int{1}}, number, "1 NULL"},
		{"VAR_SAMP", Call{Args: []int{1}}, number, "2 NULL"},
		{"VAR_SAMP", Call{Args: []int{1}}, datatype.Double, "2.3333333333333335 NULL"},
		{"LISTAGG", Call{Args: []int{2}}, text, "z,y,x w"},
		{"LISTAGG", Call{Args: []int{2}, OrderBy: ordered, Constant: literal("-", text)}, text, "x-y-z w"},
		{"LISTAGG", Call{Args: []int{1}}, text, "1,2,4 NULL"},
		{"LISTAGG", Call{Args: []int{2, 0}}, text, "zayax w"},
		{"FIRST_VALUE", Call{Args: []int{1}, OrderBy: ordered}, number, "4 NULL"},
		{"MAX_BY", Call{Args: []int{2, 1}}, text, "x NULL"},
		{"MIN_BY", Call{Args: []int{2, 1}}, text, "z NULL"},
		{"JSON_ARRAYAGG", Call{Args: []int{1}, Constant: literal("ABSENT ON NULL", datatype.Symbol)}, text, "[1,2,4] []"},
		{"JSON_ARRAYAGG", Call{Args: []int{1}, Constant: literal("NULL ON NULL", datatype.Symbol)}, text, "[1,2,4] [null]"},
		{"JSON_OBJECTAGG", Call{Args: []int{2, 1}, Constant: literal("NULL ON NULL", datatype.Symbol)}, text,
			`{"x":4,"y":2,"z":1} {"w":null}`},
		{"MEDIAN", Call{Args: []int{1}}, datatype.Double, "2 NULL"},
		{"PERCENTILE", Call{Args: []int{1}, Constant: literal(0.25, datatype.Double)}, datatype.Double, "1.5 NULL"},
		{"BOOL_OR", Call{Args: []int{3}}, datatype.Boolean, "true false"},
		{"BOOL_AND", Call{Args: []int{3}}, datatype.Boolean, "false false"},
		{"COUNT", Call{Args: []int{0}, Distinct: true}, datatype.BigInt.Required(), "1 1"},
	} {
		c.call.Function, c.call.Type, c.call.Filter = expr.MustLookup(c.name), c.of, -1
		types := []datatype.Type{text, number, text, datatype.Boolean}
		b := input()
		b.Columns = append(b.Columns, col(datatype.Boolean, true, false, true, false))
		got := relationaltest.Run(t, &Aggregate{Input: types, Groups: []int{0}, Calls: []Call{c.call}}, relationaltest.Plenty,
			relationaltest.Dir(t), []*vector.Batch{b})
		require.Len(t, got, 2)
		show := func(v any) string {
			if v == nil {
				return "NULL"
			}
			return fmt.Sprint(v)
		}
		require.Equal(t, c.want, show(got[0][1])+" "+show(got[1][1]), c.name)
	}
}

func TestSingleValue(t *testing.T) {
	single := Call{Function: expr.MustLookup("SINGLE_VALUE"), Args: []int{0}, Filter: -1, Type: datatype.Int}
	a := &Aggregate{Input: []datatype.Type{datatype.Int}, Calls: []Call{single}}
	r := newRig(t, a, 1, plenty)
	require.ErrorContains(t, r.run([]*vector.Batch{batch(col(datatype.Int, int32(1), 2))}), "more than one row")
	r = newRig(t, &Aggregate{Input: []datatype.Type{datatype.Int}, Calls: []Call{single}}, 1, plenty)
	require.NoError(t, r.run([]*vector.Batch{batch(col(datatype.Int, int32(1)))}))
	require.Equal(t, []string{"1"}, r.rows)
}

func TestApproximateIsNear(t *testing.T) {
	approx := Call{Function: expr.MustLookup("APPROX_COUNT_DISTINCT"), Args: []int{0}, Filter: -1, Type: datatype.BigInt.Required()}
	a := &Aggregate{Input: []datatype.Type{datatype.BigInt}, Calls: []Call{approx}}
	r := relationaltest.Open(t, a, 1, relationaltest.Plenty, relationaltest.Dir(t))
	const different = 100_000
	for at := 0; at < 2*different; at += batchRows {
		v := make([]int64, batchRows)
		for i := range v {
			v[i] = int64((at + i) % different)
		}
		r.Process(0, batch(col(datatype.BigInt, v...)))
	}
	r.End(0)
	require.InEpsilon(t, different, r.Rows()[0][0], 0.03)
}

func BenchmarkAggregate(b *testing.B) {
	sum := Call{Function: expr.MustLookup("SUM"), Args: []int{1}, Filter: -1, Type: datatype.BigInt}
	count := Call{Function: expr.MustLookup("COUNT"), Filter: -1, Type: datatype.BigInt}
	for _, c := range []struct {
		name   string
		keys   []int
		calls  []Call
		groups int
	}{
		{"int64/1e3", []int{0}, []Call{sum, count}, 1e3},
		{"int64/1e6", []int{0}, []Call{sum, count}, 1e6},
		{"text/1e3", []int{2}, []Call{count}, 1e3},
		{"int64+text/1e3", []int{0, 2}, []Call{sum, count}, 1e3},
		{"none", nil, []Call{sum, count}, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			types := []datatype.Type{datatype.BigInt.Required(), datatype.BigInt, datatype.String.Required()}
			a := &Aggregate{Input: types, Groups: c.keys, Calls: c.calls}
			ctx := relationaltest.Context(plenty, relationaltest.Dir(b))
			require.NoError(b, a.Open(ctx))
			var batches []*vector.Batch
			for at := range max(1, c.groups/batchRows) {
				in := vector.NewBatch(types)
				in.Length = batchRows
				for i, t := range types {
					in.Columns[i].Reset(t, batchRows)
				}
				for i := range batchRows {
					key := ((at*batchRows + i) * 7919) % c.groups
					vector.Values[int64](in.Columns[0])[i] = int64(key)
					vector.Values[int64](in.Columns[1])[i] = int64(i)
					in.Columns[2].PutBytes(i, fmt.Appendf(nil, "customer#%05d", key))
				}
				in.Columns[2].Finish()
				batches = append(batches, in)
			}
			next := 0
			for b.Loop() {
				_, err := a.Process(0, column.OfVectors(batches[next%len(batches)]))
				require.NoError(b, err)
				next++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batchRows, "ns/row")
			require.NoError(b, a.Close())
		})
	}
}
