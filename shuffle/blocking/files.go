package blocking

import (
	"io"
	"os"
	"path/filepath"
)

// Files is where a Store keeps its files: local directories, or later a file system that outlives the machine. Names
// contain slashes.
type Files interface {
	// Create makes a file that is written from front to back. What has been written can be read at once by Open.
	Create(name string) (Writable, error)
	Open(name string) (Readable, error)
	// Remove removes all files of a stage; that there are none is no error.
	Remove(stage string) error
}

// Writable is a file that is being written.
type Writable interface {
	io.Writer
	// Sync makes what has been written survive a crash of the machine.
	Sync() error
	Close() error
}

// Readable is a file that is being read, by several goroutines.
type Readable interface {
	io.ReaderAt
	Close() error
}

// Directories keeps files on local disks: data files in turn in each of the directories, the index in the first.
type Directories []string

func (d Directories) path(name string) string {
	n := 0
	if c := name[len(name)-1]; c >= '0' && c <= '9' {
		n = int(c-'0') % len(d)
	}
	return filepath.Join(d[n], filepath.FromSlash(name))
}

// Create implements Files.
func (d Directories) Create(name string) (Writable, error) {
	path := d.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

// Open implements Files.
func (d Directories) Open(name string) (Readable, error) { return os.Open(d.path(name)) }

// Remove implements Files.
func (d Directories) Remove(stage string) error {
	for _, dir := range d {
		if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(stage))); err != nil {
			return err
		}
	}
	return nil
}
