package parquet

import (
	"encoding/binary"
	"unsafe"
)

// dense are values of a column without those that are NULL, in the slice of their physical type. They are views of the page where memory
// and file agree.
type dense struct {
	bools []bool
	i32   []int32
	i64   []int64
	f32   []float32
	f64   []float64
	refs  [][]byte // BYTE_ARRAY
	fixed []byte   // INT96 and FIXED_LEN_BYTE_ARRAY, one behind another

	wide []int64 // scratch: 64 bits of each of i32
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}

// viewOf is the first n values of PLAIN, as they are in the file: little endian.
func viewOf[T int32 | int64 | float32 | float64](b []byte, n int) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// values are those of a page that were not read yet, other than by a dictionary.
type values struct {
	physical, width int // width in bytes, 0 where each value has one of its own
	b               []byte
	bit             int // of booleans
	runs            hybrid
	kind            int
	ints            []int64 // of integers the values, of texts their lengths

	memory []int64
	texts  []byte
	i32    []int32
}

// Where the values of a page are.
const (
	inBytes     = iota // in b, one behind another, texts behind their lengths
	inRuns             // booleans in runs
	inInts             // in ints
	withLengths        // texts in b, their lengths in ints
)

// widthOf is the width in bytes of a physical type.
func widthOf(e *schemaElement) int {
	switch e.physical {
	case physicalInt32, physicalFloat:
		return 4
	case physicalInt64, physicalDouble:
		return 8
	case physicalInt96:
		return 12
	case physicalFixed:
		return e.length
	}
	return 0
}

// begin begins with the values of a page of an encoding, at most so many.
func (v *values) begin(e *schemaElement, encoding int, b []byte, most int) (err error) {
	v.physical, v.width, v.b, v.bit, v.kind = e.physical, widthOf(e), b, 0, inBytes
	switch {
	case encoding == plain:
		return nil
	case encoding == deltaBinary && (e.physical == physicalInt32 || e.physical == physicalInt64):
		v.kind = inInts
		v.ints, _, err = deltaInts(v.memory, b, most)
	case encoding == deltaLength && e.physical == physicalBytes:
		v.kind = withLengths
		v.ints, v.b, err = deltaLengths(v.memory, b, most)
	case encoding == deltaBytes && (e.physical == physicalBytes || e.physical == physicalFixed):
		v.kind = withLengths
		v.ints, v.texts, err = deltaTexts(v.memory, v.texts, b, most)
		v.b = v.texts
		if e.physical == physicalFixed {
			v.kind = inBytes
			for _, n := range v.ints {
				if n != int64(e.length) {
					return corrupt("a value of %d bytes where %d are expected", n, e.length)
				}
			}
		}
	case encoding == byteStreamSplit && v.width > 0:
		v.texts = joined(v.texts, b, v.width)
		v.b = v.texts
	case encoding == runLength && e.physical == physicalBoolean:
		if len(b) < 4 || int64(binary.LittleEndian.Uint32(b)) > int64(len(b)-4) {
			return corrupt("a page of booleans is cut off")
		}
		v.kind, v.runs = inRuns, newHybrid(b[4:4+binary.LittleEndian.Uint32(b)], 1)
	default:
		return corrupt("encoding %d is unknown or wrong for type %d", encoding, e.physical)
	}
	if v.ints != nil {
		v.memory = v.ints
	}
	return err
}

// joined puts together the bytes of values of BYTE_STREAM_SPLIT, in the memory of dst.
func joined(dst, b []byte, width int) []byte {
	n := len(b) / width
	dst = sized(dst, n*width)
	for j := range width {
		for i, c := range b[j*n : (j+1)*n] {
			dst[i*width+j] = c
		}
	}
	return dst
}

func (v *values) cut(n int) error {
	return corrupt("a page has fewer than its values: %d more are expected", n)
}

// read sets d to the next n values.
func (v *values) read(d *dense, n int) error {
	switch {
	case v.kind == inInts:
		return v.readInts(d, n)
	case v.physical == physicalBoolean:
		return v.readBools(d, n)
	case v.physical == physicalBytes:
		return v.readRefs(d, n)
	case n > len(v.b)/v.width:
		return v.cut(n)
	}
	switch v.physical {
	case physicalInt32:
		d.i32 = viewOf[int32](v.b, n)
	case physicalInt64:
		d.i64 = viewOf[int64](v.b, n)
	case physicalFloat:
		d.f32 = viewOf[float32](v.b, n)
	case physicalDouble:
		d.f64 = viewOf[float64](v.b, n)
	default:
		d.fixed = v.b[:n*v.width]
	}
	v.b = v.b[n*v.width:]
	return nil
}

func (v *values) readInts(d *dense, n int) error {
	if n > len(v.ints) {
		return v.cut(n)
	}
	if d.i64 = v.ints[:n]; v.physical == physicalInt32 {
		v.i32 = sized(v.i32, n)
		for i, x := range v.ints[:n] {
			v.i32[i] = int32(x)
		}
		d.i32 = v.i32
	}
	v.ints = v.ints[n:]
	return nil
}

func (v *values) readBools(d *dense, n int) error {
	d.bools = sized(d.bools, n)
	if v.kind == inRuns {
		v.i32 = sized(v.i32, n)
		if err := v.runs.read(v.i32); err != nil {
			return err
		}
		for i, x := range v.i32 {
			d.bools[i] = x != 0
		}
		return nil
	}
	if v.bit+n > 8*len(v.b) {
		return v.cut(n)
	}
	for i := range d.bools {
		at := v.bit + i
		d.bools[i] = v.b[at>>3]>>(at&7)&1 != 0
	}
	v.bit += n
	return nil
}

// readRefs reads texts for those who need each by itself.
func (v *values) readRefs(d *dense, n int) error {
	d.refs = sized(d.refs, n)
	for i := range d.refs {
		length := 0
		switch {
		case v.kind == withLengths && len(v.ints) > 0:
			length, v.ints = int(v.ints[0]), v.ints[1:]
		case v.kind == withLengths || len(v.b) < 4:
			return v.cut(n - i)
		default:
			length = int(binary.LittleEndian.Uint32(v.b))
			v.b = v.b[4:]
		}
		if length > len(v.b) {
			return corrupt("a text of %d bytes is cut off", length)
		}
		d.refs[i], v.b = v.b[:length:length], v.b[length:]
	}
	return nil
}
