package parquet_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/format/columnar/parquet"
	"github.com/leatproject/leat/storage/vector"
)

// TestNestedRoundTrip: nested columns are read as they were written, from any row on and in pieces of any length.
func TestNestedRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields, b := columnartest.NestedBatch(t)
		o := parquet.WriterOptions{Codec: rapid.SampledFrom(codecs).Draw(t, "codec"), RowGroup: rapid.Int64Range(1, 1000).Draw(t, "group")}
		f := open(t, write(t, fields, o, b, b, b))
		want := append(append(columnartest.Shown(b), columnartest.Shown(b)...), columnartest.Shown(b)...)
		require.EqualValues(t, len(want), f.Rows())
		after := rapid.IntRange(0, len(want)).Draw(t, "after")
		r, err := parquet.NewReader(f, fields, groups(f), int64(after))
		require.NoError(t, err)
		got, err := columnartest.ReadShown(r, rapid.IntRange(1, 50).Draw(t, "limit"))
		require.NoError(t, err)
		require.Equal(t, want[after:], got)
	})
}

// lists is a batch of lists of structs, of which some are NULL, some empty and some long.
func lists(rows int) ([]columnar.Field, *vector.Batch) {
	element := datatype.Row(datatype.Field{Name: "k", Type: datatype.String}, datatype.Field{Name: "n", Type: datatype.BigInt.Required()})
	fields := []columnar.Field{{Name: "id", Type: datatype.Int}, {Name: "list", Type: datatype.Array(element)}}
	b := new(vector.Batch)
	columnar.Prepare(b, fields, rows)
	list, end := b.Columns[1], 0
	for i := range rows {
		vector.Values[int32](b.Columns[0])[i] = int32(i)
		n := i % 5
		if i%1000 == 998 {
			n = 3000
		}
		if i%7 == 3 {
			list.SetNull(i)
			n = 0
		}
		list.Children[0].Extend(n)
		for ; n > 0; n-- {
			if row := list.Children[0]; end%11 == 5 {
				row.Children[0].SetNull(end)
			} else {
				row.Children[0].PutBytes(end, []byte{byte('a' + end%26)})
			}
			vector.Values[int64](list.Children[0].Children[1])[end] = int64(end)
			end++
		}
		list.PutEnd(i, end)
	}
	for _, v := range b.Columns {
		v.Finish()
	}
	return fields, b
}

// TestNestedPages: rows of lists over many pages and row groups; of their elements only one field is read.
func TestNestedPages(t *testing.T) {
	fields, b := lists(30_000)
	f := open(t, write(t, fields, parquet.WriterOptions{RowGroup: 1 << 18}, b))
	require.Greater(t, f.RowGroups(), 1)
	r, err := parquet.NewReader(f, fields, groups(f), 0)
	require.NoError(t, err)
	got, err := columnartest.ReadShown(r, 777)
	require.NoError(t, err)
	require.Equal(t, columnartest.Shown(b), got)

	one := datatype.Array(datatype.Row(datatype.Field{Name: "n", Type: datatype.Decimal(20, 0)}))
	r, err = parquet.NewReader(f, []columnar.Field{{Name: "list", Type: one}}, groups(f), 29_990)
	require.NoError(t, err)
	got, err = columnartest.ReadShown(r, 4)
	require.NoError(t, err)
	require.Len(t, got, 10)
	end := b.Columns[1].Children[0].Len()
	require.Equal(t, fmt.Sprintf("[(%d), (%d), (%d), (%d)]", end-4, end-3, end-2, end-1), got[9])
}

// TestNestedTypes: what of a nested column cannot be read is said with what can.
func TestNestedTypes(t *testing.T) {
	fields, b := lists(10)
	f := open(t, write(t, fields, parquet.WriterOptions{}, b))
	read := func(typ datatype.Type) error {
		r, err := parquet.NewReader(f, []columnar.Field{{Name: "list", Type: typ}}, []int{0}, 0)
		if err == nil {
			_, err = columnartest.ReadShown(r, 3)
		}
		return err
	}
	row := func(name string, typ datatype.Type) datatype.Type {
		return datatype.Array(datatype.Row(datatype.Field{Name: name, Type: typ}))
	}
	require.NoError(t, read(row("N", datatype.BigInt)))
	require.ErrorContains(t, read(datatype.String), "f.parquet: column list: the file has ARRAY<ROW<`k` STRING, `n` BIGINT NOT NULL>>, which cannot be read as STRING; declare the column ARRAY<")
	require.ErrorContains(t, read(row("m", datatype.BigInt)), "element: the row has no field m; it has [k n]")
	require.ErrorContains(t, read(row("n", datatype.String)), "element: n: the file has BIGINT, which cannot be read as STRING")
	require.ErrorContains(t, read(row("k", datatype.String.Required())), "column list.list.element.k, page at byte")
	require.ErrorContains(t, read(row("n", datatype.BigInt).Required()), "NULL in a column that is declared NOT NULL")
}
