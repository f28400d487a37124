package expr

import (
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/datatype"
)

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range sections {
		for _, r := range s.rows {
			require.False(t, seen[r.name], "%s is there twice", r.name)
			seen[r.name] = true
			require.NotEmpty(t, r.doc, r.name)
			require.Equal(t, strings.ToUpper(r.name), r.name)
			for _, o := range parseSignatures(r.signatures) {
				for _, p := range o.params {
					_, family := families[p]
					_, typ := named[p]
					require.True(t, family || typ || len(p) == 1 || strings.HasSuffix(p, ">"), "%s: parameter %q", r.name, p)
				}
				if rule, ok := strings.CutPrefix(o.result, "="); ok {
					require.Contains(t, rules, rule, r.name)
				}
			}
		}
	}
	for alias, name := range aliases {
		require.True(t, seen[name], "%s stands for %s", alias, name)
		require.False(t, seen[alias], alias)
	}
}

func TestResolve(t *testing.T) {
	str, i, big := datatype.String, datatype.Int, datatype.BigInt
	for _, c := range []struct {
		name string
		args []datatype.Type
		want string // the arguments after coercion, then the result
	}{
		{"+", []datatype.Type{i, big.Required()}, "INT, BIGINT NOT NULL -> BIGINT"},
		{"=", []datatype.Type{i.Required(), big}, "BIGINT NOT NULL, BIGINT -> BOOLEAN"},
		{"=", []datatype.Type{str, datatype.Date.Required()}, "DATE, DATE NOT NULL -> BOOLEAN"},
		{"UPPER", []datatype.Type{datatype.Char(3).Required()}, "CHAR(3) NOT NULL -> CHAR(3) NOT NULL"},
		{"COALESCE", []datatype.Type{i, big.Required()}, "BIGINT, BIGINT NOT NULL -> BIGINT NOT NULL"},
		{"ARRAY_CONTAINS", []datatype.Type{datatype.Array(big), i.Required()}, "ARRAY<BIGINT>, BIGINT NOT NULL -> BOOLEAN"},
		{"MAP_KEYS", []datatype.Type{datatype.Map(str, i).Required()}, "MAP<STRING, INT> NOT NULL -> ARRAY<STRING> NOT NULL"},
		{"MAP_ENTRIES", []datatype.Type{datatype.Map(str, i)}, "MAP<STRING, INT> -> ARRAY<ROW<`key` STRING, `value` INT>>"},
		{"COUNT", nil, " -> BIGINT NOT NULL"},
		{"SUM", []datatype.Type{datatype.Decimal(10, 2)}, "DECIMAL(10, 2) -> DECIMAL(38, 2)"},
		{"SUBSTRING", []datatype.Type{datatype.Char(5).Required(), i.Required()}, "CHAR(5) NOT NULL, INT NOT NULL -> VARCHAR(5)"},
		{"COALESCE", []datatype.Type{datatype.Null, i}, "INT, INT -> INT"},
		{"POWER", []datatype.Type{i, datatype.Null}, "INT, NULL -> DOUBLE"},
	} {
		f, err := Lookup(c.name)
		require.NoError(t, err)
		args := make([]Argument, len(c.args))
		for i, a := range c.args {
			args[i].Type = a
		}
		r, err := f.Resolve(args)
		require.NoError(t, err, c.name)
		var texts []string
		for _, a := range r.Args {
			texts = append(texts, a.String())
		}
		require.Equal(t, c.want, strings.Join(texts, ", ")+" -> "+r.Result.String(), c.name)
	}
}

func TestResolveErrors(t *testing.T) {
	f := MustLookup("ARRAY_CONTAINS")
	_, err := f.Resolve([]Argument{{Type: datatype.Array(datatype.Int)}, {Type: datatype.Boolean}})
	require.EqualError(t, err, "ARRAY_CONTAINS takes (ARRAY<T>, T), not (ARRAY<INT>, BOOLEAN)")
	_, err = MustLookup("UPPER").Resolve(nil)
	require.EqualError(t, err, "UPPER takes (text), not ()")
	_, err = Lookup("uper")
	require.EqualError(t, err, `there is no function uper; did you mean "UPPER"?`)
}

func TestString(t *testing.T) {
	call := Call{Function: MustLookup("+"), Of: datatype.Int, Args: []Expr{
		Column{Index: 1, Of: datatype.Int},
		Cast{Operand: Literal{Value: "1", Of: datatype.Char(1).Required()}, Of: datatype.Int},
	}}
	require.Equal(t, "+($1, CAST('1'):INT)", call.String())
	shifted := Rewrite(call, func(e Expr) Expr {
		if c, ok := e.(Column); ok {
			c.Index += 2
			return c
		}
		return e
	})
	require.Equal(t, "+($3, CAST('1'):INT)", shifted.String())
	require.Equal(t, "+($1, CAST('1'):INT)", call.String())
	for want, l := range map[string]Literal{
		"null:INT":                {Of: datatype.Int},
		"-0.05:DECIMAL(3, 2)":     {Value: big.NewInt(-5), Of: datatype.Decimal(3, 2).Required()},
		"1970-01-11":              {Value: int64(10), Of: datatype.Date.Required()},
		"5000:INTERVAL SECOND(6)": {Value: int64(5000), Of: datatype.IntervalOf(datatype.Second, datatype.Second).Required()},
		"X'0AFF'":                 {Value: []byte{10, 255}, Of: datatype.Binary(2)},
	} {
		require.Equal(t, want, l.String())
	}
}
