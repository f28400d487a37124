package avro

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/leatproject/leat/storage/format/lz77"
)

// codec is how blocks are compressed.
type codec struct {
	decompress func(dst, b []byte) ([]byte, error) // may use the memory of dst
	compress   func(b []byte) ([]byte, error)      // nil: it cannot be written
}

var codecs = map[string]codec{
	"null": {
		decompress: func(dst, b []byte) ([]byte, error) { return append(dst[:0], b...), nil },
		compress:   func(b []byte) ([]byte, error) { return b, nil },
	},
	"deflate":   {decompress: inflate, compress: deflate},
	"snappy":    {decompress: unsnap, compress: snap},
	"zstandard": {decompress: unzstd, compress: func(b []byte) ([]byte, error) { return zstdWriter().EncodeAll(b, nil), nil }},
	"bzip2":     {decompress: func(dst, b []byte) ([]byte, error) { return limited(dst, bzip2.NewReader(bytes.NewReader(b))) }},
}

var errTooLong = errors.New("it is longer than 1 GiB")

// limited reads all of a block.
func limited(dst []byte, r io.Reader) ([]byte, error) {
	out := bytes.NewBuffer(dst[:0])
	n, err := io.Copy(out, io.LimitReader(r, MaxBlock+1))
	if err == nil && n > MaxBlock {
		err = errTooLong
	}
	return out.Bytes(), err
}

func inflate(dst, b []byte) ([]byte, error) { return limited(dst, flate.NewReader(bytes.NewReader(b))) }

func deflate(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// unsnap reads a block of snappy, behind which the checksum of what it holds stands.
func unsnap(dst, b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, io.ErrUnexpectedEOF
	}
	b, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	n, err := lz77.SnappyLength(b)
	if err != nil {
		return nil, err
	}
	if n > MaxBlock || n > 64*len(b)+64 {
		return nil, errTooLong
	}
	out, err := lz77.Snappy(dst, b)
	if err == nil && crc32.ChecksumIEEE(out) != sum {
		err = errors.New("the checksum is wrong")
	}
	return out, err
}

func snap(b []byte) ([]byte, error) {
	return binary.BigEndian.AppendUint32(s2.EncodeSnappy(nil, b), crc32.ChecksumIEEE(b)), nil
}

var zstdReader = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(MaxBlock))
	if err != nil {
		panic(err) // the options are constant
	}
	return d
})

var zstdWriter = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // the options are constant
	}
	return e
})

func unzstd(dst, b []byte) ([]byte, error) { return zstdReader().DecodeAll(b, dst[:0]) }
