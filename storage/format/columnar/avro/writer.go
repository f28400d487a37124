package avro

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// blockBytes is the size at which a block is full.
const blockBytes = 64 << 10

// writer writes records to one file.
type writer struct {
	to      io.Writer
	fields  []columnar.Field
	codec   codec
	sync    [syncSize]byte
	buf     []byte
	records int64 // in buf
	written int64
}

// NewWriter returns a writer of a file of these fields; the codec is null, deflate, snappy or zstandard.
func NewWriter(to io.Writer, fields []columnar.Field, codecName string) (columnar.Writer, error) {
	w := &writer{to: to, fields: fields, codec: codecs[codecName]}
	if w.codec.compress == nil {
		return nil, fmt.Errorf("avro: codec %s cannot be written; choose null, deflate, snappy or zstandard", codecName)
	}
	schema, err := schemaOf(fields)
	if err != nil {
		return nil, err
	}
	rand.Read(w.sync[:]) // never fails
	head := appendLong(append([]byte(nil), magic...), 2)
	for _, pair := range [][2]string{{"avro.codec", codecName}, {"avro.schema", string(schema)}} {
		for _, text := range pair {
			head = append(appendLong(head, int64(len(text))), text...)
		}
	}
	head = append(append(head, 0), w.sync[:]...)
	n, err := to.Write(head)
	w.written += int64(n)
	return w, err
}

// Write implements columnar.Writer.
func (w *writer) Write(b *vector.Batch) error {
	for k := range b.Rows() {
		row := k
		if b.Selection != nil {
			row = int(b.Selection[k])
		}
		for i, v := range b.Columns {
			var err error
			if w.buf, err = appendNullable(w.buf, w.fields[i].Type, v, row); err != nil {
				return fmt.Errorf("column %s: %w", w.fields[i].Name, err)
			}
		}
		if w.records++; len(w.buf) >= blockBytes {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// appendNullable writes a row of a vector, in a union with null where its declared type, that of the file, has NULL.
func appendNullable(dst []byte, t datatype.Type, v *vector.Vector, row int) ([]byte, error) {
	null := v.IsNull(row)
	switch {
	case t.NotNull && null:
		return dst, errors.New("it is declared NOT NULL and has a NULL; declare it without NOT NULL")
	case null:
		return append(dst, 0), nil
	case !t.NotNull:
		dst = append(dst, 2)
	}
	return appendValue(dst, t, v, row)
}

// appendNested writes the parts of a row.
func appendNested(dst []byte, t datatype.Type, v *vector.Vector, row int) (_ []byte, err error) {
	if t.Kind == datatype.KindRow {
		row = v.At(row)
		for k, c := range v.Children {
			if dst, err = appendNullable(dst, t.Fields[k].Type, c, row); err != nil {
				return dst, fmt.Errorf("%s: %w", t.Fields[k].Name, err)
			}
		}
		return dst, nil
	}
	lo, hi := v.Elements(row)
	if hi > lo {
		dst = appendLong(dst, int64(hi-lo))
	}
	for ; lo < hi; lo++ {
		switch t.Kind {
		case datatype.KindArray:
			dst, err = appendNullable(dst, *t.Element, v.Children[0], lo)
		case datatype.KindMap:
			if dst, err = appendValue(dst, *t.Key, v.Children[0], lo); err == nil {
				dst, err = appendNullable(dst, *t.Element, v.Children[1], lo)
			}
		default:
			if dst, err = appendValue(dst, *t.Element, v.Children[0], lo); err == nil {
				dst, err = appendValue(dst, datatype.Int, v.Children[1], lo)
			}
		}
		if err != nil {
			return dst, err
		}
	}
	return append(dst, 0), nil
}

// appendValue writes the value of a row, which is not NULL.
func appendValue(dst []byte, t datatype.Type, v *vector.Vector, row int) ([]byte, error) {
	i := v.At(row)
	switch {
	case t.IsNested():
		return appendNested(dst, t, v, row)
	case v.IsNull(row):
		return dst, errors.New("a key of a MAP or an element of a MULTISET is NULL, which Avro files cannot have; leave it out")
	case t.Kind == datatype.KindBoolean:
		if vector.Values[bool](v)[i] {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case t.Kind == datatype.KindFloat:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(vector.Values[float32](v)[i])), nil
	case t.Kind == datatype.KindDouble:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(vector.Values[float64](v)[i])), nil
	case t.Kind == datatype.KindDecimal:
		n := v.Decimal(row)
		b := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(n.Hi)), n.Lo)
		for len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
			b = b[1:]
		}
		return append(appendLong(dst, int64(len(b))), b...), nil
	case t.IsInstant():
		millis, nanos := v.Instant(row)
		_, per := unitOf(t.Precision)
		if limit := int64(math.MaxInt64)/per - 1; millis > limit || millis < -limit {
			return dst, fmt.Errorf("a timestamp does not fit into a file; declare the column %s(3)", t.Kind)
		}
		return appendLong(dst, millis*per+int64(nanos)*per/1e6), nil
	case vector.Variable(t):
		b := v.Bytes(row)
		return append(appendLong(dst, int64(len(b))), b...), nil
	}
	switch vector.Width(v.Type) {
	case 1:
		return appendLong(dst, int64(vector.Values[int8](v)[i])), nil
	case 2:
		return appendLong(dst, int64(vector.Values[int16](v)[i])), nil
	case 4:
		return appendLong(dst, int64(vector.Values[int32](v)[i])), nil
	}
	return appendLong(dst, vector.Values[int64](v)[i]), nil
}

// flush writes a block.
func (w *writer) flush() error {
	if w.records == 0 {
		return nil
	}
	body, err := w.codec.compress(w.buf)
	if err != nil {
		return err
	}
	block := appendLong(appendLong(nil, w.records), int64(len(body)))
	block = append(append(block, body...), w.sync[:]...)
	n, err := w.to.Write(block)
	w.written += int64(n)
	w.buf, w.records = w.buf[:0], 0
	return err
}

// Size implements columnar.Writer.
func (w *writer) Size() int64 { return w.written + int64(len(w.buf)) }

// Close implements columnar.Writer.
func (w *writer) Close() error { return w.flush() }
