package parquet

import (
	"encoding/binary"

	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// dictionary is the dictionary of a column chunk, as values of the wanted type. Some writers leave an empty one out.
type dictionary struct {
	page   []byte // the page as it was read
	known  bool   // whether there are values
	values vector.Vector
	texts  []textEntry
}

// textEntry is where the text of an entry is in the page.
type textEntry struct{ at, length int32 }

// emptied is a dictionary without entries in the same memory.
func (d *dictionary) emptied() dictionary {
	return dictionary{page: d.page, values: d.values, texts: d.texts[:0]}
}

// ofTexts finds the texts of a dictionary in its page.
func (d *dictionary) ofTexts(from *values, n int) error {
	d.texts = sized(d.texts, n)
	at, size := 0, from.width
	for i := range d.texts {
		if from.physical == physicalBytes {
			if len(d.page)-at < 4 {
				return from.cut(n - i)
			}
			size = int(binary.LittleEndian.Uint32(d.page[at:]))
			at += 4
		}
		if size > len(d.page)-at {
			return corrupt("a text of %d bytes is cut off", size)
		}
		d.texts[i] = textEntry{int32(at), int32(size)}
		at += size
	}
	d.page = append(d.page, make([]byte, vector.TextPadding)...)
	return nil
}

// gatherTexts sets the next rows of variable width to entries: where each ends, and their bytes behind those of data.
func (d *dictionary) gatherTexts(ends []int32, data []byte, places []int32) ([]byte, error) {
	texts, page, at := d.texts, d.page, len(data)
	data = data[:cap(data)]
	ends = ends[:len(places)]
	for i, p := range places {
		if uint(uint32(p)) >= uint(len(texts)) {
			return data[:at], d.missing(places)
		}
		e := texts[uint32(p)]
		n := int(e.length)
		if n <= vector.TextPadding && len(data)-at >= vector.TextPadding {
			*(*[vector.TextPadding]byte)(data[at:]) = *(*[vector.TextPadding]byte)(page[e.at:])
		} else {
			var err error
			if data, err = room(data, at, n); err != nil {
				return data[:at], err
			}
			copy(data[at:], page[e.at:e.at+e.length])
		}
		at += n
		ends[i] = int32(at)
	}
	return data[:at], nil
}

// missing is the error about an entry that does not exist.
func (d *dictionary) missing(places []int32) error {
	entries := len(d.texts)
	if d.known {
		entries = d.values.Len()
	}
	for _, p := range places {
		if int(uint32(p)) >= entries {
			return corrupt("entry %d of a dictionary of %d", uint32(p), entries)
		}
	}
	return nil
}

// gather sets rows of fixed width to entries.
func (d *dictionary) gather(v *vector.Vector, at int, places []int32) error {
	if !d.known {
		return d.missing(places)
	}
	found := false
	switch vector.Width(v.Type) {
	case 1:
		found = pick(vector.Values[int8](v)[at:], vector.Values[int8](&d.values), places)
	case 2:
		found = pick(vector.Values[int16](v)[at:], vector.Values[int16](&d.values), places)
	case 4:
		found = pick(vector.Values[int32](v)[at:], vector.Values[int32](&d.values), places)
	case 8:
		found = pick(vector.Values[int64](v)[at:], vector.Values[int64](&d.values), places)
	default:
		found = pick(vector.Values[decimal.Int128](v)[at:], vector.Values[decimal.Int128](&d.values), places)
	}
	if !found {
		return d.missing(places)
	}
	if vector.HasNanos(v.Type) {
		pick(v.Nanos[at:], d.values.Nanos, places)
	}
	return nil
}

// pick says whether all entries exist.
func pick[T any](to, from []T, places []int32) bool {
	to = to[:len(places)]
	for i, p := range places {
		if uint(uint32(p)) >= uint(len(from)) {
			return false
		}
		to[i] = from[uint32(p)]
	}
	return true
}
