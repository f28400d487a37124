package parquet_test

import (
	"bytes"
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

func write(t require.TestingT, fields []columnar.Field, o parquet.WriterOptions, batches ...*vector.Batch) []byte {
	var file bytes.Buffer
	w, err := parquet.NewWriter(&file, fields, o)
	require.NoError(t, err)
	for _, b := range batches {
		require.NoError(t, w.Write(b))
	}
	require.NoError(t, w.Close())
	return file.Bytes()
}

func open(t require.TestingT, file []byte) *parquet.File {
	f, err := parquet.Open(bytes.NewReader(file), int64(len(file)), "f.parquet")
	require.NoError(t, err)
	return f
}

func groups(f *parquet.File) (all []int) {
	for i := range f.RowGroups() {
		all = append(all, i)
	}
	return all
}

var codecs = []parquet.Codec{parquet.Uncompressed, parquet.Snappy, parquet.Gzip, parquet.Zstd, parquet.Lz4}

// TestRoundTrip: what is written is read again, from any row on, with the types that it had.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields, b := columnartest.Batch(t)
		o := parquet.WriterOptions{Codec: rapid.SampledFrom(codecs).Draw(t, "codec"), RowGroup: rapid.Int64Range(1, 1000).Draw(t, "group")}
		f := open(t, write(t, fields, o, b, b))
		want := append(columnartest.Rows(b), columnartest.Rows(b)...)
		require.EqualValues(t, len(want), f.Rows())
		for i, field := range f.Fields() {
			typ := fields[i].Type
			require.Equal(t, typ.String(), field.Type.String())
		}
		after := rapid.IntRange(0, len(want)).Draw(t, "after")
		r, err := parquet.NewReader(f, fields, groups(f), int64(after))
		require.NoError(t, err)
		got, err := columnartest.Read(r, rapid.IntRange(1, 50).Draw(t, "limit"))
		require.NoError(t, err)
		require.Equal(t, append([]string(nil), want[after:]...), append([]string(nil), got...))
		require.EqualValues(t, len(want), r.Offset())
	})
}

// table is a batch with an id, a text of few values, a text of many, and a decimal that is NULL now and then.
func table(rows int) ([]columnar.Field, *vector.Batch) {
	fields := []columnar.Field{
		{Name: "id", Type: datatype.BigInt.Required()}, {Name: "city", Type: datatype.String}, {Name: "name", Type: datatype.String},
		{Name: "fare", Type: datatype.Decimal(12, 2)},
	}
	b := new(vector.Batch)
	columnar.Prepare(b, fields, rows)
	for i := range rows {
		vector.Values[int64](b.Columns[0])[i] = int64(i)
		b.Columns[1].PutBytes(i, fmt.Appendf(nil, "city %d", i%100))
		b.Columns[2].PutBytes(i, fmt.Appendf(nil, "name %d", i))
		vector.Values[int64](b.Columns[3])[i] = int64(i * 7)
		if i%10 == 3 {
			b.Columns[3].SetNull(i)
		}
	}
	return fields, b
}

// TestDictionary: one that grows too large is given up for the pages behind, one that does not pay is not written at all.
func TestDictionary(t *testing.T) {
	fields := []columnar.Field{{Name: "thrice", Type: datatype.String}, {Name: "once", Type: datatype.String.Required()}}
	var b vector.Batch
	columnar.Prepare(&b, fields, 50_000)
	for i := range b.Length {
		if i%7 == 0 {
			b.Columns[0].SetNull(i)
		} else {
			b.Columns[0].PutBytes(i, fmt.Appendf(nil, "%0200d", i/3))
		}
		b.Columns[1].PutBytes(i, fmt.Appendf(nil, "%d", i))
	}
	b.Columns[0].Finish()
	file := write(t, fields, parquet.WriterOptions{}, &b)
	require.Less(t, len(file), 50_000*150)
	r, err := parquet.NewReader(open(t, file), fields, []int{0}, 0)
	require.NoError(t, err)
	got, err := columnartest.Read(r, 1000)
	require.NoError(t, err)
	require.Equal(t, columnartest.Rows(&b), got)
}

// TestPages: rows over many pages and row groups, by all codecs.
func TestPages(t *testing.T) {
	fields, b := table(70_000)
	want := columnartest.Rows(b)
	for _, codec := range codecs {
		file := write(t, fields, parquet.WriterOptions{Codec: codec, RowGroup: 1 << 18}, b, b)
		f := open(t, file)
		require.Greater(t, f.RowGroups(), 1)
		r, err := parquet.NewReader(f, fields, groups(f), 0)
		require.NoError(t, err)
		got, err := columnartest.Read(r, 4096)
		require.NoError(t, err)
		require.Equal(t, append(append([]string(nil), want...), want...), got)
	}
}

// TestBounds: statistics are those of each row group.
func TestBounds(t *testing.T) {
	fields, b := table(1000)
	f := open(t, write(t, fields, parquet.WriterOptions{}, b))
	least, most, nulls := f.Bounds(0, "fare", datatype.Decimal(12, 2))
	require.Equal(t, []string{"0.00"}, columnartest.Rows(&vector.Batch{Length: 1, Columns: []*vector.Vector{least}}))
	require.Equal(t, []string{"69.93"}, columnartest.Rows(&vector.Batch{Length: 1, Columns: []*vector.Vector{most}})[:1])
	require.EqualValues(t, 100, nulls)
	least, most, nulls = f.Bounds(0, "name", datatype.String)
	require.Equal(t, "name 0", string(least.Bytes(0)))
	require.Equal(t, "name 999", string(most.Bytes(0)))
	require.Zero(t, nulls)
}

// TestTypes: a column is read as another type where no value changes; what cannot be is said with what can.
func TestTypes(t *testing.T) {
	fields, b := table(300)
	f := open(t, write(t, fields, parquet.WriterOptions{}, b))
	read := func(name string, typ datatype.Type) error {
		r, err := parquet.NewReader(f, []columnar.Field{{Name: name, Type: typ}}, []int{0}, 0)
		if err != nil {
			return err
		}
		_, err = columnartest.Read(r, 100)
		return err
	}
	require.NoError(t, read("ID", datatype.Int))
	require.NoError(t, read("id", datatype.Decimal(20, 0)))
	require.NoError(t, read("fare", datatype.Decimal(30, 4)))
	require.NoError(t, read("city", datatype.Bytes))
	require.EqualError(t, read("id", datatype.TinyInt), "f.parquet: row group 0, column id, page at byte 4: 128 does not fit into TINYINT; declare the column BIGINT or DECIMAL(20, 0)")
	require.ErrorContains(t, read("fare", datatype.Decimal(12, 2).Required()), "NULL in a column that is declared NOT NULL")
	require.ErrorContains(t, read("city", datatype.Int), "the file has STRING, which cannot be read as INT; declare the column STRING")
	require.ErrorContains(t, read("town", datatype.Int), "the file has no such column; it has [id city name fare]")
}

// TestCorrupt: a damaged file is an error, whichever byte is wrong.
func TestCorrupt(t *testing.T) {
	fields, b := table(50)
	nested, rows := lists(12)
	for _, file := range [][]byte{
		write(t, fields, parquet.WriterOptions{}, b), write(t, fields, parquet.WriterOptions{Codec: parquet.Snappy}, b),
		write(t, fields, parquet.WriterOptions{Codec: parquet.Zstd}, b), write(t, nested, parquet.WriterOptions{Codec: parquet.Lz4}, rows),
	} {
		for i := range file {
			for _, flip := range []byte{1, 0xff}[:1+i%2] {
				damaged := bytes.Clone(file)
				damaged[i] ^= flip
				readDamaged(fields, damaged)
			}
		}
		for n := range file {
			readDamaged(fields, file[:n])
		}
	}
	_, err := parquet.Open(bytes.NewReader([]byte("not a parquet file")), 18, "f.parquet")
	require.ErrorIs(t, err, parquet.ErrCorrupt)
	require.ErrorContains(t, err, "f.parquet: at byte 14: ")
}

// readDamaged reads what may be no file; it may give anything but a panic.
func readDamaged(fields []columnar.Field, file []byte) {
	f, err := parquet.Open(bytes.NewReader(file), int64(len(file)), "f")
	if err != nil {
		return
	}
	for _, name := range f.Fields() {
		if f.RowGroups() > 0 {
			f.Bounds(0, name.Name, name.Type)
		}
	}
	if f.Rows() > 1<<20 {
		return
	}
	for _, wanted := range [][]columnar.Field{fields, f.Fields()} {
		if r, err := parquet.NewReader(f, wanted, groups(f), 0); err == nil {
			_, _ = columnartest.Read(r, 100)
		}
	}
}

func FuzzOpen(f *testing.F) {
	fields, b := table(20)
	for _, codec := range codecs {
		f.Add(write(f, fields, parquet.WriterOptions{Codec: codec}, b))
	}
	nested, rows := lists(12)
	f.Add(write(f, nested, parquet.WriterOptions{}, rows))
	f.Fuzz(func(_ *testing.T, file []byte) { readDamaged(fields, file) })
}
