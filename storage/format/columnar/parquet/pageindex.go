package parquet

import (
	"slices"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Range is rows of a row group, from one on up to another.
type Range struct{ From, To int64 }

// Page is what a file says of a page of a column: its rows, the least and the greatest value in vectors of one row, nil where that is not
// known, and the number of NULLs, -1 where it is not known.
type Page struct {
	Range
	Least, Greatest *vector.Vector
	Nulls           int64
}

// pageLocation is where a page is.
type pageLocation struct {
	offset, size int64
	row          int64 // the first
}

// columnIndex is what is known of the pages of a column chunk.
type columnIndex struct {
	nullPages []bool
	min, max  [][]byte
	nulls     []int64
	order     int
}

// maxIndex bounds the page index of a column chunk, in bytes.
const maxIndex = 16 << 20

// readIndex reads a part of the page index; nil where there is none, or what is there cannot be one.
func (f *File) readIndex(offset, size int64) ([]byte, error) {
	if offset <= 0 || size <= 0 || size > maxIndex || offset > f.size-size {
		return nil, nil
	}
	b := make([]byte, size)
	if n, err := f.at.ReadAt(b, offset); n < len(b) {
		return nil, err
	}
	return b, nil
}

// locations are those of the data pages of a column chunk; nil where the file does not tell them. An index that contradicts the rest of the
// file is not used: it is there to save work.
func (f *File) locations(group, leaf int) ([]pageLocation, error) {
	chunk := &f.meta.rowGroups[group].columns[leaf]
	b, err := f.readIndex(chunk.offsetIndex, chunk.offsetSize)
	if b == nil {
		return nil, err
	}
	r := thriftReader{b: b}
	pages := r.offsetIndex()
	if r.err != nil || len(pages) == 0 || pages[0].row != 0 {
		return nil, nil
	}
	at, end := chunk.span()
	for i, p := range pages {
		if p.offset < at || p.size <= 0 || p.size > end-p.offset || i > 0 && p.row <= pages[i-1].row || p.row >= f.GroupRows(group) {
			return nil, nil
		}
		at = p.offset + p.size
	}
	return pages, nil
}

// Pages are what the page index of a row group says of a column as values of a type; nil where there is none.
func (f *File) Pages(group int, name string, want datatype.Type) ([]Page, error) {
	at := f.leafOf(name)
	if at < 0 {
		return nil, nil
	}
	chunk := &f.meta.rowGroups[group].columns[at]
	b, err := f.readIndex(chunk.columnIndex, chunk.columnSize)
	if b == nil {
		return nil, err
	}
	r := thriftReader{b: b}
	index := r.columnIndex()
	places, err := f.locations(group, at)
	n := len(places)
	if err != nil || r.err != nil || n == 0 || len(index.nullPages) != n || len(index.min) != n || len(index.max) != n {
		return nil, err
	}
	e := &f.leaves[at].element
	put, err := storeFor(e, want)
	if err != nil || e.physical == physicalInt96 || e.isHalf() {
		return nil, nil
	}
	pages := make([]Page, n)
	for i := range pages {
		p := &pages[i]
		p.Range = Range{places[i].row, f.GroupRows(group)}
		if i+1 < n {
			p.To = places[i+1].row
		}
		if p.Nulls = -1; len(index.nulls) == n {
			p.Nulls = index.nulls[i]
		}
		if index.nullPages[i] {
			p.Nulls = p.To - p.From
			continue
		}
		p.Least, p.Greatest = bound(e, index.min[i], want, put), bound(e, index.max[i], want, put)
		if p.Least == nil || p.Greatest == nil {
			p.Least, p.Greatest = nil, nil
		}
	}
	return pages, nil
}

func (r *thriftReader) offsetIndex() (pages []pageLocation) {
	r.structure(func(id int, typ byte) {
		if id != 1 {
			r.skip(typ)
			return
		}
		r.list(func(byte) {
			var p pageLocation
			r.structure(func(id int, typ byte) {
				switch id {
				case 1:
					p.offset = r.int()
				case 2:
					p.size = r.int()
				case 3:
					p.row = r.int()
				default:
					r.skip(typ)
				}
			})
			pages = append(pages, p)
		})
	})
	return pages
}

func (r *thriftReader) columnIndex() (x columnIndex) {
	r.structure(func(id int, typ byte) {
		switch id {
		case 1:
			r.list(func(byte) { x.nullPages = append(x.nullPages, r.byte() == thriftTrue) })
		case 2:
			r.list(func(byte) { x.min = append(x.min, r.binary()) })
		case 3:
			r.list(func(byte) { x.max = append(x.max, r.binary()) })
		case 5:
			r.list(func(byte) { x.nulls = append(x.nulls, r.int()) })
		default:
			r.skip(typ)
		}
	})
	return x
}

// pageIndex is what a writer knows of the pages of a column chunk. Offsets are those within the pages of the chunk until it is written.
type pageIndex struct {
	pages     []pageLocation
	columns   columnIndex
	unbounded bool // whether there is a page whose bounds are not known
}

// add adds a page without bounds where it has only NULLs.
func (x *pageIndex) add(p pageLocation, least, most []byte, bounded bool, nulls int64, all bool) {
	x.pages = append(x.pages, p)
	c := &x.columns
	c.nullPages, c.nulls = append(c.nullPages, all), append(c.nulls, nulls)
	if all || !bounded {
		least, most = nil, nil
	}
	c.min, c.max = append(c.min, slices.Clone(least)), append(c.max, slices.Clone(most))
	x.unbounded = x.unbounded || !all && !bounded
}

// Orders of the bounds of pages.
const (
	unordered  = 0
	ascending  = 1
	descending = 2
)

// setOrder finds out whether the bounds of pages ascend or descend.
func (x *columnIndex) setOrder(compare func(a, b []byte) int) {
	up, down, last := true, true, -1
	for i, null := range x.nullPages {
		if null {
			continue
		}
		if last >= 0 {
			least, most := compare(x.min[last], x.min[i]), compare(x.max[last], x.max[i])
			up, down = up && least <= 0 && most <= 0, down && least >= 0 && most >= 0
		}
		last = i
	}
	switch x.order = unordered; {
	case up:
		x.order = ascending
	case down:
		x.order = descending
	}
}

func (x *columnIndex) encode() []byte {
	w := &thriftWriter{}
	w.begin()
	w.list(1, len(x.nullPages), thriftTrue, func(i int) {
		if x.nullPages[i] {
			w.b = append(w.b, thriftTrue)
		} else {
			w.b = append(w.b, thriftFalse)
		}
	})
	w.list(2, len(x.min), thriftBinary, func(i int) { w.bytes(x.min[i]) })
	w.list(3, len(x.max), thriftBinary, func(i int) { w.bytes(x.max[i]) })
	w.i32(4, int32(x.order))
	w.list(5, len(x.nulls), thriftI64, func(i int) { w.varint(x.nulls[i]) })
	w.end()
	return w.b
}

// encodeLocations writes where pages are, which begin at a place of the file.
func encodeLocations(pages []pageLocation, base int64) []byte {
	w := &thriftWriter{}
	w.begin()
	w.list(1, len(pages), thriftStruct, func(i int) {
		w.begin()
		w.i64(1, base+pages[i].offset)
		w.i32(2, int32(pages[i].size))
		w.i64(3, pages[i].row)
		w.end()
	})
	w.end()
	return w.b
}
