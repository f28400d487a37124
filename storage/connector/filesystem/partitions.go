package filesystem

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/leatproject/leat/storage/filesystem"
)

// Partitions are the partitions that there are directories of, or files where the path is a pattern, as key=value/key=value, in order: those
// that have the texts that are wanted of some keys.
func (t *Table) Partitions(ctx context.Context, wanted map[string]string) ([]string, error) {
	found, err := t.partitionDirs(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, dir := range found {
		if name, ok := t.named(dir, wanted); ok {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// named is the partition of a directory, unless it has other texts than are wanted.
func (t *Table) named(dir string, wanted map[string]string) (name string, ok bool) {
	texts := directories(dir)
	var parts []string
	for _, c := range t.partitions {
		key := t.fields[c].Name
		text := texts[strings.ToLower(key)]
		plain, err := url.PathUnescape(text)
		if want, ok := wanted[key]; ok && want != text && (err != nil || want != plain) {
			return "", false
		}
		parts = append(parts, key+"="+text)
	}
	return strings.Join(parts, "/"), true
}

// added is the name of the file that makes an empty directory a partition. One with nothing but files in progress, whose names begin
// with a dot, is none.
const added = "_partition"

// partitionDirs are the directories of partitions.
func (t *Table) partitionDirs(ctx context.Context) (dirs []string, err error) {
	if t.isPattern() {
		files, err := filesystem.Glob(ctx, t.settings.path)
		for _, f := range files {
			if dir := path.Dir(f.Path); t.isPartition(dir) {
				dirs = append(dirs, dir)
			}
		}
		return dirs, ignoreMissing(err)
	}
	fs, within, err := filesystem.For(ctx, t.settings.path)
	if err != nil {
		return nil, err
	}
	return t.partitionsBelow(ctx, fs, within, nil)
}

func (t *Table) partitionsBelow(ctx context.Context, fs filesystem.FileSystem, dir string, dirs []string) ([]string, error) {
	entries, err := fs.List(ctx, dir)
	if err != nil {
		return dirs, ignoreMissing(err)
	}
	for _, e := range entries {
		switch {
		case !e.IsDir || filesystem.Hidden(e.Name()):
		case t.isPartition(e.Path):
			files, err := fs.List(ctx, e.Path)
			if ignoreMissing(err) != nil {
				return dirs, err
			}
			if slices.ContainsFunc(files, func(f filesystem.FileInfo) bool { return !strings.HasPrefix(f.Name(), ".") }) {
				dirs = append(dirs, e.Path)
			}
		default:
			if dirs, err = t.partitionsBelow(ctx, fs, e.Path, dirs); err != nil {
				return dirs, err
			}
		}
	}
	return dirs, nil
}

// isPartition says whether a directory, or those above it, have all keys.
func (t *Table) isPartition(dir string) bool {
	texts := directories(dir)
	return !slices.ContainsFunc(t.partitions, func(c int) bool {
		_, has := texts[strings.ToLower(t.fields[c].Name)]
		return !has
	})
}

func (t *Table) isPattern() bool { return strings.ContainsAny(t.settings.path, `*?[`) }

// AddPartition makes the directory of a partition, of which values has the text of each key. filesystem.ErrExist when it is there.
func (t *Table) AddPartition(ctx context.Context, values map[string]string) error {
	fs, name, there, err := t.partition(ctx, values)
	if err == nil && len(there) > 0 {
		err = &filesystem.PathError{Op: "add partition", Path: name, Kind: filesystem.ErrExist, Err: errors.New("it is there already"),
			Remedy: "ADD IF NOT EXISTS leaves it as it is"}
	}
	if err != nil {
		return err
	}
	_, within, err := filesystem.For(ctx, t.settings.path)
	if err != nil {
		return err
	}
	w, err := fs.Create(ctx, path.Join(within, name, added))
	if err != nil {
		return err
	}
	return w.Close()
}

// DropPartition removes the directory of a partition and all that is in it; nobody sees a part of it. filesystem.ErrNotExist when there is none.
func (t *Table) DropPartition(ctx context.Context, values map[string]string) error {
	fs, name, there, err := t.partition(ctx, values)
	if err == nil && len(there) == 0 {
		err = &filesystem.PathError{Op: "drop partition", Path: name, Kind: filesystem.ErrNotExist, Err: errors.New("there is none"),
			Remedy: "SHOW PARTITIONS lists those that are there"}
	}
	for _, dir := range there {
		err = errors.Join(err, t.removePartition(ctx, fs, dir))
	}
	return err
}

func (t *Table) removePartition(ctx context.Context, fs filesystem.FileSystem, dir string) error {
	var id [4]byte
	rand.Read(id[:]) // never fails
	parent := path.Dir(dir)
	hidden := path.Join(parent, "."+path.Base(dir)+".dropped-"+hex.EncodeToString(id[:]))
	if err := fs.Rename(ctx, dir, hidden); err != nil {
		return err
	}
	if err := filesystem.RemoveAll(ctx, fs, hidden); err != nil {
		return err
	}
	for range len(t.partitions) - 1 { // directories of the keys before, unless they have other partitions
		if err := fs.Remove(ctx, parent); errors.Is(err, filesystem.ErrExist) {
			return nil
		} else if err != nil {
			return err
		}
		parent = path.Dir(parent)
	}
	return nil
}

// partition finds the directories of a partition, however its values are written there, and tells the name that we give it.
func (t *Table) partition(ctx context.Context, values map[string]string) (fs filesystem.FileSystem, name string, there []string, err error) {
	fail := func(err error) (filesystem.FileSystem, string, []string, error) {
		return nil, "", nil, fmt.Errorf("table of %s: %w", t.settings.path, err)
	}
	switch {
	case len(t.partitions) == 0:
		return fail(errors.New("it is not partitioned"))
	case t.isPattern():
		return fail(errors.New("a pattern has no partitions of its own; give a directory"))
	case len(values) < len(t.partitions):
		var keys []string
		for _, c := range t.partitions {
			keys = append(keys, t.fields[c].Name)
		}
		return fail(fmt.Errorf("PARTITION needs a value of each key: %s", strings.Join(keys, ", ")))
	}
	if name, err = t.staticPartition(values); err != nil {
		return fail(err)
	}
	if fs, _, err = filesystem.For(ctx, t.settings.path); err != nil {
		return fail(err)
	}
	found, err := t.partitionDirs(ctx)
	if err != nil {
		return fail(err)
	}
	for _, dir := range found {
		is, err := t.partitionOf(dir + "/")
		if err != nil {
			continue // no value of the type, which the wanted one is
		}
		var elements []string
		for i, c := range t.partitions {
			elements = append(elements, string(t.appendPartition(nil, t.fields[c].Name, is[i], 0)))
		}
		if path.Join(elements...) == name {
			there = append(there, dir)
		}
	}
	return fs, name, there, nil
}
