package columnartest

import (
	"fmt"
	"io"
	"strings"

	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// NestedBatch is a random batch of fields, which it makes up, many of them ARRAY, MAP, MULTISET and ROW, with a selection sometimes.
func NestedBatch(t *rapid.T) ([]columnar.Field, *vector.Batch) {
	var fields []columnar.Field
	for i := range rapid.IntRange(1, 4).Draw(t, "columns") {
		fields = append(fields, columnar.Field{Name: fmt.Sprintf("c%d", i), Type: drawType(t, 3)})
	}
	rows := rapid.IntRange(1, 20).Draw(t, "rows")
	b := &vector.Batch{Length: rows}
	for _, f := range fields {
		v := vector.New(f.Type, rows)
		for row := range rows {
			putAny(t, v, row)
		}
		v.Finish()
		b.Columns = append(b.Columns, v)
	}
	if rapid.Bool().Draw(t, "selected") {
		b.Selection = []int32{}
		for row := range rows {
			if rapid.Bool().Draw(t, "keep") {
				b.Selection = append(b.Selection, int32(row))
			}
		}
	}
	return fields, b
}

func drawType(t *rapid.T, depth int) datatype.Type {
	leaf := Types[rapid.SampledFrom([]string{"BOOLEAN", "INT", "BIGINT", "DECIMAL(38,10)", "TIMESTAMP(6)", "STRING", "BYTES"}).Draw(t, "type")]
	nullable := rapid.Bool().Draw(t, "nullable")
	if depth == 0 {
		return leaf.WithNull(nullable)
	}
	is := leaf
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 1, 2:
		is = datatype.Array(drawType(t, depth-1))
	case 3:
		is = datatype.Map(leaf.Required(), drawType(t, depth-1))
	case 4:
		is = datatype.Multiset(leaf.Required())
	case 5:
		var fields []datatype.Field
		for i := range rapid.IntRange(1, 3).Draw(t, "fields") {
			fields = append(fields, datatype.Field{Name: fmt.Sprintf("f%d", i), Type: drawType(t, depth-1)})
		}
		is = datatype.Row(fields...)
	}
	return is.WithNull(nullable)
}

func putAny(t *rapid.T, v *vector.Vector, row int) {
	switch {
	case !v.Type.NotNull && rapid.IntRange(0, 3).Draw(t, "null") == 0:
		v.SetNull(row)
	case !v.Type.IsNested():
		put(t, v, row)
	case v.Type.Kind == datatype.KindRow:
		for _, c := range v.Children {
			putAny(t, c, row)
		}
	default:
		n, end := rapid.IntRange(0, 3).Draw(t, "elements"), v.Children[0].Len()
		for k, c := range v.Children {
			c.Extend(n)
			for i := range n {
				if k == 1 && v.Type.Kind == datatype.KindMultiset {
					vector.Values[int32](c)[end+i] = rapid.Int32Range(1, 3).Draw(t, "times")
				} else {
					putAny(t, c, end+i)
				}
			}
		}
		v.PutEnd(row, end+n)
	}
}

// Shown shows the rows of b that count, a line each, nested ones too.
func Shown(b *vector.Batch) []string {
	lines := []string{}
	for k := range b.Rows() {
		row := k
		if b.Selection != nil {
			row = int(b.Selection[k])
		}
		var values []string
		for _, v := range b.Columns {
			text := v.Show(row)
			if v.Type.IsInstant() && !v.IsNull(row) {
				_, nanos := v.Instant(row)
				text += fmt.Sprintf("+%d", nanos)
			}
			values = append(values, text)
		}
		lines = append(lines, strings.Join(values, " "))
	}
	return lines
}

// ReadShown reads all rows of a reader, so many at once, as Shown shows them.
func ReadShown(r columnar.Reader, limit int) ([]string, error) {
	lines := []string{}
	var b vector.Batch
	for {
		err := r.Read(&b, limit)
		lines = append(lines, Shown(&b)...)
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
	}
}
