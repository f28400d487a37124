package spill

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// FS is what spilling needs of a file system. Files are written once from front to back, and what is written is read; package
// spilltest has a twin of it that fails on purpose.
type FS interface {
	Create(path string) (io.WriteCloser, error)
	Open(path string) (File, error)
	Remove(path string) error
}

// File is a file that is read.
type File interface {
	io.ReadCloser
	io.ReaderAt
}

// OS is the real file system.
var OS FS = osFS{}

type osFS struct{}

func (osFS) Create(path string) (io.WriteCloser, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}
func (osFS) Open(path string) (File, error) { return os.Open(path) }
func (osFS) Remove(path string) error       { return os.Remove(path) }

// DirOptions are the settings of a Dir; the zero value is usable.
type DirOptions struct {
	// FS is where files are made; nil means OS.
	FS FS
	// Compress compresses frames by LZ4 blocks: for disks slower than about 1 GB/s.
	Compress bool
	// Log is told about swept directories; nil means slog.Default().
	Log *slog.Logger
}

// Dir is where a process puts its spill files: one directory of its own in each of the configured ones, used in turn. It
// is shared by all tasks of the process and safe for concurrent use.
//
// The own directory is named leat-spill-<random> and locked as long as the process lives; Open removes those that nobody
// holds, which are what killed processes left behind. Where the platform has no such lock, nothing is swept.
type Dir struct {
	fs       FS
	compress bool
	places   []*place
	seq      atomic.Int64
	bytes    atomic.Int64
	files    atomic.Int64
	close    sync.Once
}

// place is the process's directory within one configured directory.
type place struct {
	root, path string
	lock       io.Closer
	live       atomic.Int64
}

// noLock stands for the lock where there are none.
type noLock struct{}

func (noLock) Close() error { return nil }

const dirPrefix = "leat-spill-"

// OpenDir sweeps the configured directories, creating those that are missing, and makes the process's own in each.
func OpenDir(roots []string, opt DirOptions) (*Dir, error) {
	if len(roots) == 0 {
		return nil, errors.New("no directory for spill files is configured: name at least one")
	}
	if opt.FS == nil {
		opt.FS = OS
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	d := &Dir{fs: opt.FS, compress: opt.Compress}
	for _, root := range roots {
		p, err := openPlace(root, opt.Log)
		if err != nil {
			return nil, errors.Join(&Error{Kind: kindOf(err), Dir: root, Path: root, Err: cause(err)}, d.Close())
		}
		d.places = append(d.places, p)
	}
	return d, nil
}

func openPlace(root string, log *slog.Logger) (*place, error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, err
	}
	if err := sweep(root, log); err != nil {
		return nil, err
	}
	for {
		var random [8]byte
		rand.Read(random[:])
		p := &place{root: root, path: filepath.Join(root, dirPrefix+hex.EncodeToString(random[:]))}
		if err := os.Mkdir(p.path, 0o700); err != nil {
			return nil, err
		}
		lock, held, err := lockDir(p.path)
		switch {
		case held:
			p.lock = lock
			return p, nil
		case err != nil && !errors.Is(err, os.ErrNotExist):
			log.Warn("spill directory cannot be locked: a crash will leave its files behind", "dir", p.path, "error", err)
			p.lock = noLock{}
			return p, nil
		}
		// Another process's sweep took the directory before it was locked.
	}
}

// sweep removes the directories of processes that no longer live.
func sweep(root string, log *slog.Logger) error {
	entries, err := os.ReadDir(root)
	if err != nil || !canSweep {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), dirPrefix) {
			continue
		}
		path := filepath.Join(root, e.Name())
		lock, held, err := lockDir(path)
		if err != nil || !held {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			log.Warn("stale spill directory cannot be removed", "dir", path, "error", err)
		} else {
			log.Info("removed stale spill directory", "dir", path)
		}
		lock.Close()
	}
	return nil
}

// BytesSpilled is the number of bytes ever written to spill files.
func (d *Dir) BytesSpilled() int64 { return d.bytes.Load() }

// Files is the number of spill files ever made.
func (d *Dir) Files() int64 { return d.files.Load() }

// Live is the number of bytes that spill files occupy now.
func (d *Dir) Live() int64 {
	var n int64
	for _, p := range d.places {
		n += p.live.Load()
	}
	return n
}

// Close removes the process's directories with whatever is left in them. Consumers must have been closed.
func (d *Dir) Close() (err error) {
	d.close.Do(func() {
		for _, p := range d.places {
			if e := os.RemoveAll(p.path); e != nil {
				err = errors.Join(err, fmt.Errorf("remove spill directory: %w", e))
			}
			p.lock.Close()
		}
	})
	return err
}

// file is a spill file that is complete, or being written by its writer.
type file struct {
	dir   *Dir
	place *place
	path  string
	size  int64
}

// NewDir names a directory, in turn in each place, which the caller makes. Close removes it, if it is still there.
func (d *Dir) NewDir() string {
	n := d.seq.Add(1)
	return filepath.Join(d.places[int(n-1)%len(d.places)].path, fmt.Sprintf("%08d", n))
}

func (d *Dir) newFile() *file {
	n := d.seq.Add(1)
	p := d.places[int(n-1)%len(d.places)]
	return &file{dir: d, place: p, path: filepath.Join(p.path, fmt.Sprintf("%08d", n))}
}

func (f *file) fail(offset int64, err error) error {
	return &Error{Kind: kindOf(err), Dir: f.place.root, Path: f.path, Offset: offset, Bytes: f.place.live.Load(), Err: cause(err)}
}

func (f *file) corrupt(offset int64, format string, args ...any) error {
	return &Error{Kind: Corrupt, Dir: f.place.root, Path: f.path, Offset: offset, Err: fmt.Errorf(format, args...)}
}

// remove deletes the file; it may be called once.
func (f *file) remove() error {
	f.place.live.Add(-f.size)
	if err := f.dir.fs.Remove(f.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return f.fail(0, err)
	}
	return nil
}
