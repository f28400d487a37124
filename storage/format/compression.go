package format

import (
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"
	"path"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Compression is how the bytes of a file are compressed. A compressed file is read from its beginning only.
type Compression string

// The compressions, each named by its file extension.
const (
	None Compression = ""
	Gzip Compression = ".gz"
	Zstd Compression = ".zst"
	// Snappy is framed, as the snzip tool writes it; Hadoop's blocks are not.
	Snappy Compression = ".snappy"
	Lz4    Compression = ".lz4"
	Bzip2  Compression = ".bz2" // for reading only
)

// CompressionOf tells from the extension of a file how it is compressed.
func CompressionOf(file string) Compression {
	switch c := Compression(path.Ext(file)); c {
	case Gzip, Zstd, Snappy, Lz4, Bzip2:
		return c
	}
	return None
}

// CompressionBy tells from the first bytes of a file how it is compressed, if it is in a way that no text begins.
func CompressionBy(head []byte) Compression {
	for c, mark := range map[Compression]string{
		Gzip: "\x1f\x8b", Zstd: "\x28\xb5\x2f\xfd", Lz4: "\x04\x22\x4d\x18", Snappy: "\xff\x06\x00\x00sNaPpY",
	} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return c
		}
	}
	return None
}

// NewReader returns a reader of the uncompressed bytes of r. Files of several members (gzip, bzip2) or frames (zstd) are
// read through. Closing it does not close r.
func (c Compression) NewReader(r io.Reader) (io.ReadCloser, error) {
	switch c {
	case None:
		return io.NopCloser(r), nil
	case Gzip:
		return gzip.NewReader(r)
	case Zstd:
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case Snappy:
		return io.NopCloser(s2.NewReader(r)), nil
	case Lz4:
		return io.NopCloser(lz4.NewReader(r)), nil
	case Bzip2:
		return io.NopCloser(bzip2.NewReader(r)), nil
	}
	return nil, fmt.Errorf("unknown compression %q; known are %s, %s, %s, %s and %s", string(c), Gzip, Zstd, Snappy, Lz4, Bzip2)
}

// Writable is an error that says what can be written where this cannot.
func (c Compression) Writable() error {
	switch c {
	case None, Gzip, Zstd, Snappy, Lz4:
		return nil
	}
	return fmt.Errorf("cannot write compression %q; use %s, %s, %s, %s or none", string(c), Gzip, Zstd, Snappy, Lz4)
}

// NewWriter returns a writer that compresses to w; its Close completes the compressed data and leaves w open.
func (c Compression) NewWriter(w io.Writer) (io.WriteCloser, error) {
	switch c {
	case None:
		return nopCloser{w}, nil
	case Gzip:
		return gzip.NewWriter(w), nil
	case Zstd:
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	case Snappy:
		return s2.NewWriter(w, s2.WriterSnappyCompat(), s2.WriterConcurrency(1)), nil
	case Lz4:
		return lz4.NewWriter(w), nil
	}
	return nil, c.Writable()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
