package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/storage/filesystem"
)

const (
	checkpointPrefix = "chk-"
	sharedDir        = "shared"
)

// Store is where the checkpoints of one job lie.
type Store struct {
	fs     filesystem.FileSystem
	dir    string
	copies *Copies
}

// NewStore returns the store in a directory, which need not exist.
func NewStore(fs filesystem.FileSystem, dir string) *Store { return &Store{fs: fs, dir: dir} }

// Copied returns the same store, of which the files that are created have copies; nil is for none.
func (s *Store) Copied(c *Copies) *Store { return &Store{s.fs, s.dir, c} }

// Dir is the directory of a checkpoint.
func (s *Store) Dir(id uint64) string {
	return path.Join(s.dir, checkpointPrefix+strconv.FormatUint(id, 10))
}

// Create begins a state file of a checkpoint. writer tells apart who writes for the same checkpoint, attempts included; it is
// a part of a file name.
func (s *Store) Create(ctx context.Context, id uint64, writer string, codec Codec) (*Writer, error) {
	name := path.Join(s.dir, sharedDir, strconv.FormatUint(id, 10)+"-"+writer)
	if s.copies != nil {
		return s.copies.Create(ctx, s.fs, name, codec)
	}
	return Create(ctx, s.fs, name, codec)
}

// Commit makes the checkpoint that m describes exist; ErrExist (of package filesystem) if it does. Paths of files are names
// that Create was given.
func (s *Store) Commit(ctx context.Context, m *Metadata) error {
	return WriteMetadata(ctx, s.fs, s.Dir(m.CheckpointId), m)
}

// SharedPath is the path of a state file as metadata has it: relative to the checkpoint's directory.
func SharedPath(name string) string { return path.Join("..", sharedDir, name) }

// Checkpoints returns the ids of what has metadata, ascending.
func (s *Store) Checkpoints(ctx context.Context) ([]uint64, error) {
	entries, err := s.fs.List(ctx, s.dir)
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	var ids []uint64
	for _, e := range entries {
		id, ok := checkpointID(e.Name())
		if !ok || !e.IsDir {
			continue
		}
		switch _, err := s.fs.Stat(ctx, path.Join(e.Path, MetadataName)); {
		case err == nil:
			ids = append(ids, id)
		case !errors.Is(err, filesystem.ErrNotExist):
			return nil, fmt.Errorf("list checkpoints: %w", err)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

func checkpointID(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, checkpointPrefix)
	id, err := strconv.ParseUint(digits, 10, 64)
	return id, ok && err == nil
}

// Read reads the metadata of a checkpoint.
func (s *Store) Read(ctx context.Context, id uint64) (*Metadata, error) {
	return ReadMetadata(ctx, s.fs, s.Dir(id))
}

// Discard removes a checkpoint, but none of the state files that it refers to: see Sweep. Gone already is nil.
func (s *Store) Discard(ctx context.Context, id uint64) error {
	return removeAll(ctx, s.fs, s.Dir(id))
}

// Sweep removes the state files that none of the kept checkpoints refers to, of checkpoints below an id: the lowest one that
// is being taken, or the next. It returns how many.
func (s *Store) Sweep(ctx context.Context, kept []*Metadata, below uint64) (removed int, err error) {
	used := map[string]bool{}
	for _, m := range kept {
		for _, f := range m.Files {
			used[path.Base(f.Path)] = true
		}
	}
	files, err := s.fs.List(ctx, path.Join(s.dir, sharedDir))
	if errors.Is(err, filesystem.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("sweep state files: %w", err)
	}
	for _, f := range files {
		if id, ok := fileID(f.Name()); !ok || id >= below || used[f.Name()] {
			continue
		}
		if err := s.fs.Remove(ctx, f.Path); err != nil {
			return removed, fmt.Errorf("sweep state files: %w", err)
		}
		removed++
	}
	return removed, nil
}

// removeAll removes a directory with all that is in it, the metadata first: what is left is no checkpoint.
func removeAll(ctx context.Context, fs filesystem.FileSystem, dir string) error {
	if err := fs.Remove(ctx, path.Join(dir, MetadataName)); err != nil {
		return fmt.Errorf("remove checkpoint: %w", err)
	}
	entries, err := fs.List(ctx, dir)
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove checkpoint: %w", err)
	}
	for _, e := range entries {
		if err := fs.Remove(ctx, e.Path); err != nil {
			return fmt.Errorf("remove checkpoint: %w", err)
		}
	}
	if err := fs.Remove(ctx, dir); err != nil {
		return fmt.Errorf("remove checkpoint: %w", err)
	}
	return nil
}

// Open opens a state file by its name.
func (s *Store) Open(ctx context.Context, name string) (*Reader, error) {
	return Open(ctx, s.fs, path.Join(s.dir, sharedDir, name))
}

// Remove removes all checkpoints of the job, also those that were given up while they were written, and the directory if nothing
// else lies in it.
func (s *Store) Remove(ctx context.Context) error {
	entries, err := s.fs.List(ctx, s.dir)
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove checkpoints: %w", err)
	}
	for _, e := range entries {
		if id, ok := checkpointID(e.Name()); ok && e.IsDir {
			if err := s.Discard(ctx, id); err != nil {
				return err
			}
		}
	}
	if _, err := s.Sweep(ctx, nil, math.MaxUint64); err != nil {
		return err
	}
	for _, dir := range []string{path.Join(s.dir, sharedDir), s.dir} {
		if err := s.fs.Remove(ctx, dir); err != nil && !errors.Is(err, filesystem.ErrExist) {
			return fmt.Errorf("remove checkpoints: %w", err)
		}
	}
	return nil
}
