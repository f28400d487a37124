package operator

import (
	"fmt"
	"slices"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/runtimefilter"
	"github.com/leatproject/leat/storage/source"
	"github.com/leatproject/leat/storage/vector"
)

// SourceFilter is an input of a Source: rows of one column, each a part of a runtime filter as package runtimefilter writes it.
type SourceFilter struct {
	Columns []int // of the batches of the source
}

// Process implements Operator: it takes parts of a filter.
func (s *Source[T]) Process(in int, b *column.Batch) (bool, error) {
	defer b.Release()
	if in >= len(s.Filters) {
		return false, fmt.Errorf("source %q has no input %d", s.ctx.Name, in)
	}
	if s.parts == nil {
		s.parts = make([][]*runtimefilter.Filter, len(s.Filters))
	}
	v := column.Vectors(b)
	for i := range v.Rows() {
		row := i
		if v.Selection != nil {
			row = int(v.Selection[i])
		}
		f, err := runtimefilter.Decode(v.Columns[0].Bytes(row), len(s.Filters[in].Columns))
		if err != nil {
			return false, err
		}
		s.parts[in] = append(s.parts[in], f)
	}
	return false, nil
}

// EndInput implements Operator: when all filters are there, the source begins to read.
func (s *Source[T]) EndInput(int) (bool, error) {
	if s.ended++; s.ended < len(s.Filters) {
		return false, nil
	}
	for in, parts := range s.parts {
		if f := runtimefilter.Merge(parts); f.Drops() && len(parts) > 0 {
			s.ctx.Memory.Overdraw(f.Size())
			s.filtering += f.Size()
			s.filters = append(s.filters, source.Filter{Columns: s.Filters[in].Columns, Filter: f})
		}
	}
	s.parts = nil
	s.start()
	return false, nil
}

// sieve is a filter at work. It rests when it turns out to drop little.
type sieve struct {
	seen, kept int
	resting    bool
}

// A filter is judged by so many rows: it goes on if it drops one in so many.
const (
	sieveRows = 64 << 10
	sieveDrop = 8
)

// sieve leaves out the rows of a batch that the filters drop, which the reader may have done.
func (s *Source[T]) sieve(r *reading[T], b *column.Batch) {
	if len(s.filters) == 0 {
		return
	}
	rows := column.Vectors(b)
	if !r.sifted {
		rows.Selection = r.keep(s.filters, rows)
	}
	if n := rows.Rows(); rows.Selection != nil && n < rows.Length/sparseRows {
		gather(rows)
	}
}

// keep are the rows of a batch that filters leave of those that count.
func (r *reading[T]) keep(filters []source.Filter, rows *vector.Batch) []int32 {
	if r.sieves == nil {
		r.sieves = make([]sieve, len(filters))
	}
	counted, selection := rows.Rows(), rows.Selection
	for i, f := range filters {
		w, n := &r.sieves[i], counted
		if w.resting || n == 0 {
			continue
		}
		r.keys = r.keys[:0]
		for _, c := range f.Columns {
			r.keys = append(r.keys, rows.Columns[c])
		}
		var kept []int32
		kept, r.hashes = f.Select(nil, r.keys, n, selection, r.hashes)
		w.seen, w.kept = w.seen+n, w.kept+len(kept)
		w.resting = w.seen > sieveRows && w.seen-w.kept < w.seen/sieveDrop
		if len(kept) < n {
			selection, counted = kept, len(kept)
		}
	}
	return selection
}

// sieveOf is for a reader that uses filters itself.
func (r *reading[T]) sieveOf(filters []source.Filter) *source.Sieve {
	s := &source.Sieve{}
	for _, f := range filters {
		for _, c := range f.Columns {
			if !slices.Contains(s.Columns, c) {
				s.Columns = append(s.Columns, c)
			}
		}
	}
	s.Keep = func(b *vector.Batch) []int32 {
		r.sifted = true
		return r.keep(filters, b)
	}
	return s
}

// sparseRows is the part of the rows, one of so many, below which those that stay are copied together.
const sparseRows = 4

// gather copies the selected rows together.
func gather(b *vector.Batch) {
	for i, v := range b.Columns {
		if v.Constant {
			continue
		}
		dense := vector.New(v.Type, 0)
		dense.Append(v, b.Selection)
		b.Columns[i] = dense
	}
	b.Length, b.Selection = len(b.Selection), nil
}
