package filesystem

import (
	"slices"

	"github.com/leatproject/leat/storage/source"
	"github.com/leatproject/leat/storage/vector"
)

// Op is how a Filter compares.
type Op int

// A column is compared with the first value of a filter, with any of them (In), or with nothing.
const (
	Equal Op = iota
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
	In
	IsNull
	IsNotNull
)

// Filter is something that is true of every row that the query wants. A source leaves out what it knows to hold no such row: the query
// still has to look at the rows that come.
type Filter struct {
	Column int // of the table
	Op     Op
	Values *vector.Vector // of the column's type, without NULL; nil for IsNull and IsNotNull
}

// boundsOf are the bounds, or the few values, that runtime filters have of columns.
func (s *Source) boundsOf(filters []source.Filter) (out []Filter) {
	for _, f := range filters {
		for i, c := range f.Columns {
			if c >= len(s.columns) {
				continue
			}
			column := s.columns[c]
			values, exact := f.Bounds(i, s.table.fields[column].Type)
			switch {
			case values == nil:
			case exact:
				out = append(out, Filter{Column: column, Op: In, Values: values})
			default:
				least, greatest := vector.New(values.Type, 0), vector.New(values.Type, 0)
				least.AppendRange(values, 0, 1)
				greatest.AppendRange(values, 1, 2)
				out = append(out, Filter{Column: column, Op: GreaterOrEqual, Values: least}, Filter{Column: column, Op: LessOrEqual, Values: greatest})
			}
		}
	}
	return out
}

// bounds are what is known of the values of a column in a partition, a file or a row group.
type bounds struct {
	min, max *vector.Vector // of one row; nil: unknown
	nulls    int64          // -1: unknown
	rows     int64
}

// excludedBy says whether a filter excludes all rows of which bounds are known by column.
func excludedBy(filters []Filter, known func(column int) bounds) bool {
	return slices.ContainsFunc(filters, func(f Filter) bool { return f.excludes(known(f.Column)) })
}

// excludes says whether no row within the bounds can pass.
func (f *Filter) excludes(b bounds) bool {
	switch {
	case f.Op == IsNull:
		return b.nulls == 0
	case b.rows > 0 && b.nulls == b.rows:
		return true
	case f.Op == IsNotNull || b.min == nil || b.max == nil:
		return false
	}
	for i := range f.Values.Len() {
		if !f.outside(b, i) {
			return false
		}
	}
	return true
}

func (f *Filter) outside(b bounds, i int) bool {
	toMin, toMax := compare(f.Values, i, b.min, 0), compare(f.Values, i, b.max, 0)
	switch f.Op {
	case Less:
		return toMin <= 0
	case LessOrEqual:
		return toMin < 0
	case Greater:
		return toMax >= 0
	case GreaterOrEqual:
		return toMax > 0
	}
	return toMin < 0 || toMax > 0
}
