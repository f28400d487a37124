package format

import (
	"compress/bzip2"
	"fmt"
	"io"
	"path"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compression is how the bytes of a file are compressed. A compressed file is read from its beginning only.
type Compression string

// The compressions, each named by its file extension.
const (
	None  Compression = ""
	Gzip  Compression = ".gz"
	Zstd  Compression = ".zst"
	Bzip2 Compression = ".bz2" // for reading only
)

// CompressionOf tells from the extension of a file how it is compressed.
func CompressionOf(file string) Compression {
	switch c := Compression(path.Ext(file)); c {
	case Gzip, Zstd, Bzip2:
		return c
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
	case Bzip2:
		return io.NopCloser(bzip2.NewReader(r)), nil
	}
	return nil, fmt.Errorf("unknown compression %q; known are %s, %s and %s", string(c), Gzip, Zstd, Bzip2)
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
	}
	return nil, fmt.Errorf("files cannot be written with compression %q; use %s, %s or none", string(c), Gzip, Zstd)
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
