package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

// reader reads one split at a time.
type reader[T any] struct {
	format    format.StreamFormat[T]
	malformed func(raw []byte, err *format.RecordError) error

	id   string
	at   split
	rows format.Reader[T]
	open io.Closer // the file of the split; nil when there is none
}

// Open implements source.Reader.
func (r *reader[T]) Open(ctx context.Context, s source.Split) error {
	if err := r.Close(); err != nil {
		return err
	}
	at, err := decodeSplit(s)
	if err != nil {
		return err
	}
	r.id, r.at = s.ID, at
	in := format.Input{
		Path: at.path, End: at.end, Malformed: r.malformed,
		Head: func() (io.ReadCloser, error) { return openAt(ctx, at.path, 0) },
	}
	switch {
	case at.position >= 0:
		in.Offset = at.position
	case at.start > 0:
		in.Offset, in.Partial = at.start-1, true
	}
	from, err := openAt(ctx, at.path, in.Offset)
	if err != nil {
		return err
	}
	r.open, in.Bytes = from, from
	r.rows, err = r.format.NewReader(in)
	return r.explain(ctx, err)
}

// Fetch implements source.Reader.
func (r *reader[T]) Fetch(ctx context.Context, out *column.Batch) (source.Split, error) {
	if err := ctx.Err(); err != nil {
		return source.Split{}, context.Cause(ctx)
	}
	rows, err := r.rows.Read(column.Rows[T](out), out.RowLimit())
	column.SetRows(out, rows)
	r.at.position = r.rows.Offset()
	after := source.Split{ID: r.id, Data: r.at.encode()}
	switch {
	case err == io.EOF:
		if err := r.Close(); err != nil {
			return source.Split{}, err
		}
		return after, source.ErrDone
	case err != nil:
		return source.Split{}, r.explain(ctx, err)
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

// explain adds the line number to the error of a record, by counting the lines before it.
func (r *reader[T]) explain(ctx context.Context, err error) error {
	var record *format.RecordError
	if !errors.As(err, &record) || record.Line > 0 {
		return err
	}
	in, openErr := openAt(ctx, r.at.path, 0)
	if openErr != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	record.Line = 1 + countLines(io.LimitReader(in, record.Offset))
	return err
}

func countLines(in io.Reader) (lines int64) {
	buf := make([]byte, 64<<10)
	for {
		n, err := in.Read(buf)
		lines += int64(bytes.Count(buf[:n], []byte{'\n'}))
		if err != nil {
			return lines
		}
	}
}

// content is the uncompressed content of a file.
type content struct {
	io.Reader
	closers []io.Closer
}

func (c *content) Close() error {
	var errs []error
	for _, x := range c.closers {
		errs = append(errs, x.Close())
	}
	return errors.Join(errs...)
}

// openAt opens a file at an offset of its uncompressed content.
func openAt(ctx context.Context, path string, offset int64) (io.ReadCloser, error) {
	fs, within, err := filesystem.For(ctx, path)
	if err != nil {
		return nil, err
	}
	f, err := fs.Open(ctx, within)
	if err != nil {
		return nil, err
	}
	compression := format.CompressionOf(path)
	if compression == format.None {
		if _, err := f.Seek(offset, io.SeekStart); err != nil {
			return nil, errors.Join(fmt.Errorf("read %s at byte %d: %w", path, offset, err), f.Close())
		}
		return f, nil
	}
	plain, err := compression.NewReader(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read %s as %s: %w; it is damaged or not what its name says", path, compression, err), f.Close())
	}
	if _, err := io.CopyN(io.Discard, plain, offset); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s up to byte %d of its content: %w", path, offset, err), plain.Close(), f.Close())
	}
	return &content{plain, []io.Closer{plain, f}}, nil
}
