package checkpoint

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path"
	"slices"
	"sync"

	"github.com/pierrec/lz4/v4"

	"github.com/leatproject/leat/storage/filesystem"
)

// A state file begins with its magic and version. A block is a header and its bytes; the checksum covers the header's other
// fields and the bytes as they are stored.
const (
	fileMagic    = "LEATST"
	fileVersion  = 1
	fileHeader   = 8
	blockHeader  = 12 // checksum, length in memory, length in the file with the top bit set if compressed: uint32 each
	isCompressed = 1 << 31
	maxBlock     = 1<<31 - 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Codec says how blocks are compressed.
type Codec int

const (
	// LZ4 compresses blocks that get smaller by it.
	LZ4 Codec = iota
	// None stores blocks as they are.
	None
)

// Writer writes one state file. Append may be called by many goroutines at once; each compresses its own block.
type Writer struct {
	path  string
	codec Codec

	mu     sync.Mutex
	w      filesystem.Writer
	size   int64
	err    error
	closed bool
}

// Create begins a state file; ErrExist (of package filesystem) if there is one of that name.
func Create(ctx context.Context, fs filesystem.FileSystem, name string, codec Codec) (*Writer, error) {
	f, err := fs.Create(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("create state file: %w", err)
	}
	return begin(name, f, codec)
}

func begin(name string, f filesystem.Writer, codec Codec) (*Writer, error) {
	w := &Writer{path: name, codec: codec, w: f, size: fileHeader}
	if _, err := f.Write(append([]byte(fileMagic), fileVersion, 0)); err != nil {
		return nil, errors.Join(w.failed(err), f.Abort())
	}
	return w, nil
}

// Path is the name of the file.
func (w *Writer) Path() string { return w.path }

// Size is the length of the file so far.
func (w *Writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Append writes a block. data is not kept. After an error the file is of no use: all later calls return it.
func (w *Writer) Append(data []byte) (*Handle, error) {
	if len(data) > maxBlock {
		return nil, fmt.Errorf("write state file %s: a block of %d bytes, of at most %d", w.path, len(data), maxBlock)
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	header, stored := w.codec.encode(buf, data)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.err != nil:
		return nil, w.err
	case w.closed:
		return nil, fmt.Errorf("write state file %s: it is closed", w.path)
	}
	for _, part := range [...][]byte{header[:], stored} {
		if _, err := w.w.Write(part); err != nil {
			return nil, w.failed(err)
		}
	}
	h := &Handle{Path: path.Base(w.path), Offset: w.size, Length: uint32(blockHeader + len(stored))}
	w.size += int64(h.Length)
	return h, nil
}

func (w *Writer) failed(err error) error {
	w.err = fmt.Errorf("write state file %s: %w", w.path, err)
	return w.err
}

// Close completes the file, durably.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	w.closed = true
	if err := w.w.Close(); err != nil {
		return w.failed(err)
	}
	return nil
}

// Abort gives the file up and removes it, unless Close has completed it.
func (w *Writer) Abort() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil && !w.closed {
		w.err = fmt.Errorf("write state file %s: it was given up", w.path)
	}
	return w.w.Abort()
}

// encode returns a block of data as it is stored: its header, and data itself or what it is compressed to, in buf.
func (c Codec) encode(buf *[]byte, data []byte) (header [blockHeader]byte, stored []byte) {
	stored = data
	length := uint32(len(data))
	if c == LZ4 {
		*buf = slices.Grow((*buf)[:0], lz4.CompressBlockBound(len(data)))
		space := (*buf)[:cap(*buf)]
		if n, err := lz4.CompressBlock(data, space, nil); err == nil && n > 0 && n < len(data) {
			stored, length = space[:n], uint32(n)|isCompressed
		}
	}
	binary.LittleEndian.PutUint32(header[4:], uint32(len(data)))
	binary.LittleEndian.PutUint32(header[8:], length)
	sum := crc32.Checksum(header[4:], castagnoli)
	binary.LittleEndian.PutUint32(header[:], crc32.Update(sum, castagnoli, stored))
	return header, stored
}
