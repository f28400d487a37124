package parquet

import (
	"fmt"
	"io"

	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// reader reads columns of some row groups of a file.
type reader struct {
	file    *File
	wanted  []columnar.Field
	columns []*assembly // of the wanted columns
	leaves  []*entries  // of all of them
	groups  []int
	kept    func(group int) ([]Range, error)
	at      int // the row group being read, in groups
	// The rows of it: the next one, how many there are, what of them is wanted and not read yet.
	row, rows int64
	ranges    []Range
	moved     bool  // whether the columns have to be told where the wanted rows end
	before    int64 // rows of the groups before

	sift   Sift         // Keep is nil: there is none
	sifted []bool       // by wanted column: it is one of the sift's
	keys   vector.Batch // the columns of the sift
}

// NewReader returns a reader of the wanted columns, by their names, of some row groups; it begins after so many of their rows. Of a ROW only
// the fields that the wanted type has are read. What it is given of f is not closed.
func NewReader(f *File, wanted []columnar.Field, groups []int, after int64) (columnar.Reader, error) {
	return NewPrunedReader(f, wanted, groups, after, func(int) ([]Range, error) { return nil, nil })
}

// NewPrunedReader does so with some rows of each row group only, which kept tells in ascending order; nil are all of them. Pages that have
// none of them are left out where the file has a page index.
func NewPrunedReader(f *File, wanted []columnar.Field, groups []int, after int64, kept func(group int) ([]Range, error)) (columnar.Reader, error) {
	r := &reader{file: f, wanted: wanted, groups: groups, kept: kept, at: -1}
	names := make([]string, len(f.fields))
	for i, field := range f.fields {
		names[i] = field.Name
	}
	for _, w := range wanted {
		at := columnar.Find(names, w.Name)
		if at < 0 {
			return nil, &Error{Path: f.Path, Group: -1, Column: w.Name, Err: fmt.Errorf("the file has no such column; it has %v", names)}
		}
		a, leaves, err := f.assemble(f.nodes[at], w.Type, r.leaves)
		if err != nil {
			return nil, &Error{Path: f.Path, Group: -1, Column: w.Name, Err: err}
		}
		r.columns, r.leaves = append(r.columns, a), leaves
	}
	for i, c := range spareChunks(len(r.leaves)) {
		r.leaves[i].chunk = c
	}
	return r, r.skip(after)
}

// leafOf is the leaf that is a column at the top by itself, or -1.
func (f *File) leafOf(name string) int {
	for i := range f.leaves {
		if l := &f.leaves[i]; l.top == name && !l.nested && !l.repeated {
			return i
		}
	}
	return -1
}

// skip leaves the first rows: whole row groups, and rows of the next.
func (r *reader) skip(rows int64) error {
	for r.at+1 < len(r.groups) {
		n := r.file.GroupRows(r.groups[r.at+1])
		if rows < n {
			break
		}
		rows -= n
		r.before += n
		r.at++
	}
	if rows == 0 {
		return nil
	}
	if more, err := r.next(); err != nil || !more {
		return err
	}
	if err := r.locate(); err != nil {
		return err
	}
	for len(r.ranges) > 0 && r.ranges[0].To <= rows {
		r.ranges = r.ranges[1:]
	}
	if len(r.ranges) > 0 {
		r.ranges[0].From = max(r.ranges[0].From, rows)
	}
	return r.seek()
}

// next begins the next row group.
func (r *reader) next() (bool, error) {
	r.before += r.rows
	r.row, r.rows = 0, 0
	if r.at+1 >= len(r.groups) {
		keepChunks(r.leaves)
		return false, nil
	}
	r.at++
	group := r.groups[r.at]
	r.rows = r.file.GroupRows(group)
	for _, e := range r.leaves {
		r.file.chunk(e.chunk, group, e.leaf, e.want, e.put)
	}
	var err error
	if r.ranges, err = r.kept(group); err != nil {
		return false, r.fail(err)
	}
	if r.ranges == nil {
		r.ranges = []Range{{0, r.rows}}
		return true, nil
	}
	return true, r.locate()
}

// locate reads where the pages of the row group are.
func (r *reader) locate() error {
	r.moved = true
	for _, e := range r.leaves {
		if err := e.chunk.begin(r.groups[r.at], e.leaf); err != nil {
			return r.fail(err)
		}
	}
	return nil
}

func (r *reader) fail(err error) error {
	group := r.groups[r.at]
	return &Error{Path: r.file.Path, Group: group, Offset: r.file.GroupStart(group), Err: fmt.Errorf("read the page index: %w", err)}
}

// Offset implements columnar.Reader: it counts rows, also those that were left out.
func (r *reader) Offset() int64 { return r.before + r.row }

// Read implements columnar.Reader.
func (r *reader) Read(b *vector.Batch, limit int) error {
	if r.sift.Keep != nil {
		return r.readSifted(b, limit)
	}
	if more, err := r.ready(); err != nil {
		return err
	} else if !more {
		columnar.Prepare(b, r.wanted, 0)
		columnar.Truncate(b, 0)
		return io.EOF
	}
	n := int(min(r.ranges[0].To-r.row, int64(limit)))
	columnar.Prepare(b, r.wanted, n)
	for i, a := range r.columns {
		v := b.Columns[i]
		if err := a.read(v, n); err != nil {
			columnar.Truncate(b, 0)
			return err
		}
		v.Finish()
	}
	r.advance(n)
	return r.checkNulls(b)
}

// ready goes to the next row that is wanted; more is false at the end.
func (r *reader) ready() (more bool, err error) {
	for {
		if err := r.seek(); err != nil {
			return false, err
		}
		if r.row < r.rows {
			return true, nil
		}
		if more, err := r.next(); !more || err != nil {
			return false, err
		}
	}
}

// advance leaves n rows that were read.
func (r *reader) advance(n int) {
	if r.row += int64(n); r.row == r.ranges[0].To {
		r.moved = true
	}
}

func (r *reader) checkNulls(b *vector.Batch) error {
	for i, v := range b.Columns {
		if v.Valid != nil && r.wanted[i].Type.NotNull {
			return r.columns[i].leaf.chunk.fail(errNull)
		}
	}
	return nil
}
