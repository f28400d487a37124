package filesystem

import (
	"fmt"
	"slices"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
)

// Field is a column of a table.
type Field = columnar.Field

// Table is files that are a table. It is immutable and safe for concurrent use.
type Table struct {
	settings   *settings
	fields     []Field
	partitions []int          // places of the partition keys among the fields
	stored     []int          // of the other columns, which the files hold
	metadata   map[int]string // keys of the columns that tell of the file of a row, by their places
}

// Narrowed is the table with a column of type ROW of which only some fields are read.
func (t *Table) Narrowed(column int, parts datatype.Parts) *Table {
	if parts == nil {
		return t
	}
	narrowed := *t
	narrowed.fields = slices.Clone(t.fields)
	narrowed.fields[column].Parts = parts
	return &narrowed
}

// Open checks options and schema of a table; it does not look at the files. The fields are the physical columns of the table in their
// order; partition keys are names among them, whose values are in the names of directories.
func Open(options map[string]string, fields []Field, partitionKeys []string) (*Table, error) {
	s, err := read(options)
	if err != nil {
		return nil, err
	}
	t := &Table{settings: s, fields: fields}
	isKey := map[int]bool{}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
		if err := columnar.Storable(f.Type); err != nil {
			return nil, fmt.Errorf("table of %s: column %s: %w", s.path, f.Name, err)
		}
	}
	for _, key := range partitionKeys {
		i := columnar.Find(names, key)
		if i < 0 {
			return nil, fmt.Errorf("table of %s: partition key %s is no column", s.path, key)
		}
		if isKey[i] {
			return nil, fmt.Errorf("table of %s: partition key %s is named twice", s.path, key)
		}
		isKey[i] = true
		t.partitions = append(t.partitions, i)
	}
	for i, f := range fields {
		if !isKey[i] {
			t.stored = append(t.stored, i)
		} else if err := columnar.TextType(f.Type); err != nil {
			return nil, fmt.Errorf("table of %s: partition key %s: %w", s.path, f.Name, err)
		}
	}
	if len(t.stored) == 0 && len(fields) > 0 {
		return nil, fmt.Errorf("table of %s: all columns are partition keys; files must hold at least one", s.path)
	}
	return t, nil
}
