package hdfs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/namenode"
)

// Rename does not overwrite: the NameNode decides, by rename2 without its flag to overwrite. The library has no such call.
func (f *fileSystem) Rename(ctx context.Context, from, to string) error {
	from, to = clean(from), clean(to)
	lost, err := f.rename(ctx, from, to)
	if errors.Is(err, os.ErrNotExist) {
		if _, statErr := f.stat(ctx, from); statErr == nil { // so it is the directory of the target that is missing
			if err = f.mkdirAll(ctx, path.Dir(to)); err == nil {
				lost, err = f.rename(ctx, from, to)
			}
		}
	}
	if lost && errors.Is(err, os.ErrNotExist) {
		if _, statErr := f.stat(ctx, to); statErr == nil {
			return nil
		}
	}
	if class, _, _ := exception(err); class == "IOException" { // "must both be directories", for one
		if _, statErr := f.stat(ctx, to); statErr == nil {
			err = fmt.Errorf("%w: %w", os.ErrExist, err)
		}
	}
	failed := from
	if err = belowFile(err, filesystem.ErrExist); errors.Is(err, os.ErrExist) {
		failed = to
	}
	return f.fail("rename", failed, err)
}

func (f *fileSystem) rename(ctx context.Context, from, to string) (lost bool, err error) {
	return f.client.call(ctx, func(nn *namenode.Client) error { return nn.Rename(ctx, from, to) })
}
