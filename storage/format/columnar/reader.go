package columnar

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Field is a column of a table: what stands under its name in each row of a file.
type Field struct {
	Name string
	Type datatype.Type
	// Parts are what is wanted of a ROW; the fields that are not are NULL. Formats may read more.
	Parts datatype.Parts
}

// Reader reads the rows of one input, in order. One goroutine owns it.
type Reader interface {
	// Read sets b, which has a column for each wanted one, to the next rows, at least one and at most limit. At the end it returns
	// io.EOF, possibly with the last rows.
	Read(b *vector.Batch, limit int) error
	// Offset is where the next record begins: its byte offset in the uncompressed input, or its number where the format counts
	// records and not bytes.
	Offset() int64
}

// Writer writes rows to one file. One goroutine owns it. It writes to an io.Writer that it is made with and does not close it.
type Writer interface {
	// Write takes the rows of b that its selection names; the columns are those of the table that the writer was made for.
	Write(b *vector.Batch) error
	// Size is about how many bytes the file would have if it were finished now.
	Size() int64
	// Close completes the file.
	Close() error
}

// Find is the place of a column by its name: exactly, or else without regard to case.
func Find(names []string, name string) int {
	folded := -1
	for i, n := range names {
		if n == name {
			return i
		}
		if folded < 0 && strings.EqualFold(n, name) {
			folded = i
		}
	}
	return folded
}

// Prepare makes the columns of b vectors of the fields' types for so many rows.
func Prepare(b *vector.Batch, fields []Field, rows int) {
	b.Length, b.Selection = rows, nil
	for len(b.Columns) < len(fields) {
		b.Columns = append(b.Columns, new(vector.Vector))
	}
	b.Columns = b.Columns[:len(fields)]
	for i, f := range fields {
		b.Columns[i].Reset(f.Type, rows)
		leaveOut(b.Columns[i], f.Parts)
	}
}

// leaveOut makes the fields of a ROW NULL that nobody wants.
func leaveOut(v *vector.Vector, parts datatype.Parts) {
	if parts == nil {
		return
	}
	for k, c := range v.Children {
		if of, wanted := parts[k]; wanted {
			leaveOut(c, of)
		} else {
			c.SetAllNull()
		}
	}
}

// Truncate leaves the first rows of what Prepare has made.
func Truncate(b *vector.Batch, rows int) {
	for _, v := range b.Columns {
		v.Truncate(rows)
	}
	b.Length = rows
}

// CheckNull says which column, if any, has a NULL that its type excludes.
func CheckNull(b *vector.Batch, fields []Field) error {
	for i, f := range fields {
		if v := b.Columns[i]; f.Type.NotNull && v.Valid != nil {
			for row := range b.Length {
				if v.IsNull(row) {
					return fmt.Errorf("column %s is declared NOT NULL and has a NULL; declare it without NOT NULL", f.Name)
				}
			}
		}
	}
	return nil
}
