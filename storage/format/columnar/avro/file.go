package avro

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/leatproject/leat/storage/format/columnar"
)

// ErrCorrupt is in every error that says that a file is damaged.
var ErrCorrupt = errors.New("avro file is damaged")

// Error says that a file cannot be read, and why.
type Error struct {
	Path   string
	Column string // empty: all
	Err    error
}

// Error implements error.
func (e *Error) Error() string {
	place := e.Path
	if e.Column != "" {
		place += ": column " + e.Column
	}
	return fmt.Sprintf("%s: %v", place, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s; write it again, or leave it out", ErrCorrupt, fmt.Sprintf(format, args...))
}

var magic = []byte("Obj\x01")

const (
	syncSize  = 16
	maxHeader = 64 << 20
	// MaxBlock is the longest block, in bytes, compressed or not.
	MaxBlock = 1 << 30
)

// File is a file that is read from its beginning.
type File struct {
	path   string
	in     input
	schema *node
	codec  string
	sync   [syncSize]byte
	fields []columnar.Field
	end    int64 // blocks whose marker before them begins here or later belong to others; 0: none do
}

// Open reads the header of a file.
func Open(from io.Reader, path string) (*File, error) {
	f := &File{path: path, in: input{from: from}}
	if err := f.header(); err != nil {
		return nil, &Error{Path: path, Err: short(err)}
	}
	for _, field := range f.schema.fields {
		t, _ := new(typer).sqlType(field.of)
		f.fields = append(f.fields, columnar.Field{Name: field.name, Type: t})
	}
	return f, nil
}

// short says of a file that ends too soon that it is damaged.
func short(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return corrupt("the file ends within it")
	}
	return err
}

func (f *File) header() error {
	head := make([]byte, len(magic))
	if err := f.in.full(head); err != nil {
		return err
	}
	if !bytes.Equal(head, magic) {
		return corrupt("it does not begin with Obj1: it is no Avro container file")
	}
	meta := map[string][]byte{}
	if err := f.metadata(meta); err != nil {
		return err
	}
	if err := f.in.full(f.sync[:]); err != nil {
		return err
	}
	if f.codec = string(meta["avro.codec"]); f.codec == "" {
		f.codec = "null"
	}
	if _, known := codecs[f.codec]; !known {
		return fmt.Errorf("codec %s cannot be read; write the file with snappy, zstandard, deflate or null", f.codec)
	}
	schema, err := parseSchema(meta["avro.schema"])
	if err != nil {
		return corrupt("%v", err)
	}
	f.schema = schema
	return nil
}

// metadata reads the blocks of a map of bytes.
func (f *File) metadata(meta map[string][]byte) error {
	for {
		n, err := f.in.long()
		if err != nil || n == 0 {
			return err
		}
		if n < 0 {
			n = -n
			if _, err := f.in.long(); err != nil {
				return err
			}
		}
		for ; n > 0; n-- {
			key, err := f.text()
			if err != nil {
				return err
			}
			if meta[string(key)], err = f.text(); err != nil {
				return err
			}
		}
	}
}

func (f *File) text() ([]byte, error) {
	n, err := f.in.long()
	if err != nil {
		return nil, err
	}
	if n < 0 || n > maxHeader || f.in.offset > maxHeader {
		return nil, corrupt("a text of %d bytes in the header", n)
	}
	var b bytes.Buffer
	_, err = io.CopyN(&b, &f.in, n) // what is not there takes no memory
	return b.Bytes(), err
}

// Fields are the columns of the file with the types that it tells.
func (f *File) Fields() []columnar.Field { return f.fields }

// appendLong writes a number.
func appendLong(dst []byte, v int64) []byte { return binary.AppendVarint(dst, v) }
