package csv

import (
	"slices"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/numbertext"
	"github.com/leatproject/leat/storage/vector"
)

// several reads records at the beginning of the view, column by column, into the rows from one on, and returns how many: all in view up to
// the first that is anything but the right number of good fields without quotes within.
func (r *reader) several(row, limit int) (rows int) {
	if r.escape != 0 || len(r.Buf) == 0 {
		return 0
	}
	c := r.index.records(&r.scanner, len(r.targets), limit, r.End)
	rows = c.count
	for place, t := range r.targets {
		if t >= 0 && rows > 0 {
			rows = r.column(t, &c, place, row, rows)
		}
	}
	for i := range r.columns {
		for k := c.count - 1; k >= rows; k-- {
			r.columns[i].Vector.Unset(row + k)
		}
	}
	r.index.take(&r.Window, &c, rows)
	return rows
}

// column reads the fields at one place of n records and returns how many are good.
func (r *reader) column(target int32, c *cut, place, row, n int) int {
	column := &r.columns[target]
	v := column.Vector
	switch t := v.Type; {
	case r.isChars[target]:
		return r.texts(v, c, place, row, n)
	case !r.leading:
	case t.Kind == datatype.KindBigInt:
		to := vector.Values[int64](v)[row:]
		for k := range n {
			start, end := c.value(k, place)
			var ok bool
			if to[k], ok = numbertext.Integer(c.text, start, end); !ok && !r.put(row+k, target, c, k, place) {
				return k
			}
		}
		return n
	case t.Kind == datatype.KindInt:
		to := vector.Values[int32](v)[row:]
		for k := range n {
			start, end := c.value(k, place)
			i, ok := numbertext.Integer(c.text, start, end)
			if to[k] = int32(i); (!ok || int64(int32(i)) != i) && !r.put(row+k, target, c, k, place) {
				return k
			}
		}
		return n
	case t.Kind == datatype.KindDecimal && t.Precision <= numbertext.MaxDigits:
		to, most := vector.Values[int64](v)[row:], int64(numbertext.Powers[t.Precision])
		for k := range n {
			start, end := c.value(k, place)
			d, ok := numbertext.Decimal(c.text, start, end, t.Scale)
			if to[k] = d; (!ok || d >= most || d <= -most) && !r.put(row+k, target, c, k, place) {
				return k
			}
		}
		return n
	}
	for k := range n {
		start, end := c.value(k, place)
		if r.leading && end > start && column.Lead(row+k, c.text, start) == end {
			continue
		}
		if !r.put(row+k, target, c, k, place) {
			return k
		}
	}
	return n
}

// texts is column of those that are as they stand there.
func (r *reader) texts(v *vector.Vector, c *cut, place, row, n int) int {
	offsets, data := v.Buffers(row)
	first, _ := c.field(0, 0)
	_, end := c.field(n-1, c.width-1)
	data = slices.Grow(data, end-first+vector.TextPadding)
	at, memory, last := len(data), data[:cap(data)], place == len(r.targets)-1
	for k := range n {
		start, end := c.field(k, place)
		if last && end > start && c.text[end-1] == '\r' {
			end--
		}
		quoted := int(c.text[start]) == c.quote
		if quoted {
			start, end = start+1, end-1
		}
		if r.hasNull && !quoted && end-start == len(r.null) && string(c.text[start:end]) == r.null {
			if v.Type.NotNull {
				n = k
				break
			}
			v.SetNull(row + k)
		} else {
			vector.CopyText(memory[at:], c.text[start:], end-start)
			at += end - start
		}
		offsets[k+1] = int32(at)
	}
	v.SetBuffers(row+n, memory[:at])
	return n
}

// put sets a row to the field at a place of the k-th record; false where that is not plain.
func (r *reader) put(row int, target int32, c *cut, k, place int) bool {
	start, end := c.field(k, place)
	if place == len(r.targets)-1 && end > start && c.text[end-1] == '\r' {
		end--
	}
	text, column := c.text[start:end], &r.columns[target]
	switch {
	case int(c.text[start]) == c.quote: // it is never NULL
		return column.Put(row, text[1:len(text)-1]) == nil
	case !r.isNull(target, text):
		return column.Put(row, text) == nil
	case column.Vector.Type.NotNull:
		return false
	}
	column.Vector.SetNull(row)
	return true
}
