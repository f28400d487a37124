package avro

import (
	"errors"
	"io"

	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

var errNull = errors.New("NULL in a column that is declared NOT NULL")

// reader reads the records of a file, or of a range of it, from its beginning.
type reader struct {
	file    *File
	wanted  []columnar.Field
	columns []member // by field of the records
	cursor  cursor
	left    int64 // records of the block that were not read yet
	records []byte
	packed  []byte
	blockAt int64
	offset  int64
}

// NewReader returns a reader of the wanted columns, by their names; it begins after so many records.
func NewReader(f *File, wanted []columnar.Field, after int64) (columnar.Reader, error) {
	r := &reader{file: f, wanted: wanted}
	var err error
	if r.columns, err = members(f.schema, wanted); err != nil {
		var of fieldError
		errors.As(err, &of)
		return nil, &Error{Path: f.path, Column: of.name, Err: of.err}
	}
	return r, r.skip(after)
}

// skip leaves out the first records: whole blocks, and records of the next.
func (r *reader) skip(records int64) error {
	for r.offset < records {
		if r.left == 0 {
			if err := r.next(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
		n := min(r.left, records-r.offset)
		if n < r.left {
			for range n {
				r.cursor.skip(r.file.schema, 0)
			}
			if r.cursor.bad {
				return r.cut()
			}
		}
		r.left -= n
		r.offset += n
	}
	return nil
}

// next begins the next block that has records.
func (r *reader) next() (err error) {
	for r.left == 0 {
		r.blockAt = r.file.in.offset
		if r.left, r.records, r.packed, err = r.file.block(r.records, r.packed); err == io.EOF {
			return err
		} else if err != nil {
			return r.fail("", err)
		}
		r.cursor = cursor{b: r.records}
	}
	return nil
}

func (r *reader) fail(column string, err error) error {
	return &Error{Path: r.file.path, Column: column, Offset: r.blockAt, Err: err}
}

func (r *reader) cut() error {
	return r.fail("", corrupt("its records are not as the schema says, or cut off"))
}

// Offset implements columnar.Reader: it counts records.
func (r *reader) Offset() int64 { return r.offset }

// Read implements columnar.Reader.
func (r *reader) Read(b *vector.Batch, limit int) error {
	if r.left == 0 {
		if err := r.next(); err != nil {
			columnar.Prepare(b, r.wanted, 0)
			columnar.Truncate(b, 0)
			return err
		}
	}
	n := int(min(r.left, int64(limit)))
	columnar.Prepare(b, r.wanted, n)
	for row := range n {
		if err := r.record(b, row); err != nil {
			columnar.Truncate(b, 0)
			return err
		}
	}
	for _, v := range b.Columns {
		v.Finish()
	}
	if r.left -= int64(n); r.left == 0 && len(r.cursor.b) > 0 {
		columnar.Truncate(b, 0)
		return r.cut()
	}
	r.offset += int64(n)
	return nil
}

// record reads a record into a row.
func (r *reader) record(b *vector.Batch, row int) error {
	c := &r.cursor
	for i := range r.columns {
		f := &r.columns[i]
		if f.to < 0 {
			c.skip(f.of, 0)
		} else if err := f.put(c, b.Columns[f.to], row); err != nil {
			return r.fail(f.name, err)
		}
	}
	if c.bad {
		return r.cut()
	}
	return nil
}
