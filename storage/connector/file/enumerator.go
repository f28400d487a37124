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
			version := fileVersion{f.Size, f.ModTime.UnixNano()}
			if known, ok := e.seen[f.Path]; ok && known == version {
				continue
			}
			e.seen[f.Path] = version
			splits = e.appendSplits(splits, f)
		}
	}
	e.looked = true
	return splits, nil
}

func (e *enumerator) appendSplits(splits []source.Split, f filesystem.FileInfo) []source.Split {
	add := func(start, end int64) {
		id := fmt.Sprintf("%s:%d-%d", f.Path, start, end)
		if e.options.Monitor > 0 {
			id += fmt.Sprintf("@%d", f.ModTime.UnixNano())
		}
		s := split{path: f.Path, start: start, end: end, position: -1}
		splits = append(splits, source.Split{ID: id, Data: s.encode()})
	}
	if !e.splittable || format.CompressionOf(f.Path) != format.None {
		add(0, 0)
		return splits
	}
	// The last split takes up to half a split more rather than leave a small one.
	start := int64(0)
	for f.Size-start > e.options.SplitSize+e.options.SplitSize/2 {
		add(start, start+e.options.SplitSize)
		start += e.options.SplitSize
	}
	if start < f.Size {
		add(start, f.Size)
	}
	return splits
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
