package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/leatproject/leat/storage/filesystem"
)

// Saved is a checkpoint or savepoint that is read. Many goroutines may use it at once.
type Saved struct {
	*Metadata
	fs    filesystem.FileSystem
	dir   string
	files map[string]string // by the last element of their path
}

// Load reads the metadata of the checkpoint or savepoint in a directory, or of that file itself. Its state files lie where the metadata
// says relative to itself, so that a savepoint may have been moved. Errors are those of ReadMetadata.
func Load(ctx context.Context, fs filesystem.FileSystem, dir string) (*Saved, error) {
	m, err := ReadMetadata(ctx, fs, dir)
	if err != nil {
		return nil, err
	}
	if path.Base(dir) == MetadataName {
		dir = path.Dir(dir)
	}
	s := &Saved{Metadata: m, fs: fs, dir: dir, files: map[string]string{}}
	for _, f := range m.Files {
		s.files[path.Base(f.Path)] = path.Join(dir, f.Path)
	}
	return s, nil
}

// HadFinished tells whether a sub-task of an operator that now has so many had finished when the checkpoint was taken: all had, or the
// same one of as many.
func (o *Operator) HadFinished(subtask, parallelism int) bool {
	finished := 0
	for _, s := range o.GetSubtasks() {
		if !s.Finished {
			continue
		}
		if finished++; int(s.Subtask) == subtask && int(s.Parallelism) == parallelism || finished == int(s.Parallelism) {
			return true
		}
	}
	return false
}

// Dir is the directory of the metadata.
func (s *Saved) Dir() string { return s.dir }

// Open opens the state file that a handle refers to, by the last element of its path.
func (s *Saved) Open(ctx context.Context, name string) (*Reader, error) {
	file, ok := s.files[path.Base(name)]
	if !ok {
		return nil, fmt.Errorf("read %s: it does not list the state file %s: %w", path.Join(s.dir, MetadataName), name, ErrCorrupt)
	}
	return Open(ctx, s.fs, file)
}

// Size is the length of the state file that a handle refers to, 0 if it is not known.
func (s *Saved) Size(name string) int64 {
	for _, f := range s.Files {
		if path.Base(f.Path) == path.Base(name) {
			return f.Size
		}
	}
	return 0
}

// FileOf is the name of the file that a handle of the metadata refers to.
func (s *Saved) FileOf(h *Handle) string {
	if h.Path == "" && int(h.File) < len(s.Files) {
		return path.Base(s.Files[h.File].Path)
	}
	return path.Base(h.Path)
}

// SavepointName is the name of a new savepoint's directory, as Flink's: unique tells it apart from others of the job.
func SavepointName(job, unique string) string {
	return "savepoint-" + job[:min(6, len(job))] + "-" + unique[:min(12, len(unique))]
}

// claimName is the file that says which job a savepoint belongs to.
const claimName = "_claim"

// Claim makes the savepoint belong to a job, which then may delete it; a job may claim it again. The error names the job that it
// belongs to already.
func (s *Saved) Claim(ctx context.Context, job string) error {
	name := path.Join(s.dir, claimName)
	w, err := filesystem.CreateAtomic(ctx, s.fs, name)
	if err == nil {
		if _, err = w.Write([]byte(job)); err == nil {
			err = w.Close()
		}
		if err != nil {
			err = errors.Join(err, w.Abort())
		}
	}
	if errors.Is(err, filesystem.ErrExist) {
		return s.Unclaimed(ctx, job)
	}
	if err != nil {
		return fmt.Errorf("claim savepoint %s: %w", s.dir, err)
	}
	return nil
}

// Unclaimed tells by an error that the savepoint belongs to another job, which may delete it at any time.
func (s *Saved) Unclaimed(ctx context.Context, job string) error {
	f, err := s.fs.Open(ctx, path.Join(s.dir, claimName))
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the owner of savepoint %s: %w", s.dir, err)
	}
	defer f.Close() //nolint:errcheck // only read
	owner, err := io.ReadAll(f)
	if err != nil {
		return fmt.Errorf("read the owner of savepoint %s: %w", s.dir, err)
	}
	if string(owner) != job {
		return fmt.Errorf("savepoint %s: %w by job %s (file %s), which deletes it when it needs it no more: take another savepoint, or copy it without that file", s.dir, ErrClaimed, owner, claimName)
	}
	return nil
}

// ErrClaimed says that a savepoint belongs to another job.
var ErrClaimed = errors.New("it is claimed")

// Remove removes the savepoint, its metadata first, with all files that it lists. What is gone already is no error.
func (s *Saved) Remove(ctx context.Context) error {
	if err := s.fs.Remove(ctx, path.Join(s.dir, MetadataName)); err != nil {
		return fmt.Errorf("remove savepoint: %w", err)
	}
	for _, file := range s.files {
		if err := s.fs.Remove(ctx, file); err != nil {
			return fmt.Errorf("remove savepoint: %w", err)
		}
	}
	return removeAll(ctx, s.fs, s.dir)
}
