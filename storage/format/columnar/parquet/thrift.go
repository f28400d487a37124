package parquet

import (
	"encoding/binary"
	"errors"
)

// Types of Thrift's compact protocol.
const (
	thriftTrue = iota + 1
	thriftFalse
	thriftByte
	thriftI16
	thriftI32
	thriftI64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
)

var errThrift = errors.New("metadata is damaged")

// maxDepth bounds the nesting of structures.
const maxDepth = 32

// thriftReader reads Thrift's compact protocol. After an error all it gives is zero.
type thriftReader struct {
	b     []byte
	err   error
	depth int
}

func (r *thriftReader) fail() { r.err, r.b = errThrift, nil }

func (r *thriftReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *thriftReader) int() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (r *thriftReader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *thriftReader) binary() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

// structure calls field for each field of a structure, which has to read or skip it.
func (r *thriftReader) structure(field func(id int, typ byte)) {
	if r.depth++; r.depth > maxDepth {
		r.fail()
	}
	for id := 0; r.err == nil; {
		head := r.byte()
		if head == 0 {
			break
		}
		if delta := int(head >> 4); delta > 0 {
			id += delta
		} else {
			id = int(r.int())
		}
		field(id, head&15)
	}
	r.depth--
}

// list calls element for each element of a list, which has to read or skip it.
func (r *thriftReader) list(element func(typ byte)) {
	head := r.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = r.uvarint()
	}
	if n > uint64(len(r.b)) {
		r.fail()
		return
	}
	for i := uint64(0); i < n && r.err == nil; i++ {
		element(head & 15)
	}
}

// skip leaves a field of a type.
func (r *thriftReader) skip(typ byte) {
	switch typ {
	case thriftTrue, thriftFalse:
	case thriftByte:
		r.byte()
	case thriftI16, thriftI32, thriftI64:
		r.uvarint()
	case thriftDouble:
		if len(r.b) < 8 {
			r.fail()
			return
		}
		r.b = r.b[8:]
	case thriftBinary:
		r.binary()
	case thriftList, thriftSet:
		r.list(r.skipElement)
	case thriftMap:
		if n := r.uvarint(); n > 0 {
			types := r.byte()
			for i := uint64(0); i < n && r.err == nil; i++ {
				r.skipElement(types >> 4)
				r.skipElement(types & 15)
			}
		}
	case thriftStruct:
		r.structure(func(_ int, typ byte) { r.skip(typ) })
	default:
		r.fail()
	}
}

// skipElement leaves an element of a list, where booleans are bytes.
func (r *thriftReader) skipElement(typ byte) {
	if typ == thriftTrue || typ == thriftFalse {
		typ = thriftByte
	}
	r.skip(typ)
}

// thriftWriter writes Thrift's compact protocol. Fields of a structure are written in ascending order.
type thriftWriter struct {
	b    []byte
	last []int
}

func (w *thriftWriter) begin() { w.last = append(w.last, 0) }

func (w *thriftWriter) end() {
	w.b = append(w.b, 0)
	w.last = w.last[:len(w.last)-1]
}

func (w *thriftWriter) field(id int, typ byte) {
	at := &w.last[len(w.last)-1]
	w.b = append(w.b, byte(id-*at)<<4|typ)
	*at = id
}

func (w *thriftWriter) i32(id int, v int32) {
	w.field(id, thriftI32)
	w.varint(int64(v))
}

func (w *thriftWriter) i64(id int, v int64) {
	w.field(id, thriftI64)
	w.varint(v)
}

func (w *thriftWriter) bool(id int, v bool) {
	if v {
		w.field(id, thriftTrue)
	} else {
		w.field(id, thriftFalse)
	}
}

func (w *thriftWriter) binary(id int, v []byte) {
	w.field(id, thriftBinary)
	w.bytes(v)
}

func (w *thriftWriter) bytes(v []byte) { w.b = append(binary.AppendUvarint(w.b, uint64(len(v))), v...) }

func (w *thriftWriter) varint(v int64) { w.b = binary.AppendVarint(w.b, v) }

func (w *thriftWriter) structure(id int, fields func()) {
	w.field(id, thriftStruct)
	w.begin()
	fields()
	w.end()
}

func (w *thriftWriter) list(id, n int, typ byte, element func(i int)) {
	w.field(id, thriftList)
	if n < 15 {
		w.b = append(w.b, byte(n)<<4|typ)
	} else {
		w.b = binary.AppendUvarint(append(w.b, 0xf0|typ), uint64(n))
	}
	for i := range n {
		element(i)
	}
}
