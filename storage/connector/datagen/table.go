package datagen

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/datatype"
)

// Field is a column of a table.
type Field struct {
	Name string
	Type datatype.Type
}

// Options are what a table gets beside its own options.
type Options struct {
	Now   time.Time   // what random timestamps count back from
	Clock clock.Clock // of rows-per-second
}

// Table is a table of rows that are made up. It is immutable.
type Table struct {
	fields  []field
	rows    int64
	rate    float64
	options Options
}

// Keys are the options of a table of these columns.
func Keys(fields []Field) []string {
	out := []string{"connector", "number-of-rows", "rows-per-second"}
	for _, f := range fields {
		for _, of := range fieldKeys {
			out = append(out, "fields."+f.Name+"."+of)
		}
	}
	return out
}

// Open reads the options of a table.
func Open(options map[string]string, fields []Field, o Options) (*Table, error) {
	t := &Table{rows: math.MaxInt64, options: o}
	known := Keys(fields)
	for _, key := range slices.Sorted(maps.Keys(options)) {
		if !slices.Contains(known, key) {
			return nil, fmt.Errorf("unknown option '%s' of connector datagen; options are\n%s", key, strings.Join(known, "\n"))
		}
	}
	if v, ok := options["number-of-rows"]; ok {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("option 'number-of-rows' = '%s': it is a number of rows", v)
		}
		t.rows = n
	}
	if v, ok := options["rows-per-second"]; ok {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("option 'rows-per-second' = '%s': it is a number of at least 1", v)
		}
		t.rate = float64(n)
	}
	for _, f := range fields {
		made, rows, err := newField(f, options, o.Now)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", f.Name, err)
		}
		t.fields, t.rows = append(t.fields, made), min(t.rows, rows)
	}
	if t.rows == math.MaxInt64 {
		return nil, fmt.Errorf("the table has no end, and queries need one: give it the option 'number-of-rows', or a column that is a sequence")
	}
	return t, nil
}

// Rows is how many rows the table has.
func (t *Table) Rows() int64 { return t.rows }
