package parquet

import (
	"errors"
	"fmt"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// tolerant leaves out what is damaged.
type tolerant struct {
	*reader
	malformed func(raw []byte, err *format.RecordError) error
}

// Tolerant is a reader of this package that leaves out the rest of a row group from the rows on that cannot be read because a page is
// damaged, if malformed returns nil. The error tells how many rows that are, of those that are wanted.
func Tolerant(of columnar.Reader, malformed func(raw []byte, err *format.RecordError) error) columnar.Reader {
	return &tolerant{of.(*reader), malformed}
}

// Read implements columnar.Reader.
func (t *tolerant) Read(b *vector.Batch, limit int) error {
	err := t.reader.Read(b, limit)
	var at *Error
	if !errors.Is(err, ErrCorrupt) || !errors.As(err, &at) || at.Group < 0 {
		return err
	}
	if err := t.checkNulls(b); err != nil {
		return err
	}
	return t.malformed(nil, &format.RecordError{
		Path: at.Path, Offset: at.Offset, Block: fmt.Sprintf("row group %d", at.Group), Field: at.Column, Records: t.leaveGroup(), Err: at.Err,
	})
}

// leaveGroup leaves the rest of the row group: so many rows that were wanted.
func (r *reader) leaveGroup() (rows int64) {
	if len(r.ranges) == 0 { // not known yet
		rows = r.rows - r.row
	}
	for _, left := range r.ranges {
		rows += left.To - max(left.From, min(r.row, left.To))
	}
	r.row, r.ranges = r.rows, nil
	return rows
}
