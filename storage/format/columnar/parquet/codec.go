package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/leatproject/leat/storage/format/lz77"
)

// Codec is how pages are compressed.
type Codec int

// The codecs, by their numbers in files.
const (
	Uncompressed Codec = 0
	Snappy       Codec = 1
	Gzip         Codec = 2
	hadoopLz4    Codec = 5
	Zstd         Codec = 6
	Lz4          Codec = 7
)

var codecNames = map[Codec]string{0: "none", 1: "snappy", 2: "gzip", 3: "lzo", 4: "brotli", 5: "lz4", 6: "zstd", 7: "lz4_raw"}

// maxPage bounds a page, in bytes.
const maxPage = 1 << 30

var zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxPage))
	if err != nil {
		panic(err) // the options are constant
	}
	return d
})

var zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // the options are constant
	}
	return e
})

// decompress appends nothing: it gives the size bytes that b stands for, in the memory of dst where that suffices.
func (c Codec) decompress(dst, b []byte, size int) ([]byte, error) {
	var err error
	switch c {
	case Uncompressed:
		return b, nil
	case Snappy:
		n, lengthErr := lz77.SnappyLength(b)
		if lengthErr != nil || n != size {
			return nil, corrupt("a page has %d bytes where %d are expected", n, size)
		}
		if n > 64*len(b)+64 {
			return nil, corrupt("a page of %d bytes cannot come from %d", n, len(b))
		}
		dst, err = lz77.Snappy(dst, b)
	case Gzip:
		dst, err = gunzip(dst, b, size)
	case Zstd:
		dst, err = zstdDecoder().DecodeAll(b, dst[:0])
	case Lz4:
		dst, err = unLz4(dst, b, size)
	case hadoopLz4:
		dst, err = unHadoopLz4(dst, b, size)
	default:
		return nil, fmt.Errorf("codec %s cannot be read; write the file with snappy, zstd, gzip or lz4_raw", codecNames[c])
	}
	if err != nil {
		return nil, corrupt("a page is no %s: %v", codecNames[c], err)
	}
	if len(dst) != size {
		return nil, corrupt("a page has %d bytes where %d are expected", len(dst), size)
	}
	return dst, nil
}

// gzipReaders are kept, since one has more memory than most pages.
var gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}

func gunzip(dst, b []byte, size int) ([]byte, error) {
	if size > 1032*len(b)+64 {
		return nil, fmt.Errorf("%d bytes cannot come from %d", size, len(b))
	}
	r := gzipReaders.Get().(*gzip.Reader)
	defer gzipReaders.Put(r)
	if err := r.Reset(bytes.NewReader(b)); err != nil {
		return nil, err
	}
	dst = sized(dst, size)
	if _, err := io.ReadFull(r, dst); err != nil {
		return nil, err
	}
	var more [1]byte
	switch _, err := io.ReadFull(r, more[:]); err {
	case io.EOF: // the checksum is right
		return dst, nil
	case nil:
		return nil, fmt.Errorf("more than %d bytes", size)
	default:
		return nil, err
	}
}

func unLz4(dst, b []byte, size int) ([]byte, error) {
	if size > 256*len(b)+64 {
		return nil, fmt.Errorf("%d bytes cannot come from %d", size, len(b))
	}
	if cap(dst) < size {
		dst = make([]byte, size)
	}
	n, err := lz4.UncompressBlock(b, dst[:size])
	return dst[:max(n, 0)], err
}

// unHadoopLz4 reads blocks of Hadoop's framing, lengths big endian before each; without it, one block.
func unHadoopLz4(dst, b []byte, size int) ([]byte, error) {
	whole, out := b, []byte(nil)
	for len(b) >= 8 {
		plain, packed := int(binary.BigEndian.Uint32(b)), int(binary.BigEndian.Uint32(b[4:]))
		if packed > len(b)-8 || plain > size-len(out) {
			return unLz4(dst, whole, size)
		}
		part, err := unLz4(nil, b[8:8+packed], plain)
		if err != nil {
			return unLz4(dst, whole, size)
		}
		out, b = append(out, part...), b[8+packed:]
	}
	if len(out) != size {
		return unLz4(dst, whole, size)
	}
	return out, nil
}

// compress gives b compressed, in the memory of dst where that suffices.
func (c Codec) compress(dst, b []byte) ([]byte, error) {
	switch c {
	case Snappy:
		return s2.EncodeSnappy(dst[:cap(dst)], b), nil
	case Gzip:
		out := bytes.NewBuffer(dst[:0])
		w := gzip.NewWriter(out)
		if _, err := w.Write(b); err != nil {
			return nil, err
		}
		err := w.Close()
		return out.Bytes(), err
	case Zstd:
		return zstdEncoder().EncodeAll(b, dst[:0]), nil
	case Lz4:
		bound := lz4.CompressBlockBound(len(b))
		if cap(dst) < bound {
			dst = make([]byte, bound)
		}
		var c lz4.Compressor
		n, err := c.CompressBlock(b, dst[:bound])
		if err == nil && n == 0 && len(b) > 0 {
			return lz4Literals(dst[:0], b), nil
		}
		return dst[:n], err
	}
	return b, nil
}

// lz4Literals is a block without matches, for bytes that cannot be compressed.
func lz4Literals(dst, b []byte) []byte {
	n := len(b)
	if n < 15 {
		return append(append(dst, byte(n)<<4), b...)
	}
	dst = append(dst, 15<<4)
	for n -= 15; n >= 255; n -= 255 {
		dst = append(dst, 255)
	}
	return append(append(dst, byte(n)), b...)
}
