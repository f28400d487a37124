package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/leatproject/leat/storage/filesystem"
)

// Copies are copies on this machine of the state files of one job, to be read instead of those when the job is restored. Nothing
// depends on them: they are not synced, and one that is missing, cut off or damaged is told to trouble, and the file itself is
// written or read. Many goroutines may use them at once.
type Copies struct {
	dirs    []string
	trouble func(error)
}

// NewCopies returns the copies in folders, which are used in turn and need not exist.
func NewCopies(dirs []string, trouble func(error)) *Copies { return &Copies{dirs, trouble} }

// path is where the copy of a state file lies: those of one checkpoint in the same folder.
func (c *Copies) path(name string) string {
	id, _ := fileID(name)
	return filepath.Join(c.dirs[id%uint64(len(c.dirs))], path.Base(name))
}

// fileID is the checkpoint that a state file was written for.
func fileID(name string) (uint64, bool) {
	digits, _, _ := strings.Cut(strings.TrimLeft(path.Base(name), "."), "-")
	id, err := strconv.ParseUint(digits, 10, 64)
	return id, err == nil
}

// Create begins a state file and its copy, which is another name of the file where that lies on the same disk.
func (c *Copies) Create(ctx context.Context, fs filesystem.FileSystem, name string, codec Codec) (*Writer, error) {
	f, err := fs.Create(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("create state file: %w", err)
	}
	return begin(name, c.copied(ctx, fs, name, f), codec)
}

func (c *Copies) copied(ctx context.Context, fs filesystem.FileSystem, name string, f filesystem.Writer) filesystem.Writer {
	w := &copied{Writer: f, path: c.path(name), trouble: c.trouble}
	err := os.MkdirAll(filepath.Dir(w.path), 0o700)
	if l, ok := fs.(filesystem.Linker); ok && err == nil && l.Link(ctx, name, w.path) == nil {
		return w
	}
	if err == nil {
		w.copy, err = os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		c.trouble(fmt.Errorf("copy of state file %s: %w", name, err))
		return f
	}
	return w
}

// copied writes a file and its copy.
type copied struct {
	filesystem.Writer
	path    string
	copy    *os.File // nil for another name of the file, and after trouble
	closed  bool
	trouble func(error)
}

// Write implements filesystem.Writer.
func (w *copied) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if w.copy != nil && err == nil {
		if _, e := w.copy.Write(p); e != nil {
			w.trouble(fmt.Errorf("copy of a state file: %w", e))
			w.drop()
		}
	}
	return n, err
}

// Close implements filesystem.Writer.
func (w *copied) Close() error {
	err := w.Writer.Close()
	if w.copy != nil && !w.closed {
		if e := w.copy.Close(); e != nil {
			w.trouble(fmt.Errorf("copy of a state file: %w", e))
			w.drop()
		}
	}
	w.closed = w.closed || err == nil
	return err
}

// Abort implements filesystem.Writer.
func (w *copied) Abort() error {
	if !w.closed {
		w.drop()
	}
	return w.Writer.Abort()
}

// drop gives the copy up.
func (w *copied) drop() {
	if w.copy != nil {
		w.copy.Close() //nolint:errcheck // it is removed
		w.copy = nil
	}
	if err := os.Remove(w.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		w.trouble(fmt.Errorf("copy of a state file: %w", err))
	}
}

// Open opens the copy of a state file that has a size, or the file itself, by open, when there is no copy. Should a block of the copy
// turn out to be damaged, the file itself is opened and read instead.
func (c *Copies) Open(ctx context.Context, name string, size int64, open func() (*Reader, error)) (*Reader, error) {
	r, err := Open(ctx, filesystem.Local(), c.path(name))
	if err == nil && size > 0 && r.file.Size() != size {
		err = errors.Join(r.failed(fmt.Errorf("%d bytes instead of %d: %w", r.file.Size(), size, ErrCorrupt)), r.Close())
	}
	switch {
	case errors.Is(err, filesystem.ErrNotExist):
		return open()
	case err != nil:
		c.trouble(err)
		return open()
	}
	r.instead = &instead{open: open, trouble: c.trouble}
	return r, nil
}

// Retain removes the copies of state files of all checkpoints up to one, but for those to keep, by the last element of their path.
func (c *Copies) Retain(keep map[string]bool, upTo uint64) error {
	var errs []error
	for _, dir := range c.dirs {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
		for _, e := range entries {
			if id, ok := fileID(e.Name()); ok && id <= upTo && !keep[e.Name()] {
				errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
			}
		}
	}
	return errors.Join(errs...)
}
