package checkpoint

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
	"sync/atomic"

	"github.com/pierrec/lz4/v4"

	"github.com/leatproject/leat/storage/filesystem"
)

// ErrCorrupt is wrapped by errors about bytes that are not what was written.
var ErrCorrupt = errors.New("damaged or cut off")

// Reader reads blocks of a state file. It may be used by many goroutines at once.
type Reader struct {
	path    string
	file    filesystem.File
	instead *instead // of a copy
}

// instead is the file that is read when its copy is damaged.
type instead struct {
	open    func() (*Reader, error)
	trouble func(error)
	once    sync.Once
	reader  *Reader
	err     error
	opened  atomic.Bool
}

// Open opens a state file.
func Open(ctx context.Context, fs filesystem.FileSystem, path string) (*Reader, error) {
	f, err := fs.Open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open state file: %w", err)
	}
	r := &Reader{path: path, file: f}
	if err := r.check(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func (r *Reader) check() error {
	var header [fileHeader]byte
	if _, err := r.file.ReadAt(header[:], 0); err != nil && err != io.EOF {
		return r.failed(err)
	}
	switch {
	case string(header[:len(fileMagic)]) != fileMagic:
		return r.failed(fmt.Errorf("it is no state file: %w", ErrCorrupt))
	case header[len(fileMagic)] != fileVersion:
		return r.failed(fmt.Errorf("its format has version %d, this program reads version %d: %w", header[len(fileMagic)], fileVersion, ErrVersion))
	}
	return nil
}

// Buffer is memory for the bytes of one block after the other. The zero value is ready; one goroutine at a time uses it.
type Buffer struct{ stored, data []byte }

// sized returns n bytes, in the memory of b if there are as many.
func sized(b *[]byte, n int) []byte {
	if cap(*b) < n {
		*b = make([]byte, n)
	}
	return (*b)[:n]
}

// Read returns the bytes of a block, checked. Its memory is new.
func (r *Reader) Read(h *Handle) ([]byte, error) { return r.ReadInto(h, new(Buffer)) }

// ReadInto is Read with memory of b, until that is used again.
func (r *Reader) ReadInto(h *Handle, b *Buffer) ([]byte, error) {
	data, err := r.read(h, b)
	x := r.instead
	if err == nil || x == nil {
		return data, err
	}
	x.once.Do(func() {
		x.trouble(err)
		if x.reader, x.err = x.open(); x.err == nil {
			x.opened.Store(true)
		}
	})
	if x.err != nil {
		return nil, x.err
	}
	return x.reader.read(h, b)
}

// Copied tells whether a copy on this machine is read, which has not been found damaged: see Copies.
func (r *Reader) Copied() bool { return r.instead != nil && !r.instead.opened.Load() }

func (r *Reader) read(h *Handle, b *Buffer) ([]byte, error) {
	if h.Length < blockHeader || h.Offset < fileHeader || h.Offset+int64(h.Length) > r.file.Size() {
		return nil, r.failed(fmt.Errorf("no block of %d bytes at offset %d in %d bytes: %w", h.Length, h.Offset, r.file.Size(), ErrCorrupt))
	}
	stored := sized(&b.stored, int(h.Length))
	if n, err := r.file.ReadAt(stored, h.Offset); n < len(stored) {
		return nil, r.failed(err)
	}
	if binary.LittleEndian.Uint32(stored) != crc32.Checksum(stored[4:], castagnoli) {
		return nil, r.failed(fmt.Errorf("the checksum of the block at offset %d is wrong: %w", h.Offset, ErrCorrupt))
	}
	size, length := binary.LittleEndian.Uint32(stored[4:]), binary.LittleEndian.Uint32(stored[8:])
	body := stored[blockHeader:]
	if int(length&^isCompressed) != len(body) || length&isCompressed == 0 && int(size) != len(body) || size > maxBlock {
		return nil, r.failed(fmt.Errorf("the block at offset %d has other lengths than its handle: %w", h.Offset, ErrCorrupt))
	}
	if length&isCompressed == 0 {
		return body, nil
	}
	data := sized(&b.data, int(size))
	if n, err := lz4.UncompressBlock(body, data); err != nil || n != len(data) {
		return nil, r.failed(fmt.Errorf("the block at offset %d does not decompress: %w", h.Offset, ErrCorrupt))
	}
	return data, nil
}

func (r *Reader) failed(err error) error { return fmt.Errorf("read state file %s: %w", r.path, err) }

// Close closes the file.
func (r *Reader) Close() error {
	err := r.file.Close()
	if x := r.instead; x != nil && x.opened.Load() {
		err = errors.Join(err, x.reader.Close())
	}
	return err
}
