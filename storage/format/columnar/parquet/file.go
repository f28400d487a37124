package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/leatproject/leat/storage/format/columnar"
)

// ErrCorrupt is in every error that says that a file is damaged.
var ErrCorrupt = errors.New("parquet file is damaged")

// Error says where a file cannot be read, and why.
type Error struct {
	Path   string
	Group  int    // the row group, from 0 on; -1: the file's metadata
	Column string // empty: none in particular
	Offset int64  // the byte in the file near which it was found: of a column, where the page begins
	Err    error
}

// Error implements error.
func (e *Error) Error() string {
	place := fmt.Sprintf("at byte %d", e.Offset)
	if e.Column != "" {
		place = "column " + e.Column
	}
	if e.Group >= 0 {
		place = fmt.Sprintf("row group %d, %s", e.Group, place)
		if e.Column != "" {
			place += fmt.Sprintf(", page at byte %d", e.Offset)
		}
	}
	return fmt.Sprintf("%s: %s: %v", e.Path, place, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s; write it again, or leave it out", ErrCorrupt, fmt.Sprintf(format, args...))
}

// maxFooter bounds what is read of a file before anything about it is known, in bytes.
const maxFooter = 256 << 20

var magic = []byte("PAR1")

// File is the metadata of a file. It is immutable and safe for concurrent use.
type File struct {
	Path   string
	at     io.ReaderAt
	size   int64
	meta   fileMetaData
	fields []columnar.Field // at the top
	nodes  []*node          // the same
	leaves []leaf
}

// Open reads the footer of a file of so many bytes.
func Open(at io.ReaderAt, size int64, path string) (*File, error) {
	f := &File{Path: path, at: at, size: size}
	fail := func(offset int64, err error) (*File, error) {
		return nil, &Error{Path: path, Group: -1, Offset: offset, Err: err}
	}
	if size < 12 {
		return fail(0, corrupt("%d bytes are too few for a Parquet file", size))
	}
	tail := make([]byte, min(size, 64<<10))
	if _, err := at.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return fail(size, err)
	}
	if string(tail[len(tail)-4:]) != string(magic) {
		return fail(size-4, corrupt("it does not end with PAR1: it is no Parquet file, or was cut off"))
	}
	length := int64(binary.LittleEndian.Uint32(tail[len(tail)-8:]))
	if length > size-12 || length > maxFooter {
		return fail(size-8, corrupt("a footer of %d bytes does not fit", length))
	}
	footer := tail[:len(tail)-8]
	if length > int64(len(footer)) {
		footer = make([]byte, length)
		if _, err := at.ReadAt(footer, size-8-length); err != nil {
			return fail(size-8-length, err)
		}
	}
	footer = footer[int64(len(footer))-length:]
	r := thriftReader{b: footer}
	f.meta = r.fileMetaData()
	if r.err != nil {
		return fail(size-8-length, corrupt("%v", r.err))
	}
	if err := f.check(size); err != nil {
		return fail(size-8-length, err)
	}
	return f, nil
}

// check checks what the footer says against itself and the size of the file.
func (f *File) check(size int64) error {
	if err := f.readSchema(); err != nil {
		return err
	}
	var rows int64
	for g := range f.meta.rowGroups {
		group := &f.meta.rowGroups[g]
		if group.rows < 0 || len(group.columns) != len(f.leaves) {
			return corrupt("row group %d has %d rows and %d of %d columns", g, group.rows, len(group.columns), len(f.leaves))
		}
		if rows += group.rows; rows < 0 {
			return corrupt("too many rows")
		}
		for c := range group.columns {
			chunk, l := &group.columns[c], &f.leaves[c]
			start, _ := chunk.span()
			if start < 0 || chunk.size < 0 || start+chunk.size < 0 || start+chunk.size > size {
				return corrupt("column %s of row group %d is at bytes %d to %d of %d", l.name, g, start, start+chunk.size, size)
			}
			if chunk.physical != l.element.physical || chunk.values < 0 || !l.repeated && chunk.values != group.rows {
				return corrupt("column %s of row group %d has %d values of type %d", l.name, g, chunk.values, chunk.physical)
			}
		}
	}
	return nil
}

// span is where the pages of a chunk begin, those of its dictionary included, and end.
func (c *columnChunk) span() (start, end int64) {
	start = c.dataPage
	if c.dictionary > 0 && c.dictionary < start {
		start = c.dictionary
	}
	return start, start + c.size
}

// Fields are the columns of the file with the types that it tells.
func (f *File) Fields() []columnar.Field { return f.fields }

// Rows is the number of rows.
func (f *File) Rows() int64 {
	var n int64
	for i := range f.meta.rowGroups {
		n += f.meta.rowGroups[i].rows
	}
	return n
}

// RowGroups is the number of row groups.
func (f *File) RowGroups() int { return len(f.meta.rowGroups) }

// GroupRows is the number of rows of a row group.
func (f *File) GroupRows(group int) int64 { return f.meta.rowGroups[group].rows }

// GroupStart is the offset at which the pages of a row group begin.
func (f *File) GroupStart(group int) int64 {
	start := int64(0)
	for i, c := range f.meta.rowGroups[group].columns {
		if at, _ := c.span(); i == 0 || at < start {
			start = at
		}
	}
	return start
}

// ColumnBytes is the size of the columns of a name in all row groups, without compression.
func (f *File) ColumnBytes(name string) (n int64) {
	for i := range f.leaves {
		if f.leaves[i].top == name {
			for g := range f.meta.rowGroups {
				n += f.meta.rowGroups[g].columns[i].uncompressed
			}
		}
	}
	return n
}
