package datatype

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var samples = []Type{
	Null, Boolean, TinyInt.Required(), SmallInt, Int, Int.Required(), BigInt, Float, Double, Decimal(10, 2), Decimal(38, 0),
	Decimal(38, 38).Required(), Char(3), Char(5).Required(), VarChar(4), String, Binary(2), Bytes, Date, Time(0), Time(3),
	Timestamp(3), Timestamp(9), TimestampLTZ(6), IntervalOf(Year, Month), IntervalOf(Month, Month), IntervalOf(Day, Second),
	IntervalOf(Second, Second), Array(Int), Array(BigInt.Required()), Multiset(String), Map(String, Int), Map(Char(2), BigInt),
	Row(Field{Name: "a", Type: Int}), Row(Field{Name: "b", Type: Double}), Row(Field{Name: "a", Type: Int}, Field{Name: "b", Type: Int}),
}

func TestString(t *testing.T) {
	for want, typ := range map[string]Type{
		"STRING":                                     String,
		"BYTES NOT NULL":                             Bytes.Required(),
		"DECIMAL(10, 2)":                             Decimal(10, 2),
		"INTERVAL YEAR(2) TO MONTH":                  IntervalOf(Year, Month),
		"INTERVAL MONTH":                             IntervalOf(Month, Month),
		"INTERVAL DAY(2) TO SECOND(6)":               IntervalOf(Day, Second),
		"INTERVAL SECOND(6)":                         IntervalOf(Second, Second),
		"INTERVAL HOUR TO MINUTE":                    IntervalOf(Hour, Minute),
		"MAP<STRING, ARRAY<INT>>":                    Map(String, Array(Int)),
		"ROW<`a``b` INT NOT NULL 'it''s', `c` DATE>": Row(Field{"a`b", Int.Required(), "it's"}, Field{Name: "c", Type: Date}),
	} {
		require.Equal(t, want, typ.String())
	}
}

func TestCommon(t *testing.T) {
	for _, c := range []struct {
		a, b Type
		want string
	}{
		{Int.Required(), BigInt.Required(), "BIGINT NOT NULL"},
		{Int.Required(), BigInt, "BIGINT"},
		{Int.Required(), Null, "INT"},
		{Int, Decimal(5, 2), "DECIMAL(12, 2)"},
		{BigInt, Decimal(38, 10), "DECIMAL(38, 10)"},
		{Int, Float, "FLOAT"},
		{Decimal(5, 2), Float, "DOUBLE"},
		{Char(3), Char(3), "CHAR(3)"},
		{Char(3), Char(5), "VARCHAR(5)"},
		{Char(3), String, "STRING"},
		{Binary(1), Bytes, "BYTES"},
		{Date, Timestamp(3), "TIMESTAMP(3)"},
		{Timestamp(3), TimestampLTZ(1), "TIMESTAMP_LTZ(3)"},
		{Date, Time(0), ""},
		{Int, String, ""},
		{Boolean, Int, ""},
		{Array(Int), Array(BigInt.Required()), "ARRAY<BIGINT>"},
		{Row(Field{Name: "a", Type: Int}), Row(Field{Name: "b", Type: Double}), "ROW<`a` DOUBLE>"},
		{IntervalOf(Day, Day), IntervalOf(Hour, Second), "INTERVAL DAY(2) TO SECOND(6)"},
	} {
		got, ok := Common(c.a, c.b)
		require.Equal(t, c.want != "", ok, "%s and %s", c.a, c.b)
		if ok {
			require.Equal(t, c.want, got.String(), "%s and %s", c.a, c.b)
		}
	}
}

// TestCommonHasNoOrder: the type does not depend on which comes first, but for names of fields, and both sides can be cast to it.
func TestCommonHasNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SampledFrom(samples).Draw(t, "a"), rapid.SampledFrom(samples).Draw(t, "b")
		ab, ok := Common(a, b)
		ba, also := Common(b, a)
		require.Equal(t, ok, also)
		if !ok {
			return
		}
		require.Equal(t, ab.Kind, ba.Kind)
		require.Equal(t, ab.NotNull, ba.NotNull)
		require.True(t, CanCast(a, ab), "%s to %s", a, ab)
		require.True(t, CanCast(b, ab), "%s to %s", b, ab)
		again, ok := Common(ab, b)
		require.True(t, ok)
		require.True(t, again.Equal(ab), "%s then %s", ab, again)
	})
}

func TestArithmetic(t *testing.T) {
	type operator = func(a, b Type) (Type, bool)
	for _, c := range []struct {
		name string
		op   operator
		a, b Type
		want string
	}{
		{"+", Add, Int.Required(), Int.Required(), "INT NOT NULL"},
		{"+", Add, Decimal(10, 2), Decimal(10, 4), "DECIMAL(13, 4)"},
		{"+", Add, Decimal(38, 10), Decimal(38, 10), "DECIMAL(38, 9)"},
		{"+", Add, Decimal(10, 2), Int, "DECIMAL(13, 2)"},
		{"+", Add, Decimal(10, 2), Double, "DOUBLE"},
		{"*", Multiply, Decimal(5, 2), Decimal(10, 4), "DECIMAL(16, 6)"},
		{"*", Multiply, Decimal(30, 10), Decimal(30, 10), "DECIMAL(38, 6)"},
		{"/", Divide, Decimal(5, 2), Decimal(10, 4), "DECIMAL(20, 13)"},
		{"/", Divide, Int, Int, "INT"},
		{"%", Modulo, BigInt, Int.Required(), "INT"},
		{"%", Modulo, Decimal(5, 2), Int, "DECIMAL(5, 2)"},
	} {
		got, ok := c.op(c.a, c.b)
		require.True(t, ok)
		require.Equal(t, c.want, got.String(), "%s %s %s", c.a, c.name, c.b)
	}
	_, ok := Add(String, Int)
	require.False(t, ok)
	require.Equal(t, "DECIMAL(10, 1)", Round(Decimal(10, 2), 1).String())
	require.Equal(t, "DECIMAL(9, 0)", Round(Decimal(10, 2), -1).String())
	require.Equal(t, "DECIMAL(38, 2)", Sum(Decimal(10, 2)).String())
	require.Equal(t, "DECIMAL(38, 6)", Average(Decimal(10, 2)).String())
	require.Equal(t, "INT", Average(Int).String())
}

func TestCasts(t *testing.T) {
	for _, c := range []struct {
		from, to           Type
		implicit, explicit bool
	}{
		{Int, BigInt, true, true},
		{BigInt, Int, false, true},
		{String, Int, false, true},
		{Int, String, false, true},
		{Char(1), String, true, true},
		{Timestamp(3), Int, false, false},
		{Int, Timestamp(3), false, false},
		{Timestamp(3), TimestampLTZ(3), true, true},
		{Date, Timestamp(3), false, true},
		{Date, Time(0), false, false},
		{Boolean, Date, false, false},
		{Bytes, Int, false, false},
		{Array(Int), Array(BigInt), true, true},
		{Array(Int), Map(Int, Int), false, false},
		{Array(Int), String, false, true},
		{Null, Map(Int, Int), true, true},
	} {
		require.Equal(t, c.implicit, CanCastImplicitly(c.from, c.to), "%s to %s", c.from, c.to)
		require.Equal(t, c.explicit, CanCast(c.from, c.to), "%s to %s", c.from, c.to)
	}
}
