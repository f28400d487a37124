package column

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"unsafe"
)

// dictionary is the coder of maps: their lengths, then the columns of all keys and those of all values. It is the one coder that
// walks its values by reflection. Rows hold the entries in the order of their bytes.
type dictionary struct {
	key, value coder
	of         reflect.Type
	flat       bool // neither keys nor values hold anything outside the map
}

func (c *dictionary) width() int { return 1 }

func (c *dictionary) at(p unsafe.Pointer) reflect.Value { return reflect.NewAt(c.of, p).Elem() }

// columns makes room for n keys and n values.
func (c *dictionary) columns(n int) (keys, values reflect.Value) {
	return reflect.MakeSlice(reflect.SliceOf(c.of.Key()), n, n), reflect.MakeSlice(reflect.SliceOf(c.of.Elem()), n, n)
}

func (c *dictionary) encode(e *encoder, v cells) {
	lens, total, at := e.lengths(v.n), 0, 0
	for _, r := range v.runs {
		for i := range uintptr(r.n) {
			m := c.at(unsafe.Add(r.at, v.off+i*v.stride))
			lens[at] = 0
			if !m.IsNil() {
				lens[at] = m.Len() + 1
			}
			at++
			total += m.Len()
		}
	}
	e.appendLengths(lens)
	keys, values := c.columns(total)
	at = 0
	for _, r := range v.runs {
		for i := range uintptr(r.n) {
			for iter := c.at(unsafe.Add(r.at, v.off+i*v.stride)).MapRange(); iter.Next(); at++ {
				keys.Index(at).SetIterKey(iter)
				values.Index(at).SetIterValue(iter)
			}
		}
	}
	mark := len(e.runs)
	e.push(run{keys.UnsafePointer(), total})
	e.push(run{values.UnsafePointer(), total})
	k, w := e.runs[mark:mark+1], e.runs[mark+1:mark+2]
	c.key.encode(e, cells{runs: k, stride: c.of.Key().Size(), n: total})
	c.value.encode(e, cells{runs: w, stride: c.of.Elem().Size(), n: total})
	e.pop(mark)
}

func (c *dictionary) decode(d *decoder, v cells) error {
	shared, err := d.readLengths(v.n)
	if err != nil {
		return err
	}
	total, err := d.total(shared, true, c.key.width()+c.value.width())
	if err != nil {
		return err
	}
	lens := slices.Clone(shared)
	keys, values := c.columns(total)
	mark := len(d.runs)
	defer d.pop(mark)
	d.push(run{keys.UnsafePointer(), total})
	d.push(run{values.UnsafePointer(), total})
	k, w := d.runs[mark:mark+1], d.runs[mark+1:mark+2]
	if err := c.key.decode(d, cells{runs: k, stride: c.of.Key().Size(), n: total}); err != nil {
		return err
	}
	if err := c.value.decode(d, cells{runs: w, stride: c.of.Elem().Size(), n: total}); err != nil {
		return err
	}
	at := 0
	for _, r := range v.runs {
		for i := range uintptr(r.n) {
			m := c.at(unsafe.Add(r.at, v.off+i*v.stride))
			n := lens[0] - 1
			lens = lens[1:]
			if n < 0 {
				m.SetZero()
				continue
			}
			m.Set(reflect.MakeMapWithSize(c.of, n))
			for range n {
				m.SetMapIndex(keys.Index(at), values.Index(at))
				at++
			}
		}
	}
	return nil
}

func (c *dictionary) appendRow(dst []byte, p unsafe.Pointer) []byte {
	m := c.at(p)
	if m.IsNil() {
		return append(dst, 0)
	}
	dst = binary.AppendUvarint(dst, uint64(m.Len())+1)
	key, value := reflect.New(c.of.Key()), reflect.New(c.of.Elem())
	var all []byte
	ends := make([]int, 0, m.Len())
	for iter := m.MapRange(); iter.Next(); {
		key.Elem().SetIterKey(iter)
		value.Elem().SetIterValue(iter)
		all = c.value.appendRow(c.key.appendRow(all, key.UnsafePointer()), value.UnsafePointer())
		ends = append(ends, len(all))
	}
	entries, from := make([][]byte, len(ends)), 0
	for i, end := range ends {
		entries[i], from = all[from:end], end
	}
	slices.SortFunc(entries, bytes.Compare)
	for _, entry := range entries {
		dst = append(dst, entry...)
	}
	return dst
}

func (c *dictionary) readRow(src []byte, p unsafe.Pointer) ([]byte, error) {
	n, rest, err := readNullable(src, c.key.width()+c.value.width())
	if err != nil {
		return nil, err
	}
	m := c.at(p)
	if n < 0 {
		m.SetZero()
		return rest, nil
	}
	m.Set(reflect.MakeMapWithSize(c.of, n))
	key, value := reflect.New(c.of.Key()), reflect.New(c.of.Elem())
	for range n {
		if rest, err = c.key.readRow(rest, key.UnsafePointer()); err != nil {
			return nil, err
		}
		if rest, err = c.value.readRow(rest, value.UnsafePointer()); err != nil {
			return nil, err
		}
		m.SetMapIndex(key.Elem(), value.Elem())
		value.Elem().SetZero()
	}
	return rest, nil
}

func (c *dictionary) detach(p unsafe.Pointer) {
	m := c.at(p)
	if m.IsNil() {
		return
	}
	own := reflect.MakeMapWithSize(c.of, m.Len())
	key, value := reflect.New(c.of.Key()), reflect.New(c.of.Elem())
	for iter := m.MapRange(); iter.Next(); {
		key.Elem().SetIterKey(iter)
		value.Elem().SetIterValue(iter)
		c.key.detach(key.UnsafePointer())
		c.value.detach(value.UnsafePointer())
		own.SetMapIndex(key.Elem(), value.Elem())
	}
	m.Set(own)
}

func (c *dictionary) extra(p unsafe.Pointer, stride uintptr, n int) int {
	return sampled(p, stride, n, c.extraOf)
}

// extraOf is extra of one value.
func (c *dictionary) extraOf(p unsafe.Pointer) int {
	m := c.at(p)
	n := m.Len() * int(c.of.Key().Size()+c.of.Elem().Size())
	if c.flat || n == 0 {
		return n
	}
	key, value := reflect.New(c.of.Key()), reflect.New(c.of.Elem())
	for iter := m.MapRange(); iter.Next(); {
		key.Elem().SetIterKey(iter)
		value.Elem().SetIterValue(iter)
		n += c.key.extra(key.UnsafePointer(), 0, 1) + c.value.extra(value.UnsafePointer(), 0, 1)
	}
	return n
}
