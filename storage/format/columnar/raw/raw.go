package raw

import (
	"bytes"
	"fmt"
	"io"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// batchBytes ends a batch of long lines.
const batchBytes = 2 << 20

// Format reads files of lines. It is immutable and safe for concurrent use.
type Format struct {
	field  columnar.Field
	wanted []columnar.Field
}

// New returns the format of files of one field, which is wanted or only counted.
func New(fields []columnar.Field, wanted []int) (*Format, error) {
	if len(fields) != 1 {
		return nil, fmt.Errorf("raw: a table has one column that is no partition key, not %d: the lines of its files", len(fields))
	}
	if err := columnar.TextType(fields[0].Type); err != nil {
		return nil, fmt.Errorf("raw: column %s: %w", fields[0].Name, err)
	}
	f := &Format{field: fields[0]}
	for range wanted {
		f.wanted = append(f.wanted, fields[0])
	}
	return f, nil
}

// NewReader returns a reader of in.
func (f *Format) NewReader(in format.Input) (columnar.Reader, error) {
	return &reader{Window: columnar.NewWindow(in), format: f}, nil
}

type reader struct {
	columnar.Window
	format *Format
	column columnar.Column
}

// Offset implements columnar.Reader.
func (r *reader) Offset() int64 { return r.Off }

// Read implements columnar.Reader.
func (r *reader) Read(b *vector.Batch, limit int) error {
	columnar.Prepare(b, r.format.wanted, limit)
	rows, err := r.read(b.Columns, limit)
	columnar.Truncate(b, rows)
	return err
}

func (r *reader) read(columns []*vector.Vector, limit int) (rows int, err error) {
	if err := r.SkipPartial(); err != nil {
		return 0, err
	}
	for begin := r.Off; rows < limit && r.Off-begin < batchBytes; {
		if r.Off >= r.End {
			return rows, io.EOF
		}
		n, err := r.Line(0)
		if err != nil {
			return rows, err
		}
		good := true
		for _, v := range columns {
			if err := r.put(v, rows, columnar.TrimLineEnd(r.Buf[:n])); err != nil {
				good = false
				if err := r.Malformed(n, err, false); err != nil {
					return rows, err
				}
				v.Unset(rows)
			}
		}
		r.Take(n)
		if good {
			rows++
		}
	}
	return rows, nil
}

func (r *reader) put(v *vector.Vector, row int, line []byte) *format.RecordError {
	if vector.Variable(v.Type) {
		v.PutBytes(row, line)
		return nil
	}
	r.column.Bind(v)
	if err := r.column.Put(row, line); err != nil {
		return &format.RecordError{Field: r.format.field.Name, Err: columnar.Explain(bytes.Clone(line), v.Type, err)}
	}
	return nil
}

// writer writes lines to one file.
type writer struct {
	to      io.Writer
	buf     []byte
	written int64
}

const flushSize = 256 << 10

// NewWriter returns a writer of a file of lines.
func NewWriter(to io.Writer) columnar.Writer { return &writer{to: to} }

// Write implements columnar.Writer. NULL is an empty line.
func (w *writer) Write(b *vector.Batch) error {
	v := b.Columns[0]
	for k := range b.Rows() {
		row := k
		if b.Selection != nil {
			row = int(b.Selection[k])
		}
		switch {
		case v.IsNull(row):
		case v.Type.IsBinary():
			w.buf = append(w.buf, v.Bytes(row)...)
		default:
			w.buf = columnar.Append(w.buf, v, row, ' ')
		}
		w.buf = append(w.buf, '\n')
		if len(w.buf) >= flushSize {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
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
