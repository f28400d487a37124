package checkpoint

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/pierrec/lz4/v4"

	"github.com/leatproject/leat/storage/filesystem"
)

// ErrCorrupt is wrapped by errors about bytes that are not what was written.
var ErrCorrupt = errors.New("damaged or cut off")

// Reader reads blocks of a state file. It may be used by many goroutines at once.
type Reader struct {
	path string
	file filesystem.File
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
		return r.failed(fmt.Errorf("its format has version %d, this program reads version %d", header[len(fileMagic)], fileVersion))
	}
	return nil
}

// Read returns the bytes of a block, checked. Its memory is new.
func (r *Reader) Read(h *Handle) ([]byte, error) {
	if h.Length < blockHeader || h.Offset < fileHeader || h.Offset+int64(h.Length) > r.file.Size() {
		return nil, r.failed(fmt.Errorf("no block of %d bytes at offset %d in %d bytes: %w", h.Length, h.Offset, r.file.Size(), ErrCorrupt))
	}
	stored := make([]byte, h.Length)
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
	data := make([]byte, size)
	if n, err := lz4.UncompressBlock(body, data); err != nil || n != len(data) {
		return nil, r.failed(fmt.Errorf("the block at offset %d does not decompress: %w", h.Offset, ErrCorrupt))
	}
	return data, nil
}

func (r *Reader) failed(err error) error { return fmt.Errorf("read state file %s: %w", r.path, err) }

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }
