package pebble

import (
	"io"
	"os"
)

// FS is what a store needs of a file system. Files are written once from front to back, then read by any number of goroutines.
type FS interface {
	MkdirAll(dir string) error
	Create(path string) (io.WriteCloser, error)
	Open(path string) (File, error)
	Remove(path string) error
	RemoveAll(dir string) error
}

// File is a file that is read.
type File interface {
	io.ReaderAt
	io.Closer
}

// OS is the real file system.
var OS FS = osFS{}

type osFS struct{}

func (osFS) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o700) }
func (osFS) Create(path string) (io.WriteCloser, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}
func (osFS) Open(path string) (File, error) { return os.Open(path) }
func (osFS) Remove(path string) error       { return os.Remove(path) }
func (osFS) RemoveAll(dir string) error     { return os.RemoveAll(dir) }
