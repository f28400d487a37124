package arrow_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	leat "github.com/leatproject/leat/storage/format/columnar/arrow"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/vector"
)

func write(t require.TestingT, fields []columnar.Field, o leat.WriterOptions, batches ...*vector.Batch) []byte {
	var file bytes.Buffer
	w, err := leat.NewWriter(&file, fields, o)
	require.NoError(t, err)
	for _, b := range batches {
		require.NoError(t, w.Write(b))
	}
	require.NoError(t, w.Close())
	require.EqualValues(t, file.Len(), w.Size())
	return file.Bytes()
}

func open(t require.TestingT, file []byte) *leat.File {
	f, err := leat.Open(bytes.NewReader(file), int64(len(file)), "f.arrow")
	require.NoError(t, err)
	return f
}

// TestRoundTrip: what is written is read again, from any row on, with the types that it had.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields, b := columnartest.Batch(t)
		if rapid.Bool().Draw(t, "nested") {
			fields, b = columnartest.NestedBatch(t)
		}
		o := leat.WriterOptions{Stream: rapid.Bool().Draw(t, "stream"), Codec: rapid.SampledFrom([]string{"none", "lz4", "zstd"}).Draw(t, "codec")}
		f := open(t, write(t, fields, o, b, b))
		for i, field := range f.Fields() {
			if fields[i].Type.Kind != datatype.KindBinary {
				require.Equal(t, asMap(fields[i].Type).String(), field.Type.String())
			}
		}
		want := append(columnartest.Shown(b), columnartest.Shown(b)...)
		after := rapid.IntRange(0, len(want)).Draw(t, "after")
		r, err := leat.NewReader(f, fields, int64(after))
		require.NoError(t, err)
		got, err := columnartest.ReadShown(r, rapid.IntRange(1, 50).Draw(t, "limit"))
		require.NoError(t, err)
		require.Equal(t, want[after:], got)
		require.EqualValues(t, len(want), r.Offset())
	})
}

// asMap is a type as a file tells it, which has no multisets.
func asMap(t datatype.Type) datatype.Type {
	is := t
	switch t.Kind {
	case datatype.KindMultiset:
		is = datatype.Map(*t.Element, datatype.Int.Required())
	case datatype.KindArray:
		is = datatype.Array(asMap(*t.Element))
	case datatype.KindMap:
		is = datatype.Map(*t.Key, asMap(*t.Element))
	case datatype.KindRow:
		fields := make([]datatype.Field, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = datatype.Field{Name: f.Name, Type: asMap(f.Type)}
		}
		is = datatype.Row(fields...)
	}
	return is.WithNull(!t.NotNull)
}

// TestLibraryReadsOurs: what we write the Arrow library reads, with the same values.
func TestLibraryReadsOurs(t *testing.T) {
	element := datatype.Row(datatype.Field{Name: "k", Type: datatype.String}, datatype.Field{Name: "n", Type: datatype.Int.Required()})
	fields := []columnar.Field{
		{Name: "ok", Type: datatype.Boolean}, {Name: "price", Type: datatype.Decimal(12, 2)}, {Name: "at", Type: datatype.TimestampLTZ(6)},
		{Name: "list", Type: datatype.Array(element)}, {Name: "map", Type: datatype.Map(datatype.String.Required(), datatype.BigInt)},
	}
	b := vector.NewBatch([]datatype.Type{fields[0].Type, fields[1].Type, fields[2].Type, fields[3].Type, fields[4].Type})
	columnar.Prepare(b, fields, 2)
	vector.Values[bool](b.Columns[0])[1] = true
	vector.Values[bool](b.Columns[0])[0] = false
	vector.Values[int64](b.Columns[1])[0] = -1234
	b.Columns[1].SetNull(1)
	vector.Values[int64](b.Columns[2])[0], b.Columns[2].Nanos[0] = 1500, 7000
	vector.Values[int64](b.Columns[2])[1], b.Columns[2].Nanos[1] = -1, 0
	list := b.Columns[3]
	list.Children[0].Extend(2)
	list.Children[0].Children[0].PutBytes(0, []byte("a"))
	list.Children[0].Children[0].SetNull(1)
	copy(vector.Values[int32](list.Children[0].Children[1]), []int32{7, 8})
	list.PutEnd(0, 2)
	list.SetNull(1)
	m := b.Columns[4]
	m.Children[0].Extend(1)
	m.Children[0].PutBytes(0, []byte("k"))
	m.Children[1].Extend(1)
	vector.Values[int64](m.Children[1])[0] = 9
	m.PutEnd(1, 1)
	for _, v := range b.Columns {
		v.Finish()
	}
	for _, stream := range []bool{false, true} {
		file := write(t, fields, leat.WriterOptions{Stream: stream}, b)
		var rec arrow.RecordBatch
		if stream {
			r, err := ipc.NewReader(bytes.NewReader(file))
			require.NoError(t, err)
			rec, err = r.Read()
			require.NoError(t, err)
		} else {
			r, err := ipc.NewFileReader(bytes.NewReader(file))
			require.NoError(t, err)
			rec, err = r.Read()
			require.NoError(t, err)
		}
		text, err := rec.MarshalJSON()
		require.NoError(t, err)
		require.JSONEq(t, `[{"ok":false,"price":"-12.34","at":"1970-01-01T00:00:01.500007Z","list":[{"k":"a","n":7},{"k":null,"n":8}],"map":[]},
			{"ok":true,"price":null,"at":"1969-12-31T23:59:59.999Z","list":null,"map":[{"key":"k","value":9}]}]`, string(text))
	}
}

// libraryFile is a file by the Arrow library: one column, three values, the second NULL.
func libraryFile(t *testing.T, typ arrow.DataType, json string, o ...ipc.Option) []byte {
	a, _, err := array.FromJSON(memory.DefaultAllocator, typ, bytes.NewReader([]byte(json)))
	require.NoError(t, err)
	return fileOf(t, typ, a, o...)
}

func fileOf(t *testing.T, typ arrow.DataType, a arrow.Array, o ...ipc.Option) []byte {
	schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: typ, Nullable: true}}, nil)
	var file bytes.Buffer
	w, err := ipc.NewFileWriter(&file, append(o, ipc.WithSchema(schema))...)
	require.NoError(t, err)
	require.NoError(t, w.Write(array.NewRecordBatch(schema, []arrow.Array{a}, int64(a.Len()))))
	require.NoError(t, w.Close())
	return file.Bytes()
}

// TestWeReadTheLibrarys: types of Arrow that we do not write.
func TestWeReadTheLibrarys(t *testing.T) {
	for _, c := range []struct {
		typ        arrow.DataType
		json, is   string
		one, third string
	}{
		{arrow.PrimitiveTypes.Uint8, `[255, null, 1]`, "SMALLINT", "255", "1"},
		{arrow.PrimitiveTypes.Uint32, `[4294967295, null, 1]`, "BIGINT", "4294967295", "1"},
		{arrow.PrimitiveTypes.Uint64, `[18446744073709551615, null, 1]`, "DECIMAL(20, 0)", "18446744073709551615", "1"},
		{&arrow.Decimal64Type{Precision: 9, Scale: 2}, `["-1.25", null, "3.00"]`, "DECIMAL(9, 2)", "-1.25", "3.00"},
		{&arrow.Decimal256Type{Precision: 30, Scale: 2}, `["-1.25", null, "3.00"]`, "DECIMAL(30, 2)", "-1.25", "3.00"},
		{arrow.FixedWidthTypes.Date64, `["2026-01-02", null, "1969-12-31"]`, "DATE", "20455", "-1"},
		{arrow.FixedWidthTypes.Time64us, `["10:11:12.5", null, "00:00:00"]`, "TIME(3)", "36672500", "0"},
		{arrow.FixedWidthTypes.Time32s, `["10:11:12", null, "00:00:01"]`, "TIME(3)", "36672000", "1000"},
		{&arrow.TimestampType{Unit: arrow.Second}, `["1970-01-02 00:00:00", null, "1969-12-31 23:59:59"]`, "TIMESTAMP(0)", "86400000+0", "-1000+0"},
		{&arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}, `["1970-01-01 00:00:00.000000001Z", null, "1969-12-31 23:59:59.999999999Z"]`,
			"TIMESTAMP_LTZ(9)", "0+1", "-1+999999"},
		{arrow.BinaryTypes.LargeString, `["a", null, "ccc"]`, "STRING", `"a"`, `"ccc"`},
		{arrow.BinaryTypes.StringView, `["a", null, "longer than twelve bytes"]`, "STRING", `"a"`, `"longer than twelve bytes"`},
		{&arrow.FixedSizeBinaryType{ByteWidth: 2}, `["YWI=", null, "Y2Q="]`, "BINARY(2)", `x'"ab"'`, `x'"cd"'`},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `["a", null, "a"]`, "STRING", `"a"`, `"a"`},
		{arrow.LargeListOf(arrow.PrimitiveTypes.Int32), `[[1, null], null, []]`, "ARRAY<INT>", "[1, NULL]", "[]"},
		{arrow.FixedSizeListOf(2, arrow.BinaryTypes.String), `[["a", "b"], null, ["c", null]]`, "ARRAY<STRING>", `["a", "b"]`, `["c", NULL]`},
		{arrow.MapOf(arrow.BinaryTypes.String, arrow.ListOf(arrow.PrimitiveTypes.Int8)), `[[{"key": "a", "value": [1]}], null, []]`,
			"MAP<STRING NOT NULL, ARRAY<TINYINT>>", `{"a"=[1]}`, "{}"},
		{arrow.FixedWidthTypes.Duration_s, `["2s", null, "1s"]`, "INTERVAL DAY(2) TO SECOND", "2000", "1000"},
	} {
		f := open(t, libraryFile(t, c.typ, c.json))
		require.Contains(t, f.Fields()[0].Type.String(), c.is, "%s", c.typ)
		for _, limit := range []int{1, 100} {
			r, err := leat.NewReader(f, f.Fields(), 0)
			require.NoError(t, err)
			got, err := columnartest.ReadShown(r, limit)
			require.NoError(t, err, "%s", c.typ)
			require.Equal(t, []string{c.one, "NULL", c.third}, got, "%s", c.typ)
		}
	}
	halves := array.NewFloat16Builder(memory.DefaultAllocator)
	halves.Append(float16.New(1.5))
	f := open(t, fileOf(t, arrow.FixedWidthTypes.Float16, halves.NewArray()))
	r, err := leat.NewReader(f, []columnar.Field{{Name: "C", Type: datatype.Double}}, 0)
	require.NoError(t, err)
	got, err := columnartest.ReadShown(r, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"1.5"}, got)
}

// TestTypes: a column is read as another type where no value changes; what cannot be is said with what can.
func TestTypes(t *testing.T) {
	file := libraryFile(t, arrow.PrimitiveTypes.Int64, `[7, null, 300]`)
	read := func(name string, typ datatype.Type) error {
		r, err := leat.NewReader(open(t, file), []columnar.Field{{Name: name, Type: typ}}, 0)
		if err == nil {
			_, err = columnartest.ReadShown(r, 100)
		}
		return err
	}
	require.NoError(t, read("c", datatype.SmallInt))
	require.NoError(t, read("c", datatype.Decimal(5, 2)))
	require.EqualError(t, read("c", datatype.TinyInt), "f.arrow: column c: record batch 0: 300 does not fit into TINYINT; declare the column BIGINT")
	require.ErrorContains(t, read("c", datatype.BigInt.Required()), "NULL in a column that is declared NOT NULL")
	require.EqualError(t, read("c", datatype.Array(datatype.Int)), "f.arrow: column c: the file has BIGINT, which cannot be read as ARRAY<INT>; declare the column BIGINT")
	require.EqualError(t, read("d", datatype.Int), "f.arrow: column d: the file has no such column; it has [c]")
	_, err := leat.NewWriter(io.Discard, []columnar.Field{{Name: "v", Type: datatype.Of(datatype.KindVariant)}}, leat.WriterOptions{})
	require.EqualError(t, err, "arrow: column v: type VARIANT cannot be written to Arrow files; cast it to another")
}

// TestProjection: of a row only the fields that are wanted are read.
func TestProjection(t *testing.T) {
	typ := arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int32, Nullable: true}, arrow.Field{Name: "b", Type: arrow.BinaryTypes.String, Nullable: true})
	f := open(t, libraryFile(t, typ, `[{"a": 1, "b": "x"}, null, {"a": null, "b": "y"}]`))
	r, err := leat.NewReader(f, []columnar.Field{{Name: "c", Type: datatype.Row(datatype.Field{Name: "b", Type: datatype.String})}}, 0)
	require.NoError(t, err)
	got, err := columnartest.ReadShown(r, 10)
	require.NoError(t, err)
	require.Equal(t, []string{`("x")`, "NULL", `("y")`}, got)
}

func corruptible(t *testing.T) [][]byte {
	text := array.NewDecimal128Builder(memory.DefaultAllocator, &arrow.Decimal128Type{Precision: 20, Scale: 2})
	text.Append(decimal128.FromI64(5))
	return [][]byte{
		libraryFile(t, arrow.ListOf(arrow.BinaryTypes.String), `[["a", null], null, ["b"]]`),
		libraryFile(t, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `["a", null, "b"]`),
		libraryFile(t, arrow.PrimitiveTypes.Int64, `[1, 2, 3]`, ipc.WithLZ4()),
		fileOf(t, &arrow.Decimal128Type{Precision: 20, Scale: 2}, text.NewArray()),
	}
}

// TestCorrupt: a damaged file is an error, whichever byte is wrong.
func TestCorrupt(t *testing.T) {
	for _, file := range corruptible(t) {
		for i := range file {
			damaged := bytes.Clone(file)
			damaged[i] ^= byte(1 + i%255)
			readDamaged(damaged)
		}
		for n := range file {
			readDamaged(file[:n])
		}
	}
	_, err := leat.Open(bytes.NewReader([]byte("ARROW1, or is it?")), 17, "f.arrow")
	require.ErrorIs(t, err, leat.ErrCorrupt)
	_, err = leat.Open(bytes.NewReader([]byte("no arrow file")), 13, "f.arrow")
	require.ErrorIs(t, err, leat.ErrCorrupt)
}

// readDamaged reads what may be no file; it may give anything but a panic.
func readDamaged(file []byte) {
	f, err := leat.Open(bytes.NewReader(file), int64(len(file)), "f")
	if err != nil {
		return
	}
	if r, err := leat.NewReader(f, f.Fields(), 0); err == nil {
		var b vector.Batch
		for range 10 {
			if r.Read(&b, 10) != nil {
				return
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, file := range corruptible(&testing.T{}) {
		f.Add(file)
	}
	f.Fuzz(func(_ *testing.T, file []byte) { readDamaged(file) })
}
