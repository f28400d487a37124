package filesystem

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/avro"
)

// avroDecoder reads Avro files. A block belongs to the range in which the marker before it begins.
type avroDecoder struct{ wanted []Field }

func (d *avroDecoder) splittable() bool { return true }

func (d *avroDecoder) open(ctx context.Context, at file.Range, malformed onMalformed) (columnar.Reader, io.Closer, error) {
	a, f, err := openAvro(ctx, at.Path)
	if err != nil {
		return nil, nil, err
	}
	if at.Start > 0 {
		if err := f.Close(); err != nil {
			return nil, nil, err
		}
		if f, err = file.Open(ctx, at.Path, at.Start); err != nil {
			return nil, nil, err
		}
	}
	if err := a.Range(bufio.NewReaderSize(f, avroBuffer), at.Start, at.End); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	rows, err := avro.NewReader(a, d.wanted, max(at.Position, 0), avro.Malformed(malformed))
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return rows, f, nil
}

// avroBuffer is how much of a file is read at once, in bytes.
const avroBuffer = 256 << 10

// openAvro opens a file and reads its header.
func openAvro(ctx context.Context, path string) (*avro.File, io.ReadCloser, error) {
	f, err := file.Open(ctx, path, 0)
	if err != nil {
		return nil, nil, err
	}
	a, err := avro.Open(bufio.NewReaderSize(f, avroBuffer), path)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return a, f, nil
}
