package arrow

import (
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// reader reads columns of a file.
type reader struct {
	file   *File
	in     records
	wanted []columnar.Field
	places []int // of the wanted columns in the file
	fills  []fill
	batch  arrow.RecordBatch
	number int // of batch
	at     int // rows of it that were read
	offset int64
}

// NewReader returns a reader of the wanted columns, by their names, that begins after so many rows.
func NewReader(f *File, wanted []columnar.Field, after int64) (columnar.Reader, error) {
	r := &reader{file: f, wanted: wanted, number: -1, offset: after}
	names := make([]string, len(f.fields))
	for i, field := range f.fields {
		names[i] = field.Name
	}
	for _, w := range wanted {
		at := columnar.Find(names, w.Name)
		if at < 0 {
			return nil, &Error{Path: f.path, Column: w.Name, Record: -1, Err: fmt.Errorf("the file has no such column; it has %v", names)}
		}
		put, err := compile(f.schema.Field(at).Type, w.Type)
		if err != nil {
			return nil, &Error{Path: f.path, Column: w.Name, Record: -1, Err: err}
		}
		r.places, r.fills = append(r.places, at), append(r.fills, put)
	}
	var err error
	if r.in, err = f.open(); err != nil {
		return nil, &Error{Path: f.path, Record: -1, Err: err}
	}
	for after > 0 {
		if err := r.next(); err == io.EOF {
			return r, nil
		} else if err != nil {
			return nil, err
		}
		r.at = int(min(after, r.batch.NumRows()))
		after -= int64(r.at)
	}
	return r, nil
}

// next begins the next record batch.
func (r *reader) next() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Path: r.file.path, Record: r.number, Err: corrupt(p)}
		}
	}()
	r.batch = nil
	r.number++
	r.at = 0
	switch r.batch, err = r.in.Read(); {
	case err == io.EOF:
		return io.EOF
	case err != nil:
		return &Error{Path: r.file.path, Record: r.number, Err: corrupt(err)}
	}
	return nil
}

// Offset implements columnar.Reader: it counts rows.
func (r *reader) Offset() int64 { return r.offset }

// Read implements columnar.Reader.
func (r *reader) Read(b *vector.Batch, limit int) error {
	for r.batch == nil || r.at == int(r.batch.NumRows()) {
		if err := r.next(); err != nil {
			columnar.Prepare(b, r.wanted, 0)
			columnar.Truncate(b, 0)
			return err
		}
	}
	n := min(limit, int(r.batch.NumRows())-r.at)
	columnar.Prepare(b, r.wanted, n)
	for i, place := range r.places {
		if err := r.fill(i, b.Columns[i], r.batch.Column(place), n); err != nil {
			columnar.Truncate(b, 0)
			return err
		}
	}
	r.at += n
	r.offset += int64(n)
	return nil
}

// fill sets a column. Arrays are views of what the file has, so that a wrong offset is found only where it is used, by a panic.
func (r *reader) fill(column int, v *vector.Vector, a arrow.Array, n int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = corrupt(p)
		}
		if err != nil {
			err = &Error{Path: r.file.path, Column: r.wanted[column].Name, Record: r.number, Err: err}
		}
	}()
	if a.Len() < r.at+n {
		return corrupt(fmt.Sprintf("a column has %d of %d rows", a.Len(), r.batch.NumRows()))
	}
	err = r.fills[column](v, 0, a, r.at, n)
	v.Finish()
	if err == nil && v.Overflowed() {
		return fmt.Errorf("texts of a batch are longer than 2 GiB; read fewer rows at once")
	}
	if err == nil && v.Valid != nil && v.Type.NotNull {
		return fmt.Errorf("NULL in a column that is declared NOT NULL")
	}
	return err
}
