package file

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

// fileVersion tells a file from an earlier one at the same path.
type fileVersion struct{ size, modified int64 }

// enumerator finds files and cuts them into splits. Its position is the files that it has found.
type enumerator struct {
	paths      []string
	splittable bool
	options    SourceOptions
	seen       map[string]fileVersion
	looked     bool // whether it has looked for files at least once, in an earlier life or in this one
	restored   bool
}

// NewEnumerator finds the files that paths stand for and cuts those that can be cut into ranges, each the Range of a split, for
// sources that read files in a way of their own.
func NewEnumerator(paths []string, splittable bool, o SourceOptions) source.Enumerator {
	o.complete()
	return &enumerator{paths: paths, splittable: splittable, options: o, seen: map[string]fileVersion{}}
}

// Next implements source.Enumerator.
func (e *enumerator) Next(ctx context.Context) ([]source.Split, error) {
	if e.options.Monitor == 0 {
		if e.looked {
			return nil, source.ErrDone
		}
		splits, err := e.look(ctx)
		if err != nil {
			return nil, err
		}
		return splits, source.ErrDone
	}
	for {
		if e.looked && !e.restored {
			if err := e.wait(ctx); err != nil {
				return nil, err
			}
		}
		e.restored = false
		if splits, err := e.look(ctx); len(splits) > 0 || err != nil {
			return splits, err
		}
	}
}

func (e *enumerator) wait(ctx context.Context) error {
	due := make(chan struct{})
	stop := e.options.Clock.AfterFunc(e.options.Monitor, func() { close(due) })
	defer stop()
	select {
	case <-due:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// look returns the splits of the files that are new.
func (e *enumerator) look(ctx context.Context) ([]source.Split, error) {
	var splits []source.Split
	for _, path := range e.paths {
		files, err := filesystem.Glob(ctx, path)
		if e.options.Monitor > 0 && errors.Is(err, filesystem.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("file source: %w", err)
		}
		for _, f := range files {
			if e.options.Keep != nil && !e.options.Keep(f.Path) {
				continue
			}
			version := fileVersion{f.Size, f.ModTime.UnixNano()}
			if known, ok := e.seen[f.Path]; ok && known == version {
				continue
			}
			e.seen[f.Path] = version
			if splits, err = e.appendSplits(ctx, splits, f); err != nil {
				return nil, fmt.Errorf("file source: %w", err)
			}
		}
	}
	e.looked = true
	return splits, nil
}

func (e *enumerator) appendSplits(ctx context.Context, splits []source.Split, f filesystem.FileInfo) ([]source.Split, error) {
	add := func(start, end int64, host string) {
		id := fmt.Sprintf("%s:%d-%d", f.Path, start, end)
		if e.options.Monitor > 0 {
			id += fmt.Sprintf("@%d", f.ModTime.UnixNano())
		}
		s := Range{Path: f.Path, Start: start, End: end, Position: -1}
		splits = append(splits, source.Split{ID: id, Data: s.Encode(), Host: host})
	}
	if !e.splittable || format.CompressionOf(f.Path) != format.None {
		add(0, 0, "")
		return splits, nil
	}
	parts, err := e.locate(ctx, f)
	if err != nil {
		return nil, err
	}
	// The last split takes up to half a split more rather than leave a small one.
	start := int64(0)
	for f.Size-start > e.options.SplitSize+e.options.SplitSize/2 {
		add(start, start+e.options.SplitSize, nearest(parts, start+e.options.SplitSize/2))
		start += e.options.SplitSize
	}
	if start < f.Size {
		add(start, f.Size, nearest(parts, (start+f.Size)/2))
	}
	return splits, nil
}

// locate finds out where the parts of a file lie that is large enough for more than one split, if its file system can tell.
func (e *enumerator) locate(ctx context.Context, f filesystem.FileInfo) ([]filesystem.Located, error) {
	if f.Size <= e.options.SplitSize+e.options.SplitSize/2 {
		return nil, nil
	}
	fs, within, err := filesystem.For(ctx, f.Path)
	if err != nil {
		return nil, err
	}
	if l, ok := fs.(filesystem.Locator); ok {
		return l.Locate(ctx, within, 0, f.Size)
	}
	return nil, nil
}

// nearest is a host that has the byte at an offset, or empty.
func nearest(parts []filesystem.Located, offset int64) string {
	for _, p := range parts {
		if offset >= p.Offset && offset < p.Offset+p.Length && len(p.Hosts) > 0 {
			return p.Hosts[0]
		}
	}
	return ""
}

// Snapshot implements source.Enumerator: the files found, each as modification time, size, path length and path.
func (e *enumerator) Snapshot() ([]byte, error) {
	if !e.looked {
		return nil, nil
	}
	b := []byte{1}
	for _, path := range slices.Sorted(maps.Keys(e.seen)) {
		v := e.seen[path]
		b = binary.AppendVarint(b, v.modified)
		b = binary.AppendUvarint(b, uint64(v.size))
		b = binary.AppendUvarint(b, uint64(len(path)))
		b = append(b, path...)
	}
	return b, nil
}

// Restore implements source.Enumerator.
func (e *enumerator) Restore(position []byte) error {
	if len(position) == 0 {
		return nil
	}
	if position[0] != 1 {
		return fmt.Errorf("file source: enumerator position: %w", errDamaged)
	}
	seen := map[string]fileVersion{}
	for b := position[1:]; len(b) > 0; {
		modified, n := binary.Varint(b)
		size, m := binary.Uvarint(b[max(n, 0):])
		length, k := binary.Uvarint(b[max(n, 0)+max(m, 0):])
		if n <= 0 || m <= 0 || k <= 0 || length > uint64(len(b)-n-m-k) {
			return fmt.Errorf("file source: enumerator position: %w", errDamaged)
		}
		b = b[n+m+k:]
		seen[string(b[:length])] = fileVersion{int64(size), modified}
		b = b[length:]
	}
	e.seen, e.looked, e.restored = seen, true, true
	return nil
}

// Close implements source.Enumerator.
func (e *enumerator) Close() error { return nil }
