package file

import (
	"context"
	"io"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

// reader reads one split at a time.
type reader[T any] struct {
	format    format.StreamFormat[T]
	malformed func(raw []byte, err *format.RecordError) error

	id   string
	at   Range
	rows format.Reader[T]
	open io.Closer // the file of the split; nil when there is none
}

// Open implements source.Reader.
func (r *reader[T]) Open(ctx context.Context, s source.Split) error {
	if err := r.Close(); err != nil {
		return err
	}
	at, err := RangeOf(s)
	if err != nil {
		return err
	}
	r.id, r.at = s.ID, at
	in := format.Input{
		Path: at.Path, End: at.End, Malformed: r.malformed,
		Head: func() (io.ReadCloser, error) { return Open(ctx, at.Path, 0) },
	}
	switch {
	case at.Position >= 0:
		in.Offset = at.Position
	case at.Start > 0:
		in.Offset, in.Partial = at.Start-1, true
	}
	from, err := Open(ctx, at.Path, in.Offset)
	if err != nil {
		return err
	}
	r.open, in.Bytes = from, from
	r.rows, err = r.format.NewReader(in)
	return Explain(ctx, r.at.Path, err)
}

// Fetch implements source.Reader.
func (r *reader[T]) Fetch(ctx context.Context, out *column.Batch) (source.Split, error) {
	if err := ctx.Err(); err != nil {
		return source.Split{}, context.Cause(ctx)
	}
	rows, err := r.rows.Read(column.Rows[T](out), out.RowLimit())
	column.SetRows(out, rows)
	r.at.Position = r.rows.Offset()
	after := source.Split{ID: r.id, Data: r.at.Encode()}
	switch {
	case err == io.EOF:
		if err := r.Close(); err != nil {
			return source.Split{}, err
		}
		return after, source.ErrDone
	case err != nil:
		return source.Split{}, Explain(ctx, r.at.Path, err)
	}
	return after, nil
}

// Close implements source.Reader.
func (r *reader[T]) Close() error {
	if r.open == nil {
		return nil
	}
	err := r.open.Close()
	r.open = nil
	return err
}
