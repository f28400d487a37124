package avro_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/avro"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/vector"
)

var codecs = []string{"null", "deflate", "snappy", "zstandard"}

func write(t require.TestingT, fields []columnar.Field, codec string, batches ...*vector.Batch) []byte {
	var file bytes.Buffer
	w, err := avro.NewWriter(&file, fields, codec)
	require.NoError(t, err)
	for _, b := range batches {
		require.NoError(t, w.Write(b))
	}
	require.NoError(t, w.Close())
	return file.Bytes()
}

// TestRoundTrip: what is written is read again, from any record on, with the types that it had as far as Avro has them.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields, b := columnartest.TextKeyBatch(t)
		file := write(t, fields, rapid.SampledFrom(codecs).Draw(t, "codec"), b, b)
		want := append(columnartest.Rows(b), columnartest.Rows(b)...)
		f, err := avro.Open(bytes.NewReader(file), "f.avro")
		require.NoError(t, err)
		for i, field := range f.Fields() {
			is := fields[i].Type
			if is.Kind == datatype.KindTinyInt || is.Kind == datatype.KindSmallInt {
				is = datatype.Int.WithNull(!is.NotNull)
			}
			require.Equal(t, asMap(is).String(), field.Type.String())
		}
		after := rapid.IntRange(0, len(want)).Draw(t, "after")
		r, err := avro.NewReader(f, fields, int64(after), nil)
		require.NoError(t, err)
		got, err := columnartest.Read(r, rapid.IntRange(1, 50).Draw(t, "limit"))
		require.NoError(t, err)
		require.Equal(t, append([]string(nil), want[after:]...), append([]string(nil), got...))
		require.EqualValues(t, len(want), r.Offset())
	})
}

// asMap is the type that a file tells of a MULTISET, which it has as a map.
func asMap(t datatype.Type) datatype.Type {
	if t.Kind == datatype.KindMultiset {
		return datatype.Map(*t.Element, datatype.Int.Required()).WithNull(!t.NotNull)
	}
	return t
}

// sample is a batch of some rows, and its fields.
func sample(rows int) ([]columnar.Field, *vector.Batch) {
	fields := []columnar.Field{{Name: "id", Type: datatype.BigInt.Required()}, {Name: "city", Type: datatype.String}, {Name: "fare", Type: datatype.Decimal(12, 2)}}
	b := new(vector.Batch)
	columnar.Prepare(b, fields, rows)
	for i := range rows {
		vector.Values[int64](b.Columns[0])[i] = int64(i)
		b.Columns[1].PutBytes(i, fmt.Appendf(nil, "city %d", i%100))
		if vector.Values[int64](b.Columns[2])[i] = int64(i * 7); i%10 == 3 {
			b.Columns[2].SetNull(i)
		}
	}
	return fields, b
}

// TestBlocks: records over many blocks, of which some columns are wanted, in another order.
func TestBlocks(t *testing.T) {
	fields, b := sample(20_000)
	picked := &vector.Batch{Length: b.Length, Columns: []*vector.Vector{b.Columns[2], b.Columns[0]}}
	for _, codec := range codecs {
		f, err := avro.Open(bytes.NewReader(write(t, fields, codec, b)), "f.avro")
		require.NoError(t, err)
		r, err := avro.NewReader(f, []columnar.Field{fields[2], fields[0]}, 0, nil)
		require.NoError(t, err)
		got, err := columnartest.Read(r, 4096)
		require.NoError(t, err)
		require.Equal(t, columnartest.Rows(picked), got)
	}
}

// TestRanges: each record is in one of the ranges that a file is cut into.
func TestRanges(t *testing.T) {
	fields, b := sample(20_000)
	file := write(t, fields, "null", b)
	rapid.Check(t, func(t *rapid.T) {
		cuts := rapid.SliceOfNDistinct(rapid.Int64Range(1, int64(len(file))-1), 0, 6, rapid.ID).Draw(t, "cuts")
		slices.Sort(cuts)
		cuts = append(append([]int64{0}, cuts...), 0)
		next := int64(0)
		for i, start := range cuts[:len(cuts)-1] {
			f, err := avro.Open(bytes.NewReader(file), "f.avro")
			require.NoError(t, err)
			require.NoError(t, f.Range(bufio.NewReaderSize(bytes.NewReader(file[start:]), 4096), start, cuts[i+1]))
			r, err := avro.NewReader(f, fields[:1], 0, nil)
			require.NoError(t, err)
			var got vector.Batch
			for err == nil {
				if err = r.Read(&got, 10_000); got.Length > 0 {
					require.Equal(t, next, vector.Values[int64](got.Columns[0])[0])
				}
				next += int64(got.Length)
			}
			require.Equal(t, io.EOF, err)
		}
		require.EqualValues(t, b.Length, next)
	})
}

// TestTypes: what cannot be read as the wanted type is said with what can.
func TestTypes(t *testing.T) {
	fields, b := sample(300)
	file := write(t, fields, "snappy", b)
	read := func(name string, typ datatype.Type) error {
		f, err := avro.Open(bytes.NewReader(file), "f.avro")
		require.NoError(t, err)
		r, err := avro.NewReader(f, []columnar.Field{{Name: name, Type: typ}}, 0, nil)
		if err != nil {
			return err
		}
		_, err = columnartest.Read(r, 100)
		return err
	}
	require.NoError(t, read("ID", datatype.Int))
	require.NoError(t, read("fare", datatype.Decimal(30, 4)))
	require.ErrorContains(t, read("id", datatype.TinyInt), "128 does not fit into TINYINT; declare the column BIGINT")
	require.ErrorContains(t, read("fare", datatype.Decimal(12, 2).Required()), "f.avro: record 4 of the block at byte")
	require.ErrorContains(t, read("city", datatype.Int), "the file has STRING, which cannot be read as INT; declare the column STRING")
	require.ErrorContains(t, read("town", datatype.Int), "the file has no such column; it has [id city fare]")
}

// TestFiles reads what other programs have written: testdata/read shows schema and rows of testdata/files, which are by fastavro 1.13.
func TestFiles(t *testing.T) {
	datadriven.RunTest(t, "testdata/read", func(t *testing.T, d *datadriven.TestData) string {
		file, err := os.ReadFile(filepath.Join("testdata/files", d.Cmd+".avro"))
		require.NoError(t, err)
		var out strings.Builder
		f, err := avro.Open(bytes.NewReader(file), d.Cmd+".avro")
		require.NoError(t, err)
		for _, field := range f.Fields() {
			f, err := avro.Open(bytes.NewReader(file), d.Cmd+".avro")
			require.NoError(t, err)
			fmt.Fprintf(&out, "%s %s: ", field.Name, field.Type)
			r, err := avro.NewReader(f, []columnar.Field{field}, 0, nil)
			rows := []string{fmt.Sprint(err)}
			if err == nil {
				rows, err = columnartest.Read(r, 2)
				require.NoError(t, err)
			}
			fmt.Fprintln(&out, strings.Join(rows, ", "))
		}
		return out.String()
	})
}

// TestCorrupt: a damaged file is an error, whichever byte is wrong.
func TestCorrupt(t *testing.T) {
	fields, b := sample(20)
	for _, codec := range codecs {
		file := write(t, fields, codec, b)
		for i := range file {
			damaged := bytes.Clone(file)
			damaged[i] ^= 0xff
			readDamaged(fields, damaged)
		}
		for n := range file {
			if err := readDamaged(fields, file[:n]); err == nil { // the header alone is a file without records
				require.Len(t, write(t, fields, codec), n)
			}
		}
	}
	require.ErrorContains(t, readDamaged(fields, []byte("not an avro file")), "f: avro file is damaged: it does not begin with Obj1")
}

// readDamaged reads what may be no file; it may give anything but a panic.
func readDamaged(fields []columnar.Field, file []byte) error {
	f, err := avro.Open(bytes.NewReader(file), "f")
	if err != nil {
		return err
	}
	r, err := avro.NewReader(f, fields, 0, nil)
	if err != nil {
		return err
	}
	_, err = columnartest.Read(r, 100)
	return err
}

func FuzzOpen(f *testing.F) {
	fields, b := sample(20)
	for _, codec := range codecs {
		f.Add(write(f, fields, codec, b))
	}
	f.Fuzz(func(_ *testing.T, file []byte) { _ = readDamaged(fields, file) })
}
