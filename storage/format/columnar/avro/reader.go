package avro

import (
	"errors"
	"fmt"
	"io"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

var errNull = errors.New("NULL in a column that is declared NOT NULL")

// Malformed is what is done about a record, or a block, that cannot be read, as format.Input says it.
type Malformed func(raw []byte, err *format.RecordError) error

// reader reads the records of a file, or of a range of it, from its beginning.
type reader struct {
	file      *File
	wanted    []columnar.Field
	columns   []member // by field of the records
	malformed Malformed
	block     block
	cursor    cursor
	left      int64 // records of the block that were not read yet
	offset    int64
}

// NewReader returns a reader of the wanted columns, by their names; it begins after so many records. A record that does not fit the
// columns is left out, and so is the rest of a block from where it is damaged, if malformed returns nil; without malformed they are errors.
func NewReader(f *File, wanted []columnar.Field, after int64, malformed Malformed) (columnar.Reader, error) {
	r := &reader{file: f, wanted: wanted}
	var err error
	if r.columns, err = members(f.schema, wanted); err != nil {
		var of fieldError
		errors.As(err, &of)
		return nil, &Error{Path: f.path, Column: of.name, Err: of.err}
	}
	if malformed != nil { // what is left out before was reported when it was read
		r.malformed = func([]byte, *format.RecordError) error { return nil }
	}
	err = r.skip(after)
	r.malformed = malformed
	return r, err
}

// skip leaves out the first records: whole blocks, and records of the next.
func (r *reader) skip(records int64) error {
	for r.offset < records {
		if err := r.next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
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
		r.take(n)
	}
	return nil
}

// next begins the next block that has records, unless some of this one are left.
func (r *reader) next() error {
	for r.left == 0 {
		err := r.block.next(r.file)
		if errors.Is(err, ErrCorrupt) {
			err = r.report(nil, &format.RecordError{Records: r.block.count, Err: err})
		} else if err == nil {
			r.cursor, r.left = cursor{b: r.block.records}, r.block.count
		} else if err != io.EOF {
			err = &Error{Path: r.file.path, Err: err}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// report is about the block at hand.
func (r *reader) report(raw []byte, err *format.RecordError) error {
	err.Path, err.Block, err.Offset = r.file.path, fmt.Sprintf("block at byte %d", r.block.at), r.block.at
	if r.malformed == nil {
		return err
	}
	return r.malformed(raw, err)
}

// cut leaves out the records of the block that were not read yet.
func (r *reader) cut() error {
	left := r.left
	r.take(left)
	return r.report(nil, &format.RecordError{Records: left, Err: corrupt("its records are not as the schema says, or cut off")})
}

func (r *reader) take(records int64) {
	r.left -= records
	r.offset += records
}

// Offset implements columnar.Reader: it counts records.
func (r *reader) Offset() int64 { return r.offset }

// Read implements columnar.Reader.
func (r *reader) Read(b *vector.Batch, limit int) error {
	err := r.next()
	columnar.Prepare(b, r.wanted, int(min(r.left, int64(limit))))
	rows := 0
	for k := b.Length; k > 0 && r.left > 0 && err == nil; k-- {
		var good bool
		if good, err = r.record(b, rows); good {
			rows++
		}
	}
	columnar.Truncate(b, rows)
	return err
}

// record reads a record into a row; it is not good if it is left out.
func (r *reader) record(b *vector.Batch, row int) (good bool, err error) {
	begin := r.cursor.b
	column, err := r.fields(b, row)
	if r.cursor.bad || err != nil {
		for _, v := range b.Columns {
			v.Unset(row)
		}
		if err != nil && !r.cursor.bad { // the record ends where its schema says
			r.cursor.b = begin
			r.cursor.skip(r.file.schema, 0)
		}
		if r.cursor.bad {
			return false, r.cut()
		}
		raw := begin[:len(begin)-len(r.cursor.b)]
		err = r.report(raw, &format.RecordError{Number: r.block.count - r.left + 1, Field: column, Err: err})
	} else {
		good = true
	}
	if r.take(1); r.left == 0 && len(r.cursor.b) > 0 && err == nil {
		err = r.cut()
	}
	return good, err
}

// fields reads a record into a row, and tells the column that it does not fit.
func (r *reader) fields(b *vector.Batch, row int) (column string, err error) {
	c := &r.cursor
	for i := range r.columns {
		f := &r.columns[i]
		if f.to < 0 {
			c.skip(f.of, 0)
		} else if err := f.put(c, b.Columns[f.to], row); err != nil {
			return f.name, err
		}
	}
	return "", nil
}
