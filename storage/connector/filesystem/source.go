package filesystem

import (
	"context"
	"fmt"
	"slices"

	"github.com/leatproject/leat/storage/changelog"
	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/source"
	"github.com/leatproject/leat/storage/vector"
)

// Source reads columns of a table, as batches of vectors. It is immutable and safe for concurrent use.
type Source struct {
	table   *Table
	columns []int
	filters []Filter
	stored  []int // places, among the columns that files hold, of those that are wanted
	decoder decoder
}

var _ source.Source = (*Source)(nil)

// Source returns a source of some columns of the table, in that order; without any its batches have rows and no columns. What filters
// exclude is left out as far as it is known without reading it.
func (t *Table) Source(columns []int, filters ...Filter) (*Source, error) {
	s := &Source{table: t, columns: columns, filters: filters}
	for _, c := range columns {
		if c < 0 || c >= len(t.fields) {
			return nil, fmt.Errorf("table of %s has no column %d", t.settings.path, c)
		}
		if at := slices.Index(t.stored, c); at >= 0 {
			s.stored = append(s.stored, at)
		}
	}
	var err error
	if s.decoder, err = t.decoder(s.stored, filters); err != nil {
		return nil, fmt.Errorf("table of %s: %w", t.settings.path, err)
	}
	return s, nil
}

// Types are those of the columns of its batches.
func (s *Source) Types() []datatype.Type {
	types := make([]datatype.Type, len(s.columns))
	for i, c := range s.columns {
		types[i] = s.table.fields[c].Type
	}
	if s.Changes() {
		types = append(types, changelog.Type)
	}
	return types
}

// Changes says whether the rows are changes: then their batches have the hidden column of package changelog.
func (s *Source) Changes() bool { return s.table.settings.format == "debezium-json" }

// Boundedness implements source.Source.
func (s *Source) Boundedness() source.Boundedness {
	if s.table.settings.monitor > 0 {
		return source.Unbounded
	}
	return source.Bounded
}

// ReadsSuccessively implements source.Successive.
func (s *Source) ReadsSuccessively() {}

// NewEnumerator implements source.Source.
func (s *Source) NewEnumerator(context.Context, int) (source.Enumerator, error) {
	o := file.SourceOptions{SplitSize: s.table.settings.splitSize, Monitor: s.table.settings.monitor}
	if len(s.table.partitions) > 0 {
		o.Keep = s.keep
	}
	return file.NewEnumerator([]string{s.table.settings.path}, s.decoder.splittable(), o), nil
}

// keep says whether a file may hold rows that pass the filters, as far as its partition tells. What is wrong with the name of a
// partition is told when the file is read.
func (s *Source) keep(path string) bool {
	values, err := s.table.partitionOf(path)
	if err != nil {
		return true
	}
	return !excludedBy(s.filters, func(column int) bounds {
		at := slices.Index(s.table.partitions, column)
		switch {
		case at < 0:
			return bounds{nulls: -1}
		case values[at].IsNull(0):
			return bounds{nulls: 1, rows: 1}
		}
		return bounds{min: values[at], max: values[at], rows: 1}
	})
}

// NewReader implements source.Source.
func (s *Source) NewReader(_ context.Context, env source.Env) (source.Reader, error) {
	r := &reader{source: s, malformed: &malformed{settings: s.table.settings, env: env}, inner: vector.Batch{Columns: make([]*vector.Vector, len(s.stored)+1)}, decoder: s.decoder}
	if p, ok := s.decoder.(*parquetDecoder); ok && len(env.Filters) > 0 {
		p = p.with(s.table.storedFilters(s.boundsOf(env.Filters)))
		if env.Sieve != nil {
			p = p.sifting(s, env.Sieve)
		}
		r.decoder = p
	}
	return r, nil
}
