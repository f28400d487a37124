package filesystem

import (
	"context"
	"errors"
)

// RemoveAll removes a directory with all that is in it. None is no error.
func RemoveAll(ctx context.Context, fs FileSystem, dir string) error {
	entries, err := fs.List(ctx, dir)
	if errors.Is(err, ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir {
			err = RemoveAll(ctx, fs, e.Path)
		} else {
			err = fs.Remove(ctx, e.Path)
		}
		if err != nil {
			return err
		}
	}
	return fs.Remove(ctx, dir)
}
