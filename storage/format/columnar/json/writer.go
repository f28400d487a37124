package json

import (
	"errors"
	"io"
	"math"
	"unicode/utf8"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/jsontext"
	"github.com/leatproject/leat/storage/vector"
)

const flushSize = 256 << 10

// writer writes records to one file.
type writer struct {
	to        io.Writer
	options   Options
	root      *written
	separator byte
	// what is written before and behind each record
	before, behind string
	buf            []byte
	written        int64
	err            error // of the first value that cannot be written
}

// NewWriter returns a writer of a file of these fields.
func NewWriter(to io.Writer, fields []columnar.Field, o Options) columnar.Writer {
	return newWriter(to, fields, o, "", "\n")
}

// NewDebeziumWriter returns a writer of a file of Debezium's change events, each of a row that is added.
func NewDebeziumWriter(to io.Writer, fields []columnar.Field, o Options) columnar.Writer {
	return newWriter(to, fields, o, `{"before":null,"after":`, `,"op":"c"}`+"\n")
}

func newWriter(to io.Writer, fields []columnar.Field, o Options, before, behind string) *writer {
	w := &writer{to: to, options: o, separator: ' ', before: before, behind: behind}
	if o.ISO {
		w.separator = 'T'
	}
	w.root = new(written)
	for _, f := range fields {
		w.root.add(f.Name, f.Type)
	}
	return w
}

var errNullKey = errors.New("a key of a MAP is NULL, which JSON has no name for; 'json.map-null-key.mode' = 'DROP' leaves it out, 'LITERAL' gives it one")

// written is how nested values are written: the names, with quotes and colon, of fields and what is inside; nil for what is not nested.
type written struct {
	names [][]byte
	inner []*written
}

func (o *written) add(name string, t datatype.Type) {
	o.names = append(o.names, append(AppendString(nil, []byte(name)), ':'))
	o.inner = append(o.inner, writtenAs(t))
}

func writtenAs(t datatype.Type) *written {
	if !t.IsNested() {
		return nil
	}
	o := new(written)
	if t.Kind == datatype.KindRow {
		for _, f := range t.Fields {
			o.add(f.Name, f.Type)
		}
		return o
	}
	for _, inner := range t.Children() {
		o.inner = append(o.inner, writtenAs(inner))
	}
	if t.Kind == datatype.KindMultiset {
		o.inner = append(o.inner, nil) // how often
	}
	return o
}

// Write implements columnar.Writer.
func (w *writer) Write(b *vector.Batch) error {
	for k := range b.Rows() {
		row := k
		if b.Selection != nil {
			row = int(b.Selection[k])
		}
		if w.row(b, row); w.err != nil {
			return w.err
		}
		if len(w.buf) >= flushSize {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) row(b *vector.Batch, row int) {
	w.buf = append(w.buf, w.before...)
	w.object(w.root, b.Columns, row)
	w.buf = append(w.buf, w.behind...)
}

// object writes the fields of a row.
func (w *writer) object(o *written, columns []*vector.Vector, row int) {
	w.buf = append(w.buf, '{')
	first := true
	for i, v := range columns {
		null := v.IsNull(row)
		if null && w.options.IgnoreNulls {
			continue
		}
		if !first {
			w.buf = append(w.buf, ',')
		}
		first = false
		w.buf = append(w.buf, o.names[i]...)
		w.value(o.inner[i], v, row)
	}
	w.buf = append(w.buf, '}')
}

// value writes the value of a row.
func (w *writer) value(o *written, v *vector.Vector, row int) {
	switch {
	case v.IsNull(row):
		w.buf = append(w.buf, "null"...)
	case o == nil:
		w.buf = appendValue(w.buf, v, row, w.separator)
	case v.Type.Kind == datatype.KindRow:
		w.object(o, v.Children, v.At(row))
	case v.Type.Kind == datatype.KindArray:
		w.array(o, v, row)
	default:
		w.entries(o, v, row)
	}
}

func (w *writer) array(o *written, v *vector.Vector, row int) {
	w.buf = append(w.buf, '[')
	for lo, hi := v.Elements(row); lo < hi; lo++ {
		w.value(o.inner[0], v.Children[0], lo)
		if lo+1 < hi {
			w.buf = append(w.buf, ',')
		}
	}
	w.buf = append(w.buf, ']')
}

// entries writes a MAP or MULTISET.
func (w *writer) entries(o *written, v *vector.Vector, row int) {
	w.buf = append(w.buf, '{')
	first := true
	for lo, hi := v.Elements(row); lo < hi; lo++ {
		key := []byte(w.options.NullKey)
		if !v.Children[0].IsNull(lo) {
			key = v.Children[0].Bytes(lo)
		} else if w.options.NullKeys == "DROP" {
			continue
		} else if w.options.NullKeys != "LITERAL" {
			w.err = errNullKey
		}
		if !first {
			w.buf = append(w.buf, ',')
		}
		first = false
		w.buf = append(AppendString(w.buf, key), ':')
		w.value(o.inner[1], v.Children[1], lo)
	}
	w.buf = append(w.buf, '}')
}

// appendValue writes a value that is not nested nor NULL; separator stands between date and time of a timestamp.
func appendValue(dst []byte, v *vector.Vector, row int, separator byte) []byte {
	switch t := v.Type; {
	case t.IsCharacter():
		return AppendString(dst, v.Bytes(row))
	case t.Kind == datatype.KindDouble && special(vector.Values[float64](v)[v.At(row)]),
		t.Kind == datatype.KindFloat && special(float64(vector.Values[float32](v)[v.At(row)])):
	case t.IsNumeric() || t.Kind == datatype.KindBoolean:
		return columnar.Append(dst, v, row, separator)
	}
	dst = append(dst, '"')
	return append(columnar.Append(dst, v, row, separator), '"')
}

func special(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }

// AppendString writes a text in quotes; what is no UTF-8 becomes U+FFFD.
func AppendString(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		end := jsontext.Plain(text, i)
		dst = append(dst, text[i:end]...)
		if i = end; i == len(text) {
			break
		}
		switch c := text[i]; {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(text[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
	}
	return append(dst, '"')
}

func (w *writer) flush() error {
	n, err := w.to.Write(w.buf)
	w.written += int64(n)
	w.buf = w.buf[:0]
	return err
}

// Size implements columnar.Writer.
func (w *writer) Size() int64 { return w.written + int64(len(w.buf)) }

// Close implements columnar.Writer.
func (w *writer) Close() error { return w.flush() }
