package sql

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Table is a query that has not run yet.
type Table struct {
	env  *datastream.Environment
	node plan.Node
}

// Query is the table that a query gives. It reads what Execute has defined, and streams that were registered.
func Query(env *datastream.Environment, query string) (*Table, error) {
	n, err := sessionOf(env).Bind(env.Context(), query)
	if err != nil {
		return nil, err
	}
	return &Table{env, n}, nil
}

// Columns are the names of the columns.
func (t *Table) Columns() []string { return t.node.Schema().Names() }

// field is a part of a record that is a column.
type field struct {
	name   string
	offset uintptr
	value  columnValue
}

// fieldsOf are the columns of a record: of a struct its exported fields, named by the tag sql:"name" or as they are; else one, called f0.
func fieldsOf(t reflect.Type) ([]field, error) {
	if v, ok := values[t]; ok {
		return []field{{name: "f0", value: v}}, nil
	}
	if t.Kind() != reflect.Struct {
		return nil, unknownType(t)
	}
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("sql")
		if !f.IsExported() || f.Anonymous || len(f.Index) > 1 || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		v, ok := values[f.Type]
		if !ok {
			return nil, fmt.Errorf("field %s of %s: %w", f.Name, t, unknownType(f.Type))
		}
		fields = append(fields, field{name, f.Offset, v})
	}
	if len(fields) == 0 {
		return nil, fmt.Errorf("%s has no exported fields that could be columns", t)
	}
	return fields, nil
}

// ToStream makes records of the rows of a table: a column goes to the field of its name (see Register), or, where none has it, to the
// one of that name in any case. Columns and fields must be the same; a table of one column may become a stream of its values. A field
// that is no pointer cannot be NULL, which fails the job.
func ToStream[T any](t *Table) (*datastream.Stream[T], error) {
	fields, err := fieldsOf(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	columns := t.node.Schema()
	if len(columns) != len(fields) {
		return nil, fmt.Errorf("the table has %d columns (%s) and %s has %d fields: select the columns that it needs", len(columns),
			strings.Join(columns.Names(), ", "), reflect.TypeFor[T](), len(fields))
	}
	ordered := make([]field, len(columns))
	types := make([]datatype.Type, len(columns))
	for i, c := range columns {
		f, ok := fieldFor(fields, c.Name)
		if !ok {
			return nil, fmt.Errorf("%s has no field for column %s: name one by the tag `sql:%q`", reflect.TypeFor[T](), c.Name, c.Name)
		}
		ordered[i], types[i] = f, f.value.datatype()
	}
	s := sessionOf(t.env)
	rows, err := s.Stream(t.env.Context(), t.node, types)
	if err != nil {
		return nil, err
	}
	return datastream.StreamOf(rows, "ToStream", func(from *vector.Batch, out []T) error {
		if len(out) == 0 {
			return nil
		}
		base, size := unsafe.Pointer(unsafe.SliceData(out)), unsafe.Sizeof(out[0])
		for i, f := range ordered {
			if err := f.value.read(from.Columns[i], from, unsafe.Add(base, f.offset), size); err != nil {
				return fmt.Errorf("column %s: %w", columns[i].Name, err)
			}
		}
		return nil
	}), nil
}

func fieldFor(fields []field, name string) (field, bool) {
	if len(fields) == 1 && fields[0].name == "f0" {
		return fields[0], true
	}
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, f := range fields {
			if same(f.name, name) {
				return f, true
			}
		}
	}
	return field{}, false
}

// Register makes a stream a table of that name until the next job has been executed. Its columns are the exported fields of T, named
// by the tag sql:"name" or as they are, or one called f0. The stream must have an end.
func Register[T any](s *datastream.Stream[T], name string) error {
	fields, err := fieldsOf(reflect.TypeFor[T]())
	if err != nil {
		return err
	}
	columns := make(plan.Schema, len(fields))
	types := make([]datatype.Type, len(fields))
	for i, f := range fields {
		columns[i], types[i] = plan.Column{Name: f.name, Type: f.value.datatype()}, f.value.datatype()
	}
	rows := datastream.VectorsOf(s, "Register "+name, types, func(rows []T, to *vector.Batch) error {
		to.Length = len(rows)
		for i, f := range fields {
			to.Columns[i].Reset(types[i], len(rows))
			if len(rows) > 0 {
				f.value.write(unsafe.Add(unsafe.Pointer(unsafe.SliceData(rows)), f.offset), unsafe.Sizeof(rows[0]), to.Columns[i])
			}
			if to.Columns[i].Finish(); to.Columns[i].Overflowed() {
				return errors.New("the texts of one batch have more than 2 GiB: make them shorter")
			}
		}
		return nil
	})
	return sessionOf(s.Environment()).AddStream(name, columns, rows)
}
