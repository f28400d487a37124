package parquet

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// WriterOptions are the options of a writer. The zero value writes without compression.
type WriterOptions struct {
	Codec Codec
	// RowGroup is the size of a row group in bytes, before compression; 128 MiB when 0.
	RowGroup int64
}

// maxGroupRows bounds the rows of a row group, so that statistics leave out something.
const maxGroupRows = 1 << 20

// writer writes one file.
type writer struct {
	to      io.Writer
	options WriterOptions
	columns []*columnWriter
	tops    []int // for each of them the column at the top
	rows    int64 // of the row group
	offset  int64 // bytes written
	meta    fileMetaData
	err     error
}

// NewWriter returns a writer of a file of these fields.
func NewWriter(to io.Writer, fields []columnar.Field, o WriterOptions) (columnar.Writer, error) {
	if o.RowGroup <= 0 {
		o.RowGroup = 128 << 20
	}
	w := &writer{to: to, options: o}
	w.meta.schema = append(w.meta.schema, schemaElement{name: "schema", physical: -1, repetition: -1, children: len(fields), converted: convertedNone})
	for i, f := range fields {
		if err := w.addSchema(f.Name, f.Type, nil, nil); err != nil {
			return nil, fmt.Errorf("parquet: column %s: %w", f.Name, err)
		}
		for len(w.tops) < len(w.columns) {
			w.tops = append(w.tops, i)
		}
	}
	w.write(magic)
	return w, w.err
}

func (w *writer) write(b []byte) {
	if w.err == nil {
		var n int
		n, w.err = w.to.Write(b)
		w.offset += int64(n)
	}
}

// Write implements columnar.Writer.
func (w *writer) Write(b *vector.Batch) error {
	rows := b.Selection
	for done, n := 0, b.Rows(); done < n; {
		k := min(n-done, pageRows)
		for i, c := range w.columns {
			var err error
			if rows == nil {
				err = c.add(b.Columns[w.tops[i]], nil, done, k)
			} else {
				err = c.add(b.Columns[w.tops[i]], rows[done:done+k], 0, k)
			}
			if err != nil {
				return fmt.Errorf("parquet: column %s: %w", strings.Join(c.path, "."), err)
			}
		}
		done += k
		w.rows += int64(k)
		if w.rows >= maxGroupRows || w.groupSize() >= w.options.RowGroup {
			if err := w.endGroup(); err != nil {
				return err
			}
		}
	}
	return w.err
}

func (w *writer) groupSize() (n int64) {
	for _, c := range w.columns {
		n += c.size()
	}
	return n
}

// endGroup writes the row group.
func (w *writer) endGroup() error {
	g := rowGroup{rows: w.rows}
	for _, c := range w.columns {
		chunk, dictionary, err := c.end()
		if err != nil {
			return fmt.Errorf("parquet: column %s: %w", strings.Join(c.path, "."), err)
		}
		if len(dictionary) > 0 {
			chunk.dictionary = w.offset
			w.write(dictionary)
		}
		chunk.dataPage = w.offset
		w.write(c.pages)
		chunk.size = int64(len(dictionary) + len(c.pages))
		g.bytes += chunk.uncompressed
		g.columns = append(g.columns, chunk)
		c.reset()
	}
	w.meta.rowGroups = append(w.meta.rowGroups, g)
	w.meta.rows += w.rows
	w.rows = 0
	return w.err
}

// writeIndex writes the page index: what is known of all pages, then where they are.
func (w *writer) writeIndex() {
	w.eachChunk(func(c *columnChunk) {
		if !c.index.unbounded {
			c.columnIndex = w.offset
			w.write(c.index.columns.encode())
			c.columnSize = w.offset - c.columnIndex
		}
	})
	w.eachChunk(func(c *columnChunk) {
		c.offsetIndex = w.offset
		w.write(encodeLocations(c.index.pages, c.dataPage))
		c.offsetSize = w.offset - c.offsetIndex
	})
}

func (w *writer) eachChunk(f func(c *columnChunk)) {
	for g := range w.meta.rowGroups {
		for i := range w.meta.rowGroups[g].columns {
			f(&w.meta.rowGroups[g].columns[i])
		}
	}
}

// Size implements columnar.Writer.
func (w *writer) Size() int64 { return w.offset + w.groupSize() }

// Close implements columnar.Writer.
func (w *writer) Close() error {
	if w.rows > 0 {
		if err := w.endGroup(); err != nil {
			return err
		}
	}
	w.writeIndex()
	footer := w.meta.encode()
	w.write(footer)
	w.write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(footer))), magic...))
	return w.err
}
