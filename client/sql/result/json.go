package result

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

type jsonLines struct {
	texts *texts
	out   *bufio.Writer
	names [][]byte
}

func newJSON(w io.Writer, columns plan.Schema, t *texts) *jsonLines {
	j := &jsonLines{texts: t, out: bufio.NewWriter(w)}
	for _, name := range columns.Names() {
		j.names = append(j.names, quoted([]byte(name)))
	}
	return j
}

func quoted(s []byte) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(string(s)) // a text can always be encoded
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

// Write implements Writer.
func (j *jsonLines) Write(b *vector.Batch) error {
	return j.texts.each(b, func(row [][]byte) error {
		j.out.WriteByte('{')
		for i, s := range row {
			if i > 0 {
				j.out.WriteString(", ")
			}
			j.out.Write(j.names[i])
			j.out.WriteString(": ")
			j.value(j.texts.columns[i].Type, s)
		}
		_, err := j.out.WriteString("}\n")
		return err
	})
}

func (j *jsonLines) value(t datatype.Type, s []byte) {
	switch {
	case s == nil:
		j.out.WriteString("null")
	case t.IsNested(), t.Kind == datatype.KindVariant:
		j.out.Write(s)
	case t.Kind == datatype.KindBoolean:
		j.out.Write(bytes.ToLower(s))
	case t.IsNumeric() && json.Valid(s): // NaN and Infinity are not
		j.out.Write(s)
	default:
		j.out.Write(quoted(s))
	}
}

// Close implements Writer.
func (j *jsonLines) Close() error { return j.out.Flush() }
