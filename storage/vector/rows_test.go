package vector

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
)

func TestRowsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const length = 9
		b := &Batch{Length: length}
		var types []datatype.Type
		for range rapid.IntRange(0, 10).Draw(t, "columns") {
			of := rapid.SampledFrom(orderedTypes).Draw(t, "type")
			types = append(types, of)
			b.Columns = append(b.Columns, drawColumn(t, of, length))
		}
		if rapid.Bool().Draw(t, "selected") {
			b.Selection = []int32{0, 3, 4, 8}
		}
		f, err := NewRowFormat(types)
		require.NoError(t, err)
		bytes, ends := f.Append([]byte("before"), b)
		var rows []string
		at := len("before")
		for _, end := range ends {
			rows = append(rows, string(bytes[at:end]))
			at = end
		}
		require.Len(t, bytes, at)
		out := NewBatch(types)
		f.Read(out, rows)
		require.Equal(t, b.Rows(), out.Length)
		copied := NewBatch(types)
		copied.Append(out, 0, out.Length)
		require.Equal(t, shown(out), shown(copied))
		for i := range out.Length {
			from := i
			if b.Selection != nil {
				from = int(b.Selection[i])
			}
			for c := range types {
				require.Equal(t, b.Columns[c].Show(from), out.Columns[c].Show(i))
			}
		}
	})
}

func TestRowsOfTypesWithoutVectors(t *testing.T) {
	_, err := NewRowFormat([]datatype.Type{datatype.Of(datatype.KindDescriptor)})
	require.ErrorContains(t, err, "DESCRIPTOR cannot be sorted yet")
}
