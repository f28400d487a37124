package filesystem

import (
	"context"
	"io"
	"path"
	"strings"
	"time"
)

// FileSystem is one place where files live. All methods may be called concurrently. Paths are slash-separated and lie within
// the file system (no scheme, no authority). A context governs the call, its retries included, and for Open and Create also
// what is done through the result; Abort still works when it has ended.
type FileSystem interface {
	// Open opens a file for reading. ErrNotExist when there is none; a directory is an error without kind.
	Open(ctx context.Context, path string) (File, error)

	// Stat describes the file or directory. ErrNotExist when there is none.
	Stat(ctx context.Context, path string) (FileInfo, error)

	// List returns the direct entries of a directory sorted by path, hidden ones included. ErrNotExist when there is none.
	List(ctx context.Context, dir string) ([]FileInfo, error)

	// Create begins a new file and makes its parent directories. ErrExist when the path exists, whatever it is. The file may
	// be visible, empty or in part, until the Writer is closed: write through AtomicWriter where that matters.
	Create(ctx context.Context, path string) (Writer, error)

	// Rename moves a file or directory and makes the parent directories of to. ErrNotExist when from does not exist (this is
	// found first), ErrExist when to exists, even as an empty directory.
	Rename(ctx context.Context, from, to string) error

	// Remove removes a file or an empty directory. Gone already is nil; a directory that is not empty is ErrExist.
	Remove(ctx context.Context, path string) error

	// MkdirAll makes a directory and its parents. There already is nil; a file in the way is ErrExist.
	MkdirAll(ctx context.Context, dir string) error
}

// File is a file opened for reading. One goroutine owns it, but ReadAt may be called concurrently and does not move the
// offset of Read.
type File interface {
	io.Reader
	io.ReaderAt
	io.Seeker
	io.Closer

	// Size is the length in bytes when the file was opened.
	Size() int64
}

// Writer writes a new file front to back. One goroutine owns it. The file is durable and complete when Close has returned
// nil, and nothing is promised before, but see Syncer.
type Writer interface {
	io.Writer

	// Close completes the file. Called again it returns the first result. After an error the file is not complete and the
	// caller should Abort.
	Close() error

	// Abort gives the file up and removes it. After a successful Close it does nothing, so it can be deferred.
	Abort() error
}

// Syncer is implemented by Writers that can make what was written so far durable before Close, and let it be read.
type Syncer interface{ Sync() error }

// Linker is implemented by file systems of which a file may have two names.
type Linker interface {
	// Link gives a file another name, which must be on the same disk. Either may be removed without the other.
	Link(ctx context.Context, path, name string) error
}

// Exchanger is implemented by file systems in which two names can be exchanged in one step.
type Exchanger interface {
	// Exchange gives two files or directories, which lie on one disk, each other's names: at each time there is one under either.
	// ErrNotExist when one is missing, errors.ErrUnsupported where the disk cannot do it; nothing was done then.
	Exchange(ctx context.Context, a, b string) error
}

// Pinner is implemented by file systems with directories that keep their place: mount points and symbolic links.
type Pinner interface {
	// Pinned tells whether a directory cannot be renamed, or is not to be. One that does not exist can.
	Pinned(ctx context.Context, dir string) (bool, error)
}

// Locator is implemented by file systems that know where parts of a file lie.
type Locator interface {
	// Locate returns the parts of a file, in their order, that hold bytes of a range.
	Locate(ctx context.Context, path string, offset, length int64) ([]Located, error)
}

// Located is a part of a file.
type Located struct {
	Offset, Length int64
	Hosts          []string // nearest first
}

// FileInfo describes a file or directory.
type FileInfo struct {
	Path    string    // as FileSystem methods take it; with scheme and authority when it comes from Glob
	Size    int64     // bytes; 0 for directories
	ModTime time.Time // by the clock of the file system
	IsDir   bool
}

// Name is the last element of the path.
func (i FileInfo) Name() string { return path.Base(i.Path) }

// Hidden tells whether a file name is no output by the field's convention: it begins with "." or "_".
func Hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}
