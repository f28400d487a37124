package relational

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

func ref(i int, t datatype.Type) expr.Expr { return expr.Column{Index: i, Of: t} }
func num(n int64) expr.Expr                { return expr.Literal{Value: n, Of: datatype.BigInt} }

func call(name string, of datatype.Type, args ...expr.Expr) expr.Expr {
	return expr.Call{Function: expr.MustLookup(name), Args: args, Of: of}
}

func TestCalc(t *testing.T) {
	types := []datatype.Type{datatype.BigInt, datatype.String}
	input := func() *vector.Batch {
		return batch(nulls(col(datatype.BigInt, int64(1), 2, 3, 4, 5), 3), texts("a", "b", "c", "d", "e"))
	}
	a, b := ref(0, datatype.BigInt), ref(1, datatype.String)
	above := func(n int64) expr.Expr { return call(">", datatype.Boolean, a, num(n)) }
	plus := call("+", datatype.BigInt, a, num(10))
	for name, c := range map[string]struct {
		calc           Calc
		want, selected []string // of all rows, of those of c and e
	}{
		"filter": {Calc{Condition: above(2)}, []string{"3|c", "5|e"}, []string{"3|c", "5|e"}},
		"project": {Calc{Projections: []expr.Expr{plus, a, b, a, num(7)}},
			[]string{"11|1|a|1|7", "12|2|b|2|7", "13|3|c|3|7", "NULL|NULL|d|NULL|7", "15|5|e|5|7"}, []string{"13|3|c|3|7", "15|5|e|5|7"}},
		"both":       {Calc{Condition: above(1), Projections: []expr.Expr{b, plus}}, []string{"b|12", "c|13", "e|15"}, []string{"c|13", "e|15"}},
		"sparse":     {Calc{Condition: above(4), Projections: []expr.Expr{plus, b}}, []string{"15|e"}, []string{"15|e"}},
		"nothing":    {Calc{Condition: above(9), Projections: []expr.Expr{plus, b}}, nil, nil},
		"no columns": {Calc{Condition: above(2), Projections: []expr.Expr{}}, []string{"", ""}, []string{"", ""}},
		"false":      {Calc{Condition: expr.Literal{Value: false, Of: datatype.Boolean}}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			whole, part := c.calc, c.calc
			whole.Input, part.Input = types, types
			r := newRig(t, &whole, 1, plenty)
			require.NoError(t, r.run([]*vector.Batch{input(), input()}))
			require.Equal(t, append(append([]string(nil), c.want...), c.want...), r.rows)
			r = newRig(t, &part, 1, plenty)
			selected := input()
			selected.Selection = []int32{2, 4}
			require.NoError(t, r.run([]*vector.Batch{selected}))
			require.Equal(t, c.selected, r.rows)
		})
	}
}

func TestCalcRefuses(t *testing.T) {
	for name, c := range map[string]Calc{
		"is BIGINT, not BOOLEAN":    {Condition: num(1)},
		"no column of type STRING":  {Projections: []expr.Expr{ref(0, datatype.String)}},
		"$3 is no column of type":   {Condition: ref(3, datatype.Boolean)},
		"$4 is no column of type B": {Projections: []expr.Expr{ref(4, datatype.BigInt)}},
	} {
		c.Input = []datatype.Type{datatype.BigInt}
		require.ErrorContains(t, newRig(t, &c, 1, plenty).run(nil), name)
	}
}

func TestValues(t *testing.T) {
	v := &Values{Columns: []datatype.Type{datatype.BigInt, datatype.String}, Rows: [][]expr.Expr{
		{num(1), expr.Literal{Value: "x", Of: datatype.String}},
		{call("+", datatype.BigInt, num(1), num(1)), expr.Literal{Of: datatype.String}},
	}}
	r := newRig(t, v, 0, plenty)
	require.NoError(t, v.Open(r.ctx))
	got, err := v.Poll()
	require.NoError(t, err)
	require.Equal(t, operator.Ended, got)
	require.Equal(t, []string{"1|x", "2|NULL"}, r.rows)
}

func BenchmarkCalc(b *testing.B) {
	types := []datatype.Type{datatype.BigInt, datatype.BigInt}
	x, y := ref(0, datatype.BigInt), ref(1, datatype.BigInt)
	c := &Calc{Input: types, Condition: call("<", datatype.Boolean, x, num(2048)), Projections: []expr.Expr{call("*", datatype.BigInt, x, y)}}
	r := newRig(b, c, 1, plenty)
	r.keep = func(b *column.Batch) { b.Release() }
	require.NoError(b, c.Open(r.ctx))
	pool := column.PoolLike(column.NewVectors(types))
	for b.Loop() {
		in := pool.Get()
		v := column.Vectors(in)
		v.Length = batchRows
		for _, k := range v.Columns {
			k.Reset(datatype.BigInt, batchRows)
		}
		values := vector.Values[int64](v.Columns[0])
		for i := range values {
			values[i] = int64(i)
		}
		_, err := c.Process(0, in)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batchRows, "ns/row")
}
