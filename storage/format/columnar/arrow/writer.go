package arrow

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// WriterOptions are the options of a writer. The zero value writes a file without compression.
type WriterOptions struct {
	Stream bool   // the stream format, without a footer
	Codec  string // none, lz4 or zstd; "" is none
}

// A record batch is written when it has so many rows or bytes.
const (
	recordRows  = 64 << 10
	recordBytes = 16 << 20
)

// writer writes one file.
type writer struct {
	to      *counted
	schema  *arrow.Schema
	fields  []columnar.Field
	out     interface{ Write(arrow.RecordBatch) error }
	close   io.Closer
	pending vector.Batch
}

// counted counts what is written.
type counted struct {
	to io.Writer
	n  int64
}

// Write implements io.Writer.
func (c *counted) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.n += int64(n)
	return n, err
}

// NewWriter returns a writer of a file of these fields.
func NewWriter(to io.Writer, fields []columnar.Field, o WriterOptions) (columnar.Writer, error) {
	w := &writer{to: &counted{to: to}, fields: fields}
	columns := make([]arrow.Field, len(fields))
	for i, f := range fields {
		t, err := arrowType(f.Type)
		if err != nil {
			return nil, fmt.Errorf("arrow: column %s: %w", f.Name, err)
		}
		columns[i] = arrow.Field{Name: f.Name, Type: t, Nullable: !f.Type.NotNull}
	}
	w.schema = arrow.NewSchema(columns, nil)
	w.reset()
	options := []ipc.Option{ipc.WithSchema(w.schema)}
	switch o.Codec {
	case "", "none":
	case "lz4":
		options = append(options, ipc.WithLZ4())
	case "zstd":
		options = append(options, ipc.WithZstd())
	default:
		return nil, fmt.Errorf("arrow: codec %s is none of none, lz4, zstd", o.Codec)
	}
	if o.Stream {
		s := ipc.NewWriter(w.to, options...)
		w.out, w.close = s, s
		return w, nil
	}
	f, err := ipc.NewFileWriter(w.to, options...)
	w.out, w.close = f, f
	return w, err
}

func (w *writer) reset() {
	columnar.Prepare(&w.pending, w.fields, 0)
}

// Write implements columnar.Writer.
func (w *writer) Write(b *vector.Batch) error {
	for i, f := range w.fields {
		if v := b.Columns[i]; f.Type.NotNull && v.Valid != nil {
			for k := range b.Rows() {
				if b.Selection != nil {
					k = int(b.Selection[k])
				}
				if v.IsNull(k) {
					return fmt.Errorf("arrow: column %s: NULL in a column that is declared NOT NULL", f.Name)
				}
			}
		}
	}
	for done, n := 0, b.Rows(); done < n; {
		k := min(n-done, recordRows-w.pending.Length)
		w.pending.Append(b, done, done+k)
		done += k
		if w.pending.Length >= recordRows || w.pending.Bytes() >= recordBytes {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes what is there as a record batch.
func (w *writer) flush() error {
	if w.pending.Length == 0 {
		return nil
	}
	n := w.pending.Length
	columns := make([]arrow.Array, len(w.fields))
	for i, v := range w.pending.Columns {
		if v.Overflowed() {
			return fmt.Errorf("arrow: column %s: texts or elements of a record batch are more than 2 GiB", w.fields[i].Name)
		}
		v.Flatten(n)
		v.Finish()
		data, err := dataOf(v, w.schema.Field(i).Type)
		if err != nil {
			return fmt.Errorf("arrow: column %s: %w", w.fields[i].Name, err)
		}
		columns[i] = array.MakeFromData(data)
	}
	err := w.out.Write(array.NewRecordBatch(w.schema, columns, int64(n)))
	w.reset()
	return err
}

// Size implements columnar.Writer.
func (w *writer) Size() int64 {
	if w.pending.Length == 0 {
		return w.to.n
	}
	return w.to.n + int64(w.pending.Bytes())
}

// Close implements columnar.Writer.
func (w *writer) Close() error { return errors.Join(w.flush(), w.close.Close()) }

// arrowType is how values of a type are written.
func arrowType(t datatype.Type) (arrow.DataType, error) {
	switch t.Kind {
	case datatype.KindDecimal:
		return &arrow.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}, nil
	case datatype.KindTimestamp, datatype.KindTimestampLTZ:
		is := &arrow.TimestampType{Unit: arrow.TimeUnit((t.Precision + 2) / 3)}
		if t.Kind == datatype.KindTimestampLTZ {
			is.TimeZone = "UTC"
		}
		return is, nil
	case datatype.KindArray:
		element, err := arrowType(*t.Element)
		if err != nil {
			return nil, err
		}
		return arrow.ListOfField(arrow.Field{Name: "item", Type: element, Nullable: !t.Element.NotNull}), nil
	case datatype.KindMap:
		return mapOf(*t.Key, *t.Element)
	case datatype.KindMultiset:
		return mapOf(*t.Element, datatype.Int.Required())
	case datatype.KindRow:
		fields := make([]arrow.Field, len(t.Fields))
		for i, f := range t.Fields {
			is, err := arrowType(f.Type)
			if err != nil {
				return nil, err
			}
			fields[i] = arrow.Field{Name: f.Name, Type: is, Nullable: !f.Type.NotNull}
		}
		return arrow.StructOf(fields...), nil
	}
	if is, ok := written[t.Kind]; ok {
		return is, nil
	}
	return nil, fmt.Errorf("type %s cannot be written to Arrow files; cast it to another", t)
}

func mapOf(key, value datatype.Type) (arrow.DataType, error) {
	k, err := arrowType(key)
	if err != nil {
		return nil, err
	}
	v, err := arrowType(value)
	if err != nil {
		return nil, err
	}
	is := arrow.MapOf(k, v)
	is.SetItemNullable(!value.NotNull)
	return is, nil
}

var written = map[datatype.Kind]arrow.DataType{
	datatype.KindNull: arrow.Null, datatype.KindBoolean: arrow.FixedWidthTypes.Boolean, datatype.KindTinyInt: arrow.PrimitiveTypes.Int8,
	datatype.KindSmallInt: arrow.PrimitiveTypes.Int16, datatype.KindInt: arrow.PrimitiveTypes.Int32, datatype.KindBigInt: arrow.PrimitiveTypes.Int64,
	datatype.KindFloat: arrow.PrimitiveTypes.Float32, datatype.KindDouble: arrow.PrimitiveTypes.Float64, datatype.KindDate: arrow.FixedWidthTypes.Date32,
	datatype.KindTime: arrow.FixedWidthTypes.Time32ms, datatype.KindChar: arrow.BinaryTypes.String, datatype.KindVarChar: arrow.BinaryTypes.String,
	datatype.KindBinary: arrow.BinaryTypes.Binary, datatype.KindVarBinary: arrow.BinaryTypes.Binary,
	datatype.KindIntervalMonths: arrow.FixedWidthTypes.MonthInterval, datatype.KindIntervalSeconds: arrow.FixedWidthTypes.Duration_ms,
}
