package datagen

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/source"
	"github.com/leatproject/leat/storage/vector"
)

var options = Options{Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Clock: clock.Real}

// read gives the rows of a table that n readers give.
func read(t *testing.T, table *Table, columns []int, n int) (rows []string) {
	ctx := context.Background()
	s, err := table.Source(columns)
	require.NoError(t, err)
	require.Equal(t, source.Bounded, s.Boundedness())
	e, err := s.NewEnumerator(ctx, n)
	require.NoError(t, err)
	splits, err := e.Next(ctx)
	require.ErrorIs(t, err, source.ErrDone)
	var types []datatype.Type
	for _, c := range columns {
		types = append(types, table.fields[c].of)
	}
	for _, split := range splits {
		r, err := s.NewReader(ctx, source.Env{Parallelism: n})
		require.NoError(t, err)
		require.NoError(t, r.Open(ctx, split))
		for done := false; !done; {
			b := column.NewVectors(types)
			_, err := r.Fetch(ctx, b)
			done = errors.Is(err, source.ErrDone)
			require.True(t, done || err == nil, "%v", err)
			v := column.Vectors(b)
			for i := range v.Length {
				row := ""
				for _, c := range v.Columns {
					row += show(c, i) + " "
				}
				rows = append(rows, row)
			}
		}
		require.NoError(t, r.Close())
	}
	return rows
}

func show(v *vector.Vector, i int) string {
	switch {
	case v.IsNull(i):
		return "NULL"
	case vector.Variable(v.Type):
		return string(v.Bytes(i))
	case v.Type.Kind == datatype.KindInt:
		return fmt.Sprint(vector.Values[int32](v)[i])
	}
	return fmt.Sprint(vector.Values[int64](v)[i])
}

func TestRowsDependOnTheirNumberAlone(t *testing.T) {
	fields := []Field{{"id", datatype.BigInt}, {"n", datatype.Int}, {"name", datatype.VarChar(10)}}
	table, err := Open(map[string]string{"connector": "datagen", "number-of-rows": "10000", "fields.id.kind": "sequence", "fields.id.start": "1", "fields.id.end": "20000",
		"fields.n.min": "0", "fields.n.max": "9", "fields.n.null-rate": "0.1", "fields.name.var-len": "true"}, fields, options)
	require.NoError(t, err)
	require.EqualValues(t, 10000, table.Rows())
	one := read(t, table, []int{0, 1, 2}, 1)
	require.Len(t, one, 10000)
	require.Equal(t, one, read(t, table, []int{0, 1, 2}, 3))
	counts := map[string]int{}
	for _, row := range read(t, table, []int{1}, 2) {
		counts[row]++
	}
	require.Len(t, counts, 11)
	for value, n := range counts {
		require.InDelta(t, 950, n, 150, value)
	}
	require.Len(t, read(t, table, nil, 2), 10000)
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		of   datatype.Type
		with map[string]string
		want string
	}{
		{datatype.Int, nil, "the table has no end, and queries need one: give it the option 'number-of-rows', or a column that is a sequence"},
		{datatype.Int, map[string]string{"number-of-rows": "x"}, "option 'number-of-rows' = 'x': it is a number of rows"},
		{datatype.Int, map[string]string{"rows-per-second": "0"}, "option 'rows-per-second' = '0': it is a number of at least 1"},
		{datatype.Int, map[string]string{"fields.a.kind": "sequence", "fields.a.start": "1"}, "column a: a sequence needs the option 'end'"},
		{datatype.Int, map[string]string{"fields.a.kind": "sequence", "fields.a.start": "2", "fields.a.end": "1"}, "column a: the sequence from 2 to 1 is empty or too long"},
		{datatype.VarChar(1), map[string]string{"fields.a.kind": "sequence", "fields.a.start": "2", "fields.a.end": "10"}, "column a: the sequence from 2 to 10 does not fit VARCHAR(1)"},
		{datatype.Date, map[string]string{"fields.a.kind": "sequence", "fields.a.start": "2", "fields.a.end": "10"}, "column a: a sequence is of numbers or VARCHAR, not of DATE"},
		{datatype.Int, map[string]string{"fields.a.kind": "ramdom"}, "column a: option 'kind' = 'ramdom': it is random or sequence"},
		{datatype.Int, map[string]string{"fields.a.min": "3", "fields.a.max": "2"}, "column a: from 3 to 2 there is no value of type INT"},
		{datatype.Int, map[string]string{"fields.a.max-past": "1h"}, "column a: option 'max-past' is not for random values of type INT; those are kind, null-rate, min, max"},
		{datatype.Int.Required(), map[string]string{"fields.a.null-rate": "0.5"}, "column a: option 'null-rate': the column is NOT NULL"},
		{datatype.VarChar(5), map[string]string{"fields.a.length": "6"}, "column a: option 'length' = '6': VARCHAR(5) has 1 to 5"},
		{datatype.Timestamp(3), map[string]string{"fields.a.max-past": "soon"}, "column a: option 'max-past' = 'soon': it is a duration such as 30min, 1h or 7d"},
		{datatype.Decimal(3, 1), map[string]string{"fields.a.max": "100"}, "column a: option 'max' = '100': it is a DECIMAL(3, 1)"},
		{datatype.Array(datatype.Int), map[string]string{"number-of-rows": "1"}, "column a: values of type ARRAY<INT> cannot be made up yet"},
	} {
		_, err := Open(c.with, []Field{{"a", c.of}}, options)
		require.EqualError(t, err, c.want)
	}
	_, err := Open(map[string]string{"number-of-row": "1"}, nil, options)
	require.EqualError(t, err, "unknown option 'number-of-row' of connector datagen; options are\nconnector\nnumber-of-rows\nrows-per-second")
}
