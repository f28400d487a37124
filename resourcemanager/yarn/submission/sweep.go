package submission

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/filesystem"
)

// Files stay in the cache for so long, and longer while applications need them. An application's folder without a description is
// being submitted, or is a left-over after the second time.
const (
	cacheTime      = 7 * 24 * time.Hour
	submissionTime = 24 * time.Hour
)

// asidePrefix begins the names of files of the cache that nobody finds there any more, but that may still be put back.
const asidePrefix = ".aside-"

// Sweep removes files from the cache that are there for long and that no application needs: their digests are in none of the
// applications' own files of the name description. A submission has made its application's folder before it looks into the cache.
// So a file is put aside first, and put back if such a folder has come.
func (s *Stage) Sweep(ctx context.Context, now time.Time, description string) error {
	fs, within, err := filesystem.For(ctx, s.Cache())
	if err != nil {
		return err
	}
	entries, err := fs.List(ctx, within)
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	needed, err := s.needed(ctx, now, description)
	if err != nil {
		return err
	}
	var aside []string
	for _, e := range entries {
		name, already := strings.CutPrefix(e.Name(), asidePrefix)
		if e.IsDir || now.Sub(e.ModTime) < cacheTime || !already && needed(name) {
			continue
		}
		if !already {
			if err := fs.Rename(ctx, e.Path, within+"/"+asidePrefix+name); err != nil && !gone(err) {
				return err
			}
		}
		aside = append(aside, name)
	}
	if len(aside) == 0 {
		return nil
	}
	if needed, err = s.needed(ctx, now, description); err != nil {
		needed = func(string) bool { return true }
	}
	for _, name := range aside {
		err = errors.Join(err, s.settle(ctx, fs, within, name, needed(name)))
	}
	return err
}

// gone tells that another sweeps, too.
func gone(err error) bool {
	return errors.Is(err, filesystem.ErrNotExist) || errors.Is(err, filesystem.ErrExist)
}

// settle puts a file back, unless it was uploaded again, or removes it.
func (s *Stage) settle(ctx context.Context, fs filesystem.FileSystem, cache, name string, needed bool) error {
	aside := cache + "/" + asidePrefix + name
	if needed {
		err := fs.Rename(ctx, aside, cache+"/"+name)
		if !gone(err) {
			return err
		}
	}
	return fs.Remove(ctx, aside)
}

// needed tells which files of the cache, by their digests, the applications of the staging folder need.
func (s *Stage) needed(ctx context.Context, now time.Time, description string) (func(digest string) bool, error) {
	fs, within, err := filesystem.For(ctx, strings.TrimSuffix(s.Dir, "/")+"/.leat")
	if err != nil {
		return nil, err
	}
	entries, err := fs.List(ctx, within)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, e := range entries {
		if !e.IsDir || !strings.HasPrefix(e.Name(), "application_") {
			continue
		}
		content, err := readAll(ctx, fs, e.Path+"/"+description)
		switch {
		case err == nil:
			all = append(all, content)
		case !errors.Is(err, filesystem.ErrNotExist):
			return nil, err
		case now.Sub(e.ModTime) < submissionTime:
			return func(string) bool { return true }, nil
		}
	}
	return func(digest string) bool {
		for _, content := range all {
			if bytes.Contains(content, []byte(digest)) {
				return true
			}
		}
		return false
	}, nil
}
