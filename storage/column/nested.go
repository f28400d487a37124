package column

import (
	"encoding/binary"
	"reflect"
	"unsafe"
)

// record is the coder of structs: the columns of its fields one after the other. The fields of structs within it are its own.
type record struct {
	fields []member
	least  int
}

type member struct {
	off   uintptr
	coder coder
	bits  int8 // of an integer, whose row is written without a call
}

func (c *record) add(off uintptr, field coder) {
	c.least += field.width()
	m := member{off: off, coder: field}
	switch f := field.(type) {
	case *record:
		for _, inner := range f.fields {
			inner.off += off
			c.fields = append(c.fields, inner)
		}
		return
	case fixed[uint32]:
		if f.canonical == nil {
			m.bits = 32
		}
	case fixed[uint64]:
		if f.canonical == nil {
			m.bits = 64
		}
	}
	c.fields = append(c.fields, m)
}

func (c *record) width() int { return c.least }

func (c *record) encode(e *encoder, v cells) {
	for _, f := range c.fields {
		w := v
		w.off += f.off
		f.coder.encode(e, w)
	}
}

func (c *record) decode(d *decoder, v cells) error {
	for _, f := range c.fields {
		w := v
		w.off += f.off
		if err := f.coder.decode(d, w); err != nil {
			return err
		}
	}
	return nil
}

func (c *record) appendRow(dst []byte, p unsafe.Pointer) []byte {
	for i := range c.fields {
		switch f := &c.fields[i]; f.bits {
		case 64:
			dst = binary.LittleEndian.AppendUint64(dst, *(*uint64)(unsafe.Add(p, f.off)))
		case 32:
			dst = binary.LittleEndian.AppendUint32(dst, *(*uint32)(unsafe.Add(p, f.off)))
		default:
			dst = f.coder.appendRow(dst, unsafe.Add(p, f.off))
		}
	}
	return dst
}

func (c *record) readRow(src []byte, p unsafe.Pointer) (rest []byte, err error) {
	for _, f := range c.fields {
		if src, err = f.coder.readRow(src, unsafe.Add(p, f.off)); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func (c *record) detach(p unsafe.Pointer) {
	for _, f := range c.fields {
		f.coder.detach(unsafe.Add(p, f.off))
	}
}

func (c *record) extra(p unsafe.Pointer, stride uintptr, n int) (bytes int) {
	for _, f := range c.fields {
		bytes += f.coder.extra(unsafe.Add(p, f.off), stride, n)
	}
	return bytes
}

// array is the coder of arrays: the columns of all elements, row after row.
type array struct {
	elem coder
	size uintptr
	n    int
}

func (c *array) width() int { return c.n * c.elem.width() }

// elements pushes the elements of v as runs and returns them with the mark to pop them to.
func (c *array) elements(s *scratch, v cells) (w cells, mark int) {
	mark = len(s.runs)
	for _, r := range v.runs {
		for i := range uintptr(r.n) {
			s.push(run{unsafe.Add(r.at, v.off+i*v.stride), c.n})
		}
	}
	return cells{runs: s.runs[mark:], stride: c.size, n: v.n * c.n}, mark
}

func (c *array) encode(e *encoder, v cells) {
	w, mark := c.elements(&e.scratch, v)
	c.elem.encode(e, w)
	e.pop(mark)
}

func (c *array) decode(d *decoder, v cells) error {
	w, mark := c.elements(&d.scratch, v)
	defer d.pop(mark)
	return c.elem.decode(d, w)
}

func (c *array) appendRow(dst []byte, p unsafe.Pointer) []byte {
	for i := range uintptr(c.n) {
		dst = c.elem.appendRow(dst, unsafe.Add(p, i*c.size))
	}
	return dst
}

func (c *array) readRow(src []byte, p unsafe.Pointer) (rest []byte, err error) {
	for i := range uintptr(c.n) {
		if src, err = c.elem.readRow(src, unsafe.Add(p, i*c.size)); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func (c *array) detach(p unsafe.Pointer) {
	for i := range uintptr(c.n) {
		c.elem.detach(unsafe.Add(p, i*c.size))
	}
}

func (c *array) extra(p unsafe.Pointer, stride uintptr, n int) (bytes int) {
	for i := range uintptr(c.n) {
		bytes += c.elem.extra(unsafe.Add(p, i*c.size), stride, n)
	}
	return bytes
}

// list is the coder of slices: their lengths, then the columns of all elements. The elements that a block decodes to share one
// allocation.
type list struct {
	elem  coder
	slice reflect.Type // []E
	size  uintptr
}

type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

func (c *list) width() int { return 1 }

// each is the number of elements, of n, that have to be visited: none if they have no size, for then corrupt input may announce two
// billion of them.
func (c *list) each(n int) uintptr {
	if c.size == 0 {
		return 0
	}
	return uintptr(n)
}

func (c *list) encode(e *encoder, v cells) {
	mark, lens, total := len(e.runs), e.lengths(v.n), 0
	at := 0
	for _, r := range v.runs {
		for i := range uintptr(r.n) {
			h := (*sliceHeader)(unsafe.Add(r.at, v.off+i*v.stride))
			lens[at] = 0
			if h.data != nil {
				lens[at] = h.len + 1
			}
			at++
			if h.len > 0 {
				e.push(run{h.data, h.len})
				total += h.len
			}
		}
	}
	e.appendLengths(lens)
	c.elem.encode(e, cells{runs: e.runs[mark:], stride: c.size, n: total})
	e.pop(mark)
}

func (c *list) decode(d *decoder, v cells) error {
	lens, err := d.readLengths(v.n)
	if err != nil {
		return err
	}
	total, err := d.total(lens, true, c.elem.width())
	if err != nil {
		return err
	}
	data := reflect.MakeSlice(c.slice, total, total).UnsafePointer()
	at, k := 0, 0
	for _, r := range v.runs {
		for i := range uintptr(r.n) {
			h := (*sliceHeader)(unsafe.Add(r.at, v.off+i*v.stride))
			n := lens[k] - 1
			k++
			switch {
			case n < 0:
				*h = sliceHeader{}
			case n == 0:
				*h = sliceHeader{data: data}
			default:
				*h = sliceHeader{unsafe.Add(data, uintptr(at)*c.size), n, n}
				at += n
			}
		}
	}
	mark := len(d.runs)
	defer d.pop(mark)
	d.push(run{data, total})
	return c.elem.decode(d, cells{runs: d.runs[mark:], stride: c.size, n: total})
}

func (c *list) appendRow(dst []byte, p unsafe.Pointer) []byte {
	h := (*sliceHeader)(p)
	if h.data == nil {
		return append(dst, 0)
	}
	dst = binary.AppendUvarint(dst, uint64(h.len)+1)
	for i := range c.each(h.len) {
		dst = c.elem.appendRow(dst, unsafe.Add(h.data, i*c.size))
	}
	return dst
}

func (c *list) readRow(src []byte, p unsafe.Pointer) ([]byte, error) {
	n, rest, err := readNullable(src, c.elem.width())
	if err != nil {
		return nil, err
	}
	h := (*sliceHeader)(p)
	if n < 0 {
		*h = sliceHeader{}
		return rest, nil
	}
	*h = sliceHeader{reflect.MakeSlice(c.slice, n, n).UnsafePointer(), n, n}
	for i := range c.each(n) {
		if rest, err = c.elem.readRow(rest, unsafe.Add(h.data, i*c.size)); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

func (c *list) detach(p unsafe.Pointer) {
	h := (*sliceHeader)(p)
	if h.data == nil {
		return
	}
	own := reflect.MakeSlice(c.slice, h.len, h.len)
	reflect.Copy(own, reflect.NewAt(c.slice, p).Elem())
	*h = sliceHeader{own.UnsafePointer(), h.len, h.len}
	for i := range c.each(h.len) {
		c.elem.detach(unsafe.Add(h.data, i*c.size))
	}
}

func (c *list) extra(p unsafe.Pointer, stride uintptr, n int) (bytes int) {
	for i := range uintptr(n) {
		if h := (*sliceHeader)(unsafe.Add(p, i*stride)); h.len > 0 {
			bytes += h.len*int(c.size) + c.elem.extra(h.data, c.size, h.len)
		}
	}
	return bytes
}

// pointer is the coder of pointers: a byte each that says whether it is nil, then the columns of those that are not. The targets
// that a block decodes to share one allocation.
type pointer struct {
	elem  coder
	to    reflect.Type
	slice reflect.Type // of targets
	size  uintptr
}

func (c *pointer) width() int { return 1 }

func (c *pointer) encode(e *encoder, v cells) {
	mark := len(e.runs)
	var out []byte
	e.dst, out = extend(e.dst, v.n)
	at := 0
	for _, r := range v.runs {
		for i := range uintptr(r.n) {
			q := *(*unsafe.Pointer)(unsafe.Add(r.at, v.off+i*v.stride))
			out[at] = 0
			if q != nil {
				out[at] = 1
				e.push(run{q, 1})
			}
			at++
		}
	}
	c.elem.encode(e, cells{runs: e.runs[mark:], stride: c.size, n: len(e.runs) - mark})
	e.pop(mark)
}

func (c *pointer) decode(d *decoder, v cells) error {
	present, err := d.take(v.n)
	if err != nil {
		return err
	}
	total := 0
	for _, b := range present {
		if b > 1 {
			return corrupt("%d says whether a pointer is nil", b)
		}
		total += int(b)
	}
	if w := c.elem.width(); w > 0 && total > len(d.src)/w {
		return corrupt("%d values wanted, %d bytes left", total, len(d.src))
	}
	data := reflect.MakeSlice(c.slice, total, total).UnsafePointer()
	at, k := uintptr(0), 0
	for _, r := range v.runs {
		for i := range uintptr(r.n) {
			var q unsafe.Pointer
			if present[k] == 1 {
				q = unsafe.Add(data, at*c.size)
				at++
			}
			k++
			*(*unsafe.Pointer)(unsafe.Add(r.at, v.off+i*v.stride)) = q
		}
	}
	mark := len(d.runs)
	defer d.pop(mark)
	d.push(run{data, total})
	return c.elem.decode(d, cells{runs: d.runs[mark:], stride: c.size, n: total})
}

func (c *pointer) appendRow(dst []byte, p unsafe.Pointer) []byte {
	q := *(*unsafe.Pointer)(p)
	if q == nil {
		return append(dst, 0)
	}
	return c.elem.appendRow(append(dst, 1), q)
}

func (c *pointer) readRow(src []byte, p unsafe.Pointer) ([]byte, error) {
	head, rest, err := takeRow(src, 1)
	if err != nil {
		return nil, err
	}
	switch head[0] {
	case 0:
		*(*unsafe.Pointer)(p) = nil
		return rest, nil
	case 1:
		q := reflect.New(c.to).UnsafePointer()
		*(*unsafe.Pointer)(p) = q
		return c.elem.readRow(rest, q)
	}
	return nil, corrupt("%d says whether a pointer is nil", head[0])
}

func (c *pointer) detach(p unsafe.Pointer) {
	q := *(*unsafe.Pointer)(p)
	if q == nil {
		return
	}
	own := reflect.New(c.to)
	own.Elem().Set(reflect.NewAt(c.to, q).Elem())
	*(*unsafe.Pointer)(p) = own.UnsafePointer()
	c.elem.detach(own.UnsafePointer())
}

func (c *pointer) extra(p unsafe.Pointer, stride uintptr, n int) (bytes int) {
	for i := range uintptr(n) {
		if q := *(*unsafe.Pointer)(unsafe.Add(p, i*stride)); q != nil {
			bytes += int(c.size) + c.elem.extra(q, c.size, 1)
		}
	}
	return bytes
}
