package parquet

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// pack is integers of a width one behind another, the lowest bit first.
func pack(values []uint64, width int) []byte {
	b := make([]byte, (len(values)*width+7)/8)
	for i, v := range values {
		for j := range width {
			bit := i*width + j
			b[bit>>3] |= byte(v>>j&1) << (bit & 7)
		}
	}
	return b
}

func drawValues(t *rapid.T, width int) []uint64 {
	values := rapid.SliceOfN(rapid.Uint64(), 1, 100).Draw(t, "values")
	for i := range values {
		if width < 64 {
			values[i] &= 1<<width - 1
		}
	}
	return values
}

// TestHybrid: runs of both kinds and all widths are read in pieces of any length.
func TestHybrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(0, 32).Draw(t, "width")
		var want []int32
		var b []byte
		for range rapid.IntRange(1, 5).Draw(t, "runs") {
			values := drawValues(t, width)
			if rapid.Bool().Draw(t, "packed") {
				for len(values)%8 != 0 {
					values = append(values, 0)
				}
				b = append(binary.AppendUvarint(b, uint64(len(values)/8)<<1|1), pack(values, width)...)
			} else {
				for i := range values {
					values[i] = values[0]
				}
				b = append(binary.AppendUvarint(b, uint64(len(values))<<1), pack(values[:1], (width+7)/8*8)...)
			}
			for _, v := range values {
				want = append(want, int32(v))
			}
		}
		read, levels := newHybrid(b, width), newHybrid(b, width)
		for at := 0; at < len(want); {
			n := min(rapid.IntRange(1, 70).Draw(t, "n"), len(want)-at)
			got := make([]int32, n)
			require.NoError(t, read.read(got))
			require.Equal(t, want[at:at+n], got)
			if width == 1 {
				valid, ones := make(vector.Bitmap, vector.Words(n)), 0
				set, err := levels.readBits(valid, n)
				require.NoError(t, err)
				for i, v := range got {
					require.Equal(t, v == 1, valid.Has(i))
					ones += int(v)
				}
				require.Equal(t, ones, set)
			}
			at += n
		}
	})
}

// TestDeltas: deltas of all widths add up.
func TestDeltas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(0, 64).Draw(t, "width")
		least, value := rapid.Int64().Draw(t, "least"), rapid.Int64().Draw(t, "first")
		values := drawValues(t, width)
		got, _ := addDeltas(make([]int64, 0, len(values)), len(values), value, least, pack(values, width), width)
		for i, v := range values {
			value += least + int64(v)
			require.Equal(t, value, got[i])
		}
	})
}

// TestLevelRuns: levels of all widths come back from runs of both kinds.
func TestLevelRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 8).Draw(t, "width")
		var want []byte
		for range rapid.IntRange(1, 8).Draw(t, "runs") {
			level := byte(rapid.IntRange(0, 1<<width-1).Draw(t, "level"))
			want = append(want, bytes.Repeat([]byte{level}, rapid.IntRange(1, 40).Draw(t, "times"))...)
		}
		b := appendLevelRuns(nil, want, width)
		require.EqualValues(t, len(b)-4, binary.LittleEndian.Uint32(b))
		var c chunk
		got, err := c.readLevels(nil, b[4:], len(want), 1<<width-1)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// TestOldLists: lists that repeat their element without a group around it, as older writers have them.
func TestOldLists(t *testing.T) {
	leaf := schemaElement{physical: physicalInt32, repetition: repeated, converted: convertedNone, name: "element"}
	list := schemaElement{physical: -1, repetition: optional, converted: convertedList, name: "list", children: 1}
	group := schemaElement{physical: -1, repetition: repeated, converted: convertedNone, name: "array", children: 1}
	for _, c := range []struct {
		schema   []schemaElement
		steps    []step
		typ, row string
	}{
		{[]schemaElement{list, leaf}, []step{{list: true, rep: 1}, {required: true}}, "ARRAY<INT NOT NULL>", "[1, 2]"},
		{[]schemaElement{leaf}, []step{{required: true, list: true, rep: 1}, {required: true}}, "ARRAY<INT NOT NULL> NOT NULL", "[1, 2]"},
		{[]schemaElement{list, group, {physical: physicalInt32, repetition: optional, converted: convertedNone, name: "x"}},
			[]step{{list: true, rep: 1}, {required: true}, {}}, "ARRAY<ROW<`x` INT> NOT NULL>", "[(1), (2)]"},
	} {
		var file bytes.Buffer
		w, err := NewWriter(&file, []columnar.Field{{Name: "c", Type: datatype.Int}}, WriterOptions{})
		require.NoError(t, err)
		inner := w.(*writer)
		inner.meta.schema = append(inner.meta.schema[:1], c.schema...)
		inner.columns[0] = newColumnWriter(c.schema[len(c.schema)-1], datatype.Int, []string{"c"}, c.steps, Uncompressed)

		v := vector.New(datatype.Array(datatype.Int), 1)
		elements := v.Children[0]
		if len(c.steps) == 3 {
			v = vector.New(datatype.Array(datatype.Row(datatype.Field{Name: "x", Type: datatype.Int})), 1)
			v.Children[0].Extend(2)
			elements = v.Children[0].Children[0]
		} else {
			elements.Extend(2)
		}
		copy(vector.Values[int32](elements), []int32{1, 2})
		v.PutEnd(0, 2)
		require.NoError(t, w.Write(&vector.Batch{Length: 1, Columns: []*vector.Vector{v}}))
		require.NoError(t, w.Close())

		f, err := Open(bytes.NewReader(file.Bytes()), int64(file.Len()), "f")
		require.NoError(t, err)
		require.Equal(t, c.typ, f.Fields()[0].Type.String())
		r, err := NewReader(f, f.Fields(), []int{0}, 0)
		require.NoError(t, err)
		var b vector.Batch
		require.NoError(t, r.Read(&b, 10))
		require.Equal(t, c.row, b.Columns[0].Show(0))
	}
}
