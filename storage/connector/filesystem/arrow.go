package filesystem

import (
	"context"
	"errors"
	"io"

	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/arrow"
)

// arrowDecoder reads Arrow's files and streams, each from its beginning.
type arrowDecoder struct{ wanted []Field }

func (d *arrowDecoder) splittable() bool { return false }

func (d *arrowDecoder) open(ctx context.Context, at file.Range, _ onMalformed) (columnar.Reader, io.Closer, error) {
	a, f, err := openArrow(ctx, at.Path)
	if err != nil {
		return nil, nil, err
	}
	rows, err := arrow.NewReader(a, d.wanted, max(at.Position, 0))
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return rows, f, nil
}

// openArrow opens a file and reads its schema.
func openArrow(ctx context.Context, path string) (*arrow.File, io.Closer, error) {
	fs, within, err := filesystem.For(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	f, err := fs.Open(ctx, within)
	if err != nil {
		return nil, nil, err
	}
	a, err := arrow.Open(f, f.Size(), path)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return a, f, nil
}
