package vector

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

// RowFormat makes rows of columns and columns of rows: for sorting, where whole rows move. A row has a bit for each column, set where
// it is NULL, the values of fixed width side by side, for each text where its bytes end, counted from the first of them, and the bytes
// of all texts. A nested value is the text that AppendValue makes of it. Rows live within a process: their bytes are trusted. A RowFormat belongs to one goroutine.
type RowFormat struct {
	types   []datatype.Type
	offsets []int // of each column's value in the row
	fixed   int   // bytes before those of texts
	ends    []int
	texts   []int // where the next text of a row goes
	all     []int32
	nested  []byte // the values of nested columns, one column behind the other
	cuts    []int  // where each of them ends
	next    int    // the first that is not written
}

// NewRowFormat is the format for columns of these types. It refuses types that have no vectors.
func NewRowFormat(types []datatype.Type) (*RowFormat, error) {
	f := &RowFormat{types: types, fixed: (len(types) + 7) / 8}
	for _, t := range types {
		f.offsets = append(f.offsets, f.fixed)
		switch {
		case isText(t) && Supported(t):
			f.fixed += 4
		case Supported(t):
			f.fixed += Width(t)
			if HasNanos(t) {
				f.fixed += 4
			}
		default:
			return nil, fmt.Errorf("rows with a column of type %s cannot be sorted yet: leave it out of what is sorted", t)
		}
	}
	return f, nil
}

// isText says whether a value is among the texts of a row.
func isText(t datatype.Type) bool { return Variable(t) || t.IsNested() }

// Append appends the rows of b that count to dst. ends, valid until the next call, says where each of them ends in what is returned.
func (f *RowFormat) Append(dst []byte, b *Batch) (_ []byte, ends []int) {
	rows := b.Selection
	if rows == nil {
		for i := len(f.all); i < b.Length; i++ {
			f.all = append(f.all, int32(i))
		}
		rows = f.all[:b.Length]
	}
	f.measure(b, rows, len(dst))
	total := len(dst)
	if len(rows) > 0 {
		total = f.ends[len(rows)-1]
	}
	start := len(dst)
	if cap(dst) < total {
		dst = append(make([]byte, 0, total), dst...)
	}
	dst = dst[:total]
	for c, v := range b.Columns {
		f.write(dst, start, c, v, rows)
	}
	return dst, f.ends
}

// measure sets ends, and texts to where the texts of each row begin.
func (f *RowFormat) measure(b *Batch, rows []int32, at int) {
	f.ends, f.texts = grow(f.ends, len(rows)), grow(f.texts, len(rows))
	for i := range f.ends {
		f.ends[i] = f.fixed
	}
	f.nested, f.cuts, f.next = f.nested[:0], f.cuts[:0], 0
	for _, v := range b.Columns {
		if v.Type.IsNested() {
			f.measureNested(v, rows)
		}
		if !Variable(v.Type) {
			continue
		}
		for i, r := range rows {
			at := v.At(int(r))
			f.ends[i] += int(v.offsets[at+1] - v.offsets[at])
		}
	}
	for i, n := range f.ends {
		f.texts[i] = at + f.fixed
		at += n
		f.ends[i] = at
	}
}

func (f *RowFormat) measureNested(v *Vector, rows []int32) {
	for i, r := range rows {
		old := len(f.nested)
		f.nested = v.AppendValue(f.nested, int(r))
		f.cuts = append(f.cuts, len(f.nested))
		f.ends[i] += len(f.nested) - old
	}
}

// value is the bytes of a row of type text, or the next of the nested ones.
func (f *RowFormat) value(v *Vector, row int32) []byte {
	if !v.Type.IsNested() {
		return v.Bytes(int(row))
	}
	from := 0
	if f.next > 0 {
		from = f.cuts[f.next-1]
	}
	f.next++
	return f.nested[from:f.cuts[f.next-1]]
}

func (f *RowFormat) write(dst []byte, start, c int, v *Vector, rows []int32) {
	f.writeNulls(dst, start, c, v, rows)
	if isText(v.Type) {
		for i, r := range rows {
			row := f.row(start, i)
			f.texts[i] += copy(dst[f.texts[i]:], f.value(v, r))
			binary.LittleEndian.PutUint32(dst[row+f.offsets[c]:], uint32(f.texts[i]-row-f.fixed))
		}
		return
	}
	switch Width(v.Type) {
	case 1:
		storeRows[int8](f, dst, start, c, v, rows)
	case 2:
		storeRows[int16](f, dst, start, c, v, rows)
	case 4:
		storeRows[int32](f, dst, start, c, v, rows)
	case 8:
		storeRows[int64](f, dst, start, c, v, rows)
	case 16:
		storeRows[decimal.Int128](f, dst, start, c, v, rows)
	}
	if HasNanos(v.Type) {
		for i, r := range rows {
			binary.LittleEndian.PutUint32(dst[f.row(start, i)+f.offsets[c]+8:], uint32(v.nanosAt(v.At(int(r)))))
		}
	}
}

// row is where row i begins.
func (f *RowFormat) row(start, i int) int {
	if i == 0 {
		return start
	}
	return f.ends[i-1]
}

func (f *RowFormat) writeNulls(dst []byte, start, c int, v *Vector, rows []int32) {
	at, bit := c/8, byte(1)<<(c%8)
	if bit == 1 {
		for i := range rows {
			dst[f.row(start, i)+at] = 0
		}
	}
	if v.Valid == nil {
		return
	}
	for i, r := range rows {
		if v.IsNull(int(r)) {
			dst[f.row(start, i)+at] |= bit
		}
	}
}

func storeRows[T Fixed](f *RowFormat, dst []byte, start, c int, v *Vector, rows []int32) {
	values, mask, row := Values[T](v), int32(v.Mask()), start
	for i, r := range rows {
		*(*T)(unsafe.Pointer(&dst[row+f.offsets[c]])) = values[r&mask]
		row = f.ends[i]
	}
}

// Read makes b, which has columns of the format's types, hold rows.
func (f *RowFormat) Read(b *Batch, rows []string) {
	b.Length, b.Selection = len(rows), nil
	for c, t := range f.types {
		v := b.Columns[c]
		v.Reset(t, len(rows))
		f.readNulls(v, c, rows)
		if isText(t) {
			f.readTexts(v, c, rows)
			continue
		}
		switch Width(t) {
		case 1:
			loadRows[int8](v, rows, f.offsets[c])
		case 2:
			loadRows[int16](v, rows, f.offsets[c])
		case 4:
			loadRows[int32](v, rows, f.offsets[c])
		case 8:
			loadRows[int64](v, rows, f.offsets[c])
		case 16:
			loadRows[decimal.Int128](v, rows, f.offsets[c])
		}
		if HasNanos(t) {
			for i, r := range rows {
				v.Nanos[i] = int32(word(r, f.offsets[c]+8))
			}
		}
	}
}

func (f *RowFormat) readNulls(v *Vector, c int, rows []string) {
	at, bit := c/8, byte(1)<<(c%8)
	for i, r := range rows {
		if r[at]&bit != 0 {
			v.SetNull(i)
		}
	}
}

func (f *RowFormat) readTexts(v *Vector, c int, rows []string) {
	before := -1 // the text column before this one
	for i := c - 1; i >= 0 && before < 0; i-- {
		if isText(f.types[i]) {
			before = f.offsets[i]
		}
	}
	for i, r := range rows {
		lo, hi := 0, int(word(r, f.offsets[c]))
		if before >= 0 {
			lo = int(word(r, before))
		}
		text := r[f.fixed+lo : f.fixed+hi]
		b := unsafe.Slice(unsafe.StringData(text), len(text))
		if !v.Type.IsNested() {
			v.PutBytes(i, b)
		} else if _, err := v.ReadValue(i, b); err != nil {
			panic(err) // rows are trusted
		}
	}
	v.Finish()
}

func word(r string, at int) uint32 {
	return uint32(r[at]) | uint32(r[at+1])<<8 | uint32(r[at+2])<<16 | uint32(r[at+3])<<24
}

func loadRows[T Fixed](v *Vector, rows []string, at int) {
	values := Values[T](v)
	for i, r := range rows {
		values[i] = *(*T)(unsafe.Pointer(unsafe.StringData(r[at:])))
	}
}
