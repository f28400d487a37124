package column

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unsafe"
)

type unsigned interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64
}

// fixed is the coder of integers, floats (as their bits) and bools (one byte).
type fixed[U unsigned] struct {
	canonical func(U) U // maps bit patterns that are the same value to one, in rows; nil for the identity
}

func (fixed[U]) width() int { return int(unsafe.Sizeof(U(0))) }

func (c fixed[U]) encode(e *encoder, v cells) {
	var out []byte
	e.dst, out = extend(e.dst, v.n*c.width())
	for _, r := range v.runs {
		scatter[U](out, r, v)
		out = out[r.n*c.width():]
	}
}

// scatter writes the values of a run one after the other.
func scatter[U unsigned](out []byte, r run, v cells) {
	if r.n == 0 {
		return
	}
	size := unsafe.Sizeof(U(0))
	out = out[:r.n*int(size)]
	if v.stride == size && !bigEndian {
		copy(out, unsafe.Slice((*byte)(unsafe.Add(r.at, v.off)), len(out)))
		return
	}
	to, off := unsafe.Pointer(&out[0]), v.off
	for i := range uintptr(r.n) {
		x := *(*U)(unsafe.Add(r.at, off))
		off += v.stride
		*(*U)(unsafe.Add(to, i*size)) = little(x)
	}
}

func (c fixed[U]) decode(d *decoder, v cells) error {
	in, err := d.take(v.n * c.width())
	if err != nil {
		return err
	}
	for _, r := range v.runs {
		gather[U](in, r, v)
		in = in[r.n*c.width():]
	}
	return nil
}

// gather is the inverse of scatter.
func gather[U unsigned](in []byte, r run, v cells) {
	if r.n == 0 {
		return
	}
	size := unsafe.Sizeof(U(0))
	in = in[:r.n*int(size)]
	if v.stride == size && !bigEndian {
		copy(unsafe.Slice((*byte)(unsafe.Add(r.at, v.off)), len(in)), in)
		return
	}
	from, off := unsafe.Pointer(&in[0]), v.off
	for i := range uintptr(r.n) {
		x := little(*(*U)(unsafe.Add(from, i*size)))
		*(*U)(unsafe.Add(r.at, off)) = x
		off += v.stride
	}
}

func (c fixed[U]) appendRow(dst []byte, p unsafe.Pointer) []byte {
	x := *(*U)(p)
	if c.canonical != nil {
		x = c.canonical(x)
	}
	switch unsafe.Sizeof(x) {
	case 1:
		return append(dst, byte(x))
	case 2:
		return binary.LittleEndian.AppendUint16(dst, uint16(x))
	case 4:
		return binary.LittleEndian.AppendUint32(dst, uint32(x))
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(x))
}

func (c fixed[U]) readRow(src []byte, p unsafe.Pointer) ([]byte, error) {
	head, rest, err := takeRow(src, c.width())
	if err != nil {
		return nil, err
	}
	*(*U)(p) = little(*(*U)(unsafe.Pointer(&head[0])))
	return rest, nil
}

func (fixed[U]) detach(unsafe.Pointer)                  {}
func (fixed[U]) extra(unsafe.Pointer, uintptr, int) int { return 0 }

// little swaps an integer between the machine's order and little endian.
func little[U unsigned](x U) U {
	if !bigEndian {
		return x
	}
	return U(bits.ReverseBytes64(uint64(x)) >> (64 - 8*unsafe.Sizeof(x)))
}

// CanonicalFloat32 maps the bits of every NaN to those of one and minus zero to zero, so that floats that are the same key have the
// same bits.
func CanonicalFloat32(u uint32) uint32 {
	switch f := math.Float32frombits(u); {
	case f != f:
		return math.Float32bits(float32(math.NaN()))
	case f == 0:
		return 0
	}
	return u
}

// CanonicalFloat64 is CanonicalFloat32 for 64 bits.
func CanonicalFloat64(u uint64) uint64 {
	switch f := math.Float64frombits(u); {
	case f != f:
		return math.Float64bits(math.NaN())
	case f == 0:
		return 0
	}
	return u
}

// flag is the coder of bools: no other byte than 0 and 1 may get into one.
type flag struct{ fixed[uint8] }

func (c flag) decode(d *decoder, v cells) error {
	for _, b := range d.src[:min(v.n, len(d.src))] {
		if b > 1 {
			return corrupt("%d is not a bool", b)
		}
	}
	return c.fixed.decode(d, v)
}

func (c flag) readRow(src []byte, p unsafe.Pointer) ([]byte, error) {
	if len(src) > 0 && src[0] > 1 {
		return nil, corrupt("%d is not a bool", src[0])
	}
	return c.fixed.readRow(src, p)
}

// raw is the coder of arrays of integers: their memory is what array would write.
type raw struct{ size int }

func (c raw) width() int { return c.size }

func (c raw) encode(e *encoder, v cells) {
	var out []byte
	e.dst, out = extend(e.dst, v.n*c.size)
	for _, r := range v.runs {
		if v.stride == uintptr(c.size) {
			out = out[copy(out, unsafe.Slice((*byte)(r.at), r.n*c.size)):]
			continue
		}
		for i := range uintptr(r.n) {
			out = out[copy(out, unsafe.Slice((*byte)(unsafe.Add(r.at, v.off+i*v.stride)), c.size)):]
		}
	}
}

func (c raw) decode(d *decoder, v cells) error {
	in, err := d.take(v.n * c.size)
	if err != nil {
		return err
	}
	for _, r := range v.runs {
		if v.stride == uintptr(c.size) {
			in = in[copy(unsafe.Slice((*byte)(r.at), r.n*c.size), in):]
			continue
		}
		for i := range uintptr(r.n) {
			in = in[copy(unsafe.Slice((*byte)(unsafe.Add(r.at, v.off+i*v.stride)), c.size), in):]
		}
	}
	return nil
}

func (c raw) appendRow(dst []byte, p unsafe.Pointer) []byte {
	return append(dst, unsafe.Slice((*byte)(p), c.size)...)
}

func (c raw) readRow(src []byte, p unsafe.Pointer) ([]byte, error) {
	head, rest, err := takeRow(src, c.size)
	if err != nil {
		return nil, err
	}
	copy(unsafe.Slice((*byte)(p), c.size), head)
	return rest, nil
}

// rawOf returns the coder of an array as raw if its elements allow it.
func rawOf(a *array) coder {
	size := a.n * int(a.size)
	switch e := a.elem.(type) {
	case fixed[uint8]:
		return raw{size}
	case fixed[uint16]:
		if !bigEndian {
			return raw{size}
		}
	case fixed[uint32]:
		if e.canonical == nil && !bigEndian {
			return raw{size}
		}
	case fixed[uint64]:
		if e.canonical == nil && !bigEndian {
			return raw{size}
		}
	case raw:
		return raw{size}
	}
	return a
}

func (raw) detach(unsafe.Pointer)                  {}
func (raw) extra(unsafe.Pointer, uintptr, int) int { return 0 }
