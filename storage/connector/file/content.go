package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format"
)

// Explain adds the line number to the error of a record of a file, by counting the lines before it.
func Explain(ctx context.Context, path string, err error) error {
	var record *format.RecordError
	if !errors.As(err, &record) || record.Line > 0 || record.Block != "" {
		return err
	}
	in, openErr := Open(ctx, path, 0)
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

// Open opens a file at an offset of its uncompressed content.
func Open(ctx context.Context, path string, offset int64) (io.ReadCloser, error) {
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
