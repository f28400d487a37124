package spill

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/pierrec/lz4/v4"
	"github.com/zeebo/xxh3"

	"github.com/leatproject/leat/storage/column"
)

// Codec turns rows to bytes and back: *column.Codec[T] in all of the engine.
type Codec[T any] interface {
	// AppendBatch appends one block that holds rows. A row that cannot be encoded is a panic of *column.EncodeError.
	AppendBatch(dst []byte, rows []T) []byte
	// DecodeBatch appends the rows of a block to dst; they share no memory with src.
	DecodeBatch(src []byte, dst []T) ([]T, error)
	// Size is the number of bytes that a row occupies in memory, with what it points to.
	Size(row *T) int
	// HasPointers is false if Size is the same for all rows.
	HasPointers() bool
}

// sizeOf is the memory of rows in bytes, with extra for each of them.
func sizeOf[T any](codec Codec[T], rows []T, extra int64) int64 {
	size := extra * int64(len(rows))
	if len(rows) > 0 && !codec.HasPointers() {
		return size + int64(codec.Size(&rows[0]))*int64(len(rows))
	}
	for i := range rows {
		size += int64(codec.Size(&rows[i]))
	}
	return size
}

// A spill file is a sequence of frames, little endian:
//
//	checksum u64   xxh3 of everything after it
//	stored   u32   length of the body as it is in the file
//	raw      u32   length of the body before compression
//	rows     u32
//	flags    u32   1 timestamps, 2 hashes, 4 body is an LZ4 block
//	body           rows timestamps of 8 bytes, rows hashes of 8 bytes, codec block
const (
	headerSize = 24

	flagTimes  = 1
	flagHashes = 2
	flagLZ4    = 4

	// bufferSize is the size of reads and writes, frameBytes about the size of the rows of a frame.
	bufferSize = 256 << 10
	frameBytes = 64 << 10
	minBuffer  = 32 << 10
)

// frame is the columnar content of a frame: what a merge or a queue reads at once.
type frame[T any] struct {
	rows   []T
	times  []int64
	hashes []uint64
}

// frameWriter writes a file of frames. Its buffer is reserved in mem.
type frameWriter[T any] struct {
	file  *file
	codec Codec[T]
	mem   *Memory
	out   io.WriteCloser
	buf   []byte
	raw   []byte
	lz4   lz4.Compressor
}

func newFrameWriter[T any](mem *Memory, dir *Dir, codec Codec[T]) (*frameWriter[T], error) {
	f := dir.newFile()
	out, err := dir.fs.Create(f.path)
	if err != nil {
		return nil, f.fail(0, err)
	}
	dir.files.Add(1)
	mem.Overdraw(bufferSize)
	return &frameWriter[T]{file: f, codec: codec, mem: mem, out: out, buf: make([]byte, 0, bufferSize+frameBytes)}, nil
}

// write appends rows as frames of about frameBytes. times and hashes are empty or as long as rows.
func (w *frameWriter[T]) write(f frame[T]) error {
	for lo := 0; lo < len(f.rows); {
		hi := w.cut(f.rows, lo)
		part := frame[T]{rows: f.rows[lo:hi]}
		if len(f.times) > 0 {
			part.times = f.times[lo:hi]
		}
		if len(f.hashes) > 0 {
			part.hashes = f.hashes[lo:hi]
		}
		if err := w.writeFrame(part); err != nil {
			return err
		}
		lo = hi
	}
	return nil
}

// cut returns the end of the frame that begins at row lo.
func (w *frameWriter[T]) cut(rows []T, lo int) int {
	if !w.codec.HasPointers() {
		return min(len(rows), lo+max(1, frameBytes/max(1, w.codec.Size(&rows[lo]))))
	}
	hi := lo
	for size := 0; hi < len(rows) && size < frameBytes; hi++ {
		size += w.codec.Size(&rows[hi])
	}
	return hi
}

func (w *frameWriter[T]) writeFrame(f frame[T]) error {
	var flags uint32
	start := len(w.buf)
	w.buf = append(w.buf, make([]byte, headerSize)...)
	body := w.buf
	if w.file.dir.compress {
		body = w.raw[:0]
	}
	mark := len(body)
	if len(f.times) > 0 {
		flags |= flagTimes
		body = slices.Grow(body, 8*len(f.times))
		for _, t := range f.times {
			body = binary.LittleEndian.AppendUint64(body, uint64(t))
		}
	}
	if len(f.hashes) > 0 {
		flags |= flagHashes
		body = slices.Grow(body, 8*len(f.hashes))
		for _, h := range f.hashes {
			body = binary.LittleEndian.AppendUint64(body, h)
		}
	}
	body, err := appendBlock(w.codec, body, f.rows)
	if err != nil {
		return err
	}
	raw := len(body) - mark
	if raw > math.MaxInt32 {
		return fmt.Errorf("spill rows: %d rows of %d bytes exceed the 2 GiB of a frame: make the rows smaller", len(f.rows), raw)
	}
	if w.file.dir.compress {
		w.raw = body
		if n := w.compress(raw); n > 0 {
			flags |= flagLZ4
		} else {
			w.buf = append(w.buf, body...)
		}
	} else {
		w.buf = body
	}
	h := w.buf[start:]
	binary.LittleEndian.PutUint32(h[8:], uint32(len(h)-headerSize))
	binary.LittleEndian.PutUint32(h[12:], uint32(raw))
	binary.LittleEndian.PutUint32(h[16:], uint32(len(f.rows)))
	binary.LittleEndian.PutUint32(h[20:], flags)
	binary.LittleEndian.PutUint64(h, xxh3.Hash(h[8:]))
	if len(w.buf) >= bufferSize {
		return w.flush()
	}
	return nil
}

// appendBlock returns the error of a row that cannot be encoded.
func appendBlock[T any](codec Codec[T], dst []byte, rows []T) (_ []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*column.EncodeError)
			if !ok {
				panic(r)
			}
			err = fmt.Errorf("spill rows: %w", e)
		}
	}()
	return codec.AppendBatch(dst, rows), nil
}

// compress appends the LZ4 block of w.raw to w.buf, or nothing and returns 0 if that would not save anything.
func (w *frameWriter[T]) compress(raw int) int {
	at := len(w.buf)
	w.buf = slices.Grow(w.buf, lz4.CompressBlockBound(raw))
	n, err := w.lz4.CompressBlock(w.raw, w.buf[at:cap(w.buf)])
	if err != nil || n >= raw {
		return 0
	}
	w.buf = w.buf[:at+n]
	return n
}

func (w *frameWriter[T]) flush() error {
	n, err := w.out.Write(w.buf)
	w.file.size += int64(n)
	w.file.place.live.Add(int64(n))
	w.file.dir.bytes.Add(int64(n))
	w.buf = w.buf[:0]
	if err != nil {
		return w.file.fail(w.file.size, err)
	}
	return nil
}

// finish completes the file, which is then the caller's. When that fails, the file is gone.
func (w *frameWriter[T]) finish() (*file, error) {
	err := w.flush()
	if e := w.close(); err == nil && e != nil {
		err = w.file.fail(w.file.size, e)
	}
	if err != nil {
		return nil, errors.Join(err, w.file.remove())
	}
	return w.file, nil
}

// abort gives the file up because of err, which it returns.
func (w *frameWriter[T]) abort(err error) error {
	return errors.Join(err, w.close(), w.file.remove())
}

func (w *frameWriter[T]) close() error {
	w.mem.Release(bufferSize)
	w.buf, w.raw = nil, nil
	return w.out.Close()
}

// frameReader reads a complete file front to back with read-ahead.
type frameReader[T any] struct {
	file   *file
	codec  Codec[T]
	in     io.ReadCloser
	buf    []byte
	lo, hi int
	raw    []byte
	offset int64 // of buf[lo] in the file
}

func newFrameReader[T any](f *file, codec Codec[T], buffer int) (*frameReader[T], error) {
	in, err := f.dir.fs.Open(f.path)
	if err != nil {
		return nil, f.fail(0, err)
	}
	return &frameReader[T]{file: f, codec: codec, in: in, buf: make([]byte, buffer)}, nil
}

// next replaces the content of f by the next frame; more is false at the end of the file.
func (r *frameReader[T]) next(f *frame[T]) (more bool, err error) {
	if r.offset == r.file.size {
		return false, nil
	}
	h, err := r.peek(headerSize)
	if err != nil {
		return false, err
	}
	stored := int64(binary.LittleEndian.Uint32(h[8:]))
	if stored > r.file.size-r.offset-headerSize {
		return false, r.file.corrupt(r.offset, "frame of %d bytes passes the end of the file at %d", stored, r.file.size)
	}
	h, err = r.peek(headerSize + int(stored))
	if err != nil {
		return false, err
	}
	if want, got := binary.LittleEndian.Uint64(h), xxh3.Hash(h[8:]); want != got {
		return false, r.file.corrupt(r.offset, "checksum is %016x instead of %016x", got, want)
	}
	raw, rows, flags := binary.LittleEndian.Uint32(h[12:]), binary.LittleEndian.Uint32(h[16:]), binary.LittleEndian.Uint32(h[20:])
	body := h[headerSize:]
	if flags&flagLZ4 != 0 {
		r.raw = slices.Grow(r.raw[:0], int(raw))[:raw]
		if n, err := lz4.UncompressBlock(body, r.raw); err != nil || n != int(raw) {
			return false, r.file.corrupt(r.offset, "lz4 block of %d bytes decompresses to %d instead of %d: %v", stored, n, raw, err)
		}
		body = r.raw
	}
	if err := r.decode(f, body, int(rows), flags); err != nil {
		return false, err
	}
	r.lo += headerSize + int(stored)
	r.offset += headerSize + stored
	return true, nil
}

func (r *frameReader[T]) decode(f *frame[T], body []byte, rows int, flags uint32) (err error) {
	f.times, f.hashes = f.times[:0], f.hashes[:0]
	if flags&flagTimes != 0 {
		f.times = slices.Grow(f.times, rows)[:rows]
		for i := range f.times {
			f.times[i] = int64(binary.LittleEndian.Uint64(body[8*i:]))
		}
		body = body[8*rows:]
	}
	if flags&flagHashes != 0 {
		f.hashes = slices.Grow(f.hashes, rows)[:rows]
		for i := range f.hashes {
			f.hashes[i] = binary.LittleEndian.Uint64(body[8*i:])
		}
		body = body[8*rows:]
	}
	f.rows, err = r.codec.DecodeBatch(body, f.rows[:0])
	if err != nil {
		return r.file.corrupt(r.offset, "%w", err)
	}
	if len(f.rows) != rows {
		return r.file.corrupt(r.offset, "frame holds %d rows instead of %d", len(f.rows), rows)
	}
	return nil
}

// peek returns the next n bytes of the file, which the caller has found to be within it.
func (r *frameReader[T]) peek(n int) ([]byte, error) {
	if r.hi-r.lo < n {
		if int64(n) > r.file.size-r.offset {
			return nil, r.file.corrupt(r.offset, "%d bytes left instead of %d", r.file.size-r.offset, n)
		}
		if n > len(r.buf) {
			r.buf = append(make([]byte, 0, n), r.buf[r.lo:r.hi]...)[:n]
		} else {
			copy(r.buf, r.buf[r.lo:r.hi])
		}
		r.lo, r.hi = 0, r.hi-r.lo
		got, err := io.ReadAtLeast(r.in, r.buf[r.hi:], n-r.hi)
		r.hi += got
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return nil, r.file.corrupt(r.offset+int64(r.hi), "file ends here instead of at %d", r.file.size)
		case err != nil:
			return nil, r.file.fail(r.offset+int64(r.hi), err)
		}
	}
	return r.buf[r.lo : r.lo+n], nil
}

func (r *frameReader[T]) close() error {
	r.buf, r.raw = nil, nil
	return r.in.Close()
}
