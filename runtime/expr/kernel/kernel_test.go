package kernel

import (
	"cmp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// column makes a vector of values, nil for NULL.
func column(t datatype.Type, values ...any) *vector.Vector {
	v := vector.New(t, len(values))
	f := frame{out: v}
	for i, x := range values {
		f.row = i
		switch x := x.(type) {
		case nil:
			v.SetNull(i)
		case bool:
			f.putBool(x)
		case int:
			f.putInt(int64(x))
		case float64:
			f.putFloat(x)
		case string:
			f.putText([]byte(x))
		}
	}
	v.Finish()
	return v
}

// values are those of a vector at the selected rows, as column takes them.
func values(v *vector.Vector, length int, selection []int32) (out []any) {
	f := frame{args: []*vector.Vector{v}}
	each(length, selection, func(i int) {
		f.row = i
		switch {
		case f.null(0):
			out = append(out, nil)
		case v.Type.Kind == datatype.KindBoolean:
			out = append(out, f.bool(0))
		case vector.Variable(v.Type):
			out = append(out, f.str(0))
		case v.Type.IsApproximate():
			out = append(out, f.float(0))
		default:
			out = append(out, int(f.int(0)))
		}
	})
	return out
}

func call(name string, result datatype.Type, args ...expr.Expr) expr.Expr {
	return expr.Call{Function: expr.MustLookup(name), Args: args, Of: result}
}

func col(i int, t datatype.Type) expr.Expr { return expr.Column{Index: i, Of: t} }

func number64(n int64) expr.Expr { return expr.Literal{Value: n, Of: datatype.BigInt.Required()} }

func types(b *vector.Batch) (out []datatype.Type) {
	for _, c := range b.Columns {
		out = append(out, c.Type)
	}
	return out
}

func evaluate(t require.TestingT, e expr.Expr, b *vector.Batch) []any {
	p, err := Compile(e, types(b), Options{})
	require.NoError(t, err)
	v, err := p.Evaluate(b)
	require.NoError(t, err)
	return values(v, b.Length, b.Selection)
}

// Selections, NULLs and constants give what the same function of one row gives.
func TestAgainstRows(t *testing.T) {
	compare := map[string]func(a, b int) any{
		"=": func(a, b int) any { return a == b }, "<>": func(a, b int) any { return a != b }, "<": func(a, b int) any { return a < b },
		"<=": func(a, b int) any { return a <= b }, ">": func(a, b int) any { return a > b }, ">=": func(a, b int) any { return a >= b },
	}
	arithmetic := map[string]func(a, b int) any{
		"+": func(a, b int) any { return a + b }, "-": func(a, b int) any { return a - b }, "*": func(a, b int) any { return a * b },
		"GREATEST": func(a, b int) any { return max(a, b) }, "LEAST": func(a, b int) any { return min(a, b) },
	}
	rapid.Check(t, func(t *rapid.T) {
		x, y, b := batch(t)
		for _, table := range []map[string]func(a, b int) any{compare, arithmetic} {
			for name, of := range table {
				result := datatype.BigInt
				if _, is := of(1, 1).(bool); is {
					result = datatype.Boolean
				}
				want := model(b, func(i int) any {
					if x[i] == nil || y[i] == nil {
						return nil
					}
					return of(x[i].(int), y[i].(int))
				})
				require.Equal(t, want, evaluate(t, call(name, result, col(0, datatype.BigInt), col(1, datatype.BigInt)), b), name)
				want = model(b, func(i int) any {
					if x[i] == nil {
						return nil
					}
					return of(x[i].(int), 3)
				})
				require.Equal(t, want, evaluate(t, call(name, result, col(0, datatype.BigInt), number64(3)), b), name)
			}
		}
	})
}

// Three-valued logic, and a division that only rows reach whose divisor is not 0.
func TestLogicAgainstRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y, b := batch(t)
		a, c := col(0, datatype.BigInt), col(1, datatype.BigInt)
		positive := call(">", datatype.Boolean, a, number64(0))
		divides := call("=", datatype.Boolean, call("/", datatype.BigInt, number64(6), c), number64(2))
		guard := call("<>", datatype.Boolean, c, number64(0))
		truth := func(v any, of func(int) bool) any {
			if v == nil {
				return nil
			}
			return of(v.(int))
		}
		p := func(i int) any { return truth(x[i], func(n int) bool { return n > 0 }) }
		d := func(i int) any { return truth(y[i], func(n int) bool { return n != 0 && 6/n == 2 }) }
		require.Equal(t, model(b, func(i int) any { return and(p(i), d(i)) }),
			evaluate(t, call("AND", datatype.Boolean, guard, positive, divides), b))
		require.Equal(t, model(b, func(i int) any { return not(and(not(p(i)), not(d(i)))) }),
			evaluate(t, call("OR", datatype.Boolean, positive, call("AND", datatype.Boolean, guard, divides)), b))
		text := func(s string) expr.Expr { return expr.Literal{Value: s, Of: datatype.Char(len(s)).Required()} }
		require.Equal(t, model(b, func(i int) any {
			switch {
			case p(i) == true:
				return "positive"
			case d(i) == true:
				return "divides"
			}
			return nil
		}), evaluate(t, call("CASE", datatype.VarChar(8), positive, text("positive"), call("AND", datatype.Boolean, guard, divides),
			text("divides"), expr.Literal{Of: datatype.Null}), b))
		require.Equal(t, model(b, func(i int) any { return cmp.Or(x[i], y[i], any(9)) }),
			evaluate(t, call("COALESCE", datatype.BigInt, a, c, number64(9)), b))
	})
}

func and(a, b any) any {
	switch {
	case a == false || b == false:
		return false
	case a == nil || b == nil:
		return nil
	}
	return true
}

func not(a any) any {
	if a == nil {
		return nil
	}
	return !a.(bool)
}

// batch draws two columns of small integers with NULLs and a selection.
func batch(t *rapid.T) (x, y []any, b *vector.Batch) {
	n := rapid.IntRange(0, 150).Draw(t, "rows")
	value := rapid.Custom(func(t *rapid.T) any {
		if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
			return nil
		}
		return rapid.IntRange(-4, 4).Draw(t, "value")
	})
	x = rapid.SliceOfN(value, n, n).Draw(t, "x")
	y = rapid.SliceOfN(value, n, n).Draw(t, "y")
	b = &vector.Batch{Length: n, Columns: []*vector.Vector{column(datatype.BigInt, x...), column(datatype.BigInt, y...)}}
	if rapid.Bool().Draw(t, "selected") {
		b.Selection = []int32{}
		for i := range n {
			if rapid.Bool().Draw(t, "row") {
				b.Selection = append(b.Selection, int32(i))
			}
		}
	}
	return x, y, b
}

// model is what each selected row gives.
func model(b *vector.Batch, of func(i int) any) (out []any) {
	each(b.Length, b.Selection, func(i int) { out = append(out, of(i)) })
	return out
}

// LIKE gives what the naive search gives.
func TestLikeAgainstBacktracking(t *testing.T) {
	var matches func(s, p string) bool
	matches = func(s, p string) bool {
		switch {
		case p == "":
			return s == ""
		case p[0] == '%':
			return matches(s, p[1:]) || s != "" && matches(s[1:], p)
		}
		return s != "" && (p[0] == '_' || p[0] == s[0]) && matches(s[1:], p[1:])
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 12, -1).Draw(t, "text")
		p := rapid.StringOfN(rapid.RuneFrom([]rune("ab%_")), 0, 8, -1).Draw(t, "pattern")
		compiled, err := compileLike(p, 0)
		require.NoError(t, err)
		require.Equal(t, matches(s, p), compiled.match([]byte(s)), "%q LIKE %q", s, p)
	})
}

// Only selected rows can fail, and a batch without rows does not at all.
func TestErrors(t *testing.T) {
	e := call("/", datatype.BigInt, number64(1), col(0, datatype.BigInt))
	p, err := Compile(e, []datatype.Type{datatype.BigInt}, Options{})
	require.NoError(t, err)
	b := &vector.Batch{Length: 3, Columns: []*vector.Vector{column(datatype.BigInt, 1, 0, nil)}}
	_, err = p.Evaluate(b)
	require.ErrorIs(t, err, errDivision)
	b.Selection = []int32{0, 2}
	v, err := p.Evaluate(b)
	require.NoError(t, err)
	require.Equal(t, []any{1, nil}, values(v, 3, b.Selection))
	failing := call("/", datatype.BigInt, number64(1), number64(0))
	p, err = Compile(failing, nil, Options{})
	require.NoError(t, err)
	_, err = p.Evaluate(&vector.Batch{Length: 3, Selection: []int32{}})
	require.NoError(t, err)
	_, err = p.Evaluate(&vector.Batch{Length: 3})
	require.ErrorIs(t, err, errDivision)

	cast := expr.Cast{Operand: col(0, datatype.String), Of: datatype.Int}
	p, err = Compile(cast, []datatype.Type{datatype.String}, Options{})
	require.NoError(t, err)
	_, err = p.Evaluate(&vector.Batch{Length: 1, Columns: []*vector.Vector{column(datatype.String, "abc")}})
	require.EqualError(t, err, `"abc" cannot be cast to INT: use TRY_CAST to get NULL instead`)

	_, err = Compile(call("JSON_LENGTH", datatype.Int, col(0, datatype.String)), []datatype.Type{datatype.String}, Options{})
	require.ErrorContains(t, err, "JSON_LENGTH is not vectorised yet")
}

// BenchmarkKernels reports ns a row.
func BenchmarkKernels(b *testing.B) {
	const n = 8192
	small, large := datatype.Decimal(9, 2), datatype.Decimal(38, 10)
	input := []*vector.Vector{vector.New(datatype.BigInt, n), vector.New(datatype.BigInt, n), vector.New(datatype.String, n), vector.New(small, n), vector.New(large, n)}
	for i := range n {
		vector.Values[int64](input[0])[i], vector.Values[int64](input[1])[i] = int64(i*7919%1000), int64(i)
		input[2].PutBytes(i, []byte(strings.Repeat("some words ", i%4)+"special requests"))
		vector.Values[int64](input[3])[i] = int64(i)
		input[4].PutDecimal(i, decimal.Of(int64(i)*1e12))
	}
	batch := &vector.Batch{Length: n, Columns: input}
	nullable := vector.New(datatype.BigInt, n)
	copy(vector.Values[int64](nullable), vector.Values[int64](input[0]))
	nullable.SetNull(5)
	batch.Columns = append(batch.Columns, nullable)
	x, y, s := col(0, datatype.BigInt), col(1, datatype.BigInt), col(2, datatype.String)
	pattern := func(p string) expr.Expr { return expr.Literal{Value: p, Of: datatype.Char(len(p)).Required()} }
	for _, c := range []struct {
		name string
		e    expr.Expr
	}{
		{"compare", call("<", datatype.Boolean, x, y)},
		{"compare-constant", call("<", datatype.Boolean, x, number64(500))},
		{"compare-nulls", call("<", datatype.Boolean, col(5, datatype.BigInt), y)},
		{"add", call("+", datatype.BigInt, x, y)},
		{"like", call("LIKE", datatype.Boolean, s, pattern("%special%requests%"))},
		{"upper", call("UPPER", datatype.String, s)},
		{"decimal-multiply", call("*", datatype.Decimal(18, 4), col(3, small), col(3, small))},
		{"decimal-multiply-128", call("*", datatype.Decimal(38, 10), col(4, large), col(4, large))},
		{"and", call("AND", datatype.Boolean, call("<", datatype.Boolean, x, number64(500)), call(">", datatype.Boolean, y, number64(100)))},
	} {
		b.Run(c.name, func(b *testing.B) {
			p, err := Compile(c.e, types(batch), Options{})
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Evaluate(batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}
