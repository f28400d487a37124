package csv

import (
	"io"

	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

const flushSize = 256 << 10

// writer writes records to one file.
type writer struct {
	to      io.Writer
	options Options
	null    string
	special [256]bool // what has a text in quotes
	buf     []byte
	text    []byte
	written int64
}

// NewWriter returns a writer of a file of these fields.
func NewWriter(to io.Writer, fields []columnar.Field, o Options) columnar.Writer {
	w := &writer{to: to, options: o}
	for _, c := range []byte{'\n', '\r', o.Delimiter, o.Quote} {
		w.special[c] = true
	}
	if o.Escape != 0 {
		w.special[o.Escape] = true
	}
	if o.Null != nil {
		w.null = *o.Null
	}
	if o.Header {
		for i, f := range fields {
			if i > 0 {
				w.buf = append(w.buf, o.Delimiter)
			}
			w.append([]byte(f.Name), i == 0)
		}
		w.buf = append(w.buf, '\n')
	}
	return w
}

// Write implements columnar.Writer.
func (w *writer) Write(b *vector.Batch) error {
	for k := range b.Rows() {
		row := k
		if b.Selection != nil {
			row = int(b.Selection[k])
		}
		w.row(b, row)
		if len(w.buf) >= flushSize {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) row(b *vector.Batch, row int) {
	begin := len(w.buf)
	for i, v := range b.Columns {
		if i > 0 {
			w.buf = append(w.buf, w.options.Delimiter)
		}
		switch {
		case v.IsNull(row):
			w.buf = append(w.buf, w.null...)
		case v.Type.IsCharacter():
			w.append(v.Bytes(row), i == 0)
		default:
			w.text = columnar.Append(w.text[:0], v, row, ' ')
			w.append(w.text, false)
		}
	}
	if len(w.buf) == begin && !w.options.NoQuotes { // an empty line is no record
		w.buf = append(w.buf, w.options.Quote, w.options.Quote)
	}
	w.buf = append(w.buf, '\n')
}

// append writes a text, in quotes where it would not be read back without.
func (w *writer) append(text []byte, first bool) {
	o := &w.options
	plain := len(text) > 0 && (!first || !o.Comments || text[0] != '#') && string(text) != w.null || len(text) == 0 && (o.Null == nil || w.null != "")
	for i := 0; plain && i < len(text); i++ {
		plain = !w.special[text[i]]
	}
	if plain || o.NoQuotes {
		w.buf = append(w.buf, text...)
		return
	}
	w.buf = append(w.buf, o.Quote)
	for _, c := range text {
		switch {
		case c == o.Escape && o.Escape != 0 && o.Escape != o.Quote:
			w.buf = append(w.buf, o.Escape)
		case c == o.Quote:
			w.buf = append(w.buf, o.Quote)
		}
		w.buf = append(w.buf, c)
	}
	w.buf = append(w.buf, o.Quote)
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
