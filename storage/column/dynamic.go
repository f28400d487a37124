package column

import (
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/zeebo/xxh3"
)

// opaque is the bytes of a value whose encoding only its own program knows.
type opaque string

func init() {
	RegisterCodec(func(dst []byte, v opaque) []byte { return append(dst, v...) }, func(src []byte) (opaque, error) { return opaque(src), nil })
}

// dynamic encodes and decodes values of a type of which only the schema is known: as values of a Go type that is made from it.
type dynamic struct {
	*plan
	of reflect.Type
}

var dynamics sync.Map // String of a schema -> *dynamic

// dynamicOf returns the encoding that a schema describes.
func dynamicOf(s *Schema) (*dynamic, error) {
	key := s.String()
	if d, ok := dynamics.Load(key); ok {
		return &dynamic{d.(*dynamic).withSchema(s), d.(*dynamic).of}, nil
	}
	t, err := typeOf(s)
	if err != nil {
		return nil, err
	}
	p, err := planOf(t)
	if err != nil {
		return nil, err
	}
	own := *p
	own.fingerprint = xxh3.HashString(key)
	d := &dynamic{&own, t}
	dynamics.Store(key, d)
	return &dynamic{d.withSchema(s), t}, nil
}

func (p *plan) withSchema(s *Schema) *plan {
	own := *p
	own.schema = s
	return &own
}

// decode reads the rows of a block as a slice of the type.
func (d *dynamic) decode(src []byte) (rows reflect.Value, err error) {
	b, err := d.open(src)
	if err != nil {
		return rows, err
	}
	rows = reflect.MakeSlice(reflect.SliceOf(d.of), b.rows, b.rows)
	return rows, d.read(b, rows.UnsafePointer(), false)
}

// encode appends rows, a slice of the type, to dst as a block.
func (d *dynamic) encode(dst []byte, rows reflect.Value) []byte {
	return d.appendBlock(dst, rows.UnsafePointer(), rows.Len())
}

// maxArray bounds the arrays of schemas, bytes.
const maxArray = 1 << 31

var leafTypes = map[Kind]reflect.Type{
	KindBool: reflect.TypeFor[bool](), KindInt8: reflect.TypeFor[int8](), KindInt16: reflect.TypeFor[int16](), KindInt32: reflect.TypeFor[int32](),
	KindInt64: reflect.TypeFor[int64](), KindUint8: reflect.TypeFor[uint8](), KindUint16: reflect.TypeFor[uint16](), KindUint32: reflect.TypeFor[uint32](),
	KindUint64: reflect.TypeFor[uint64](), KindFloat32: reflect.TypeFor[float32](), KindFloat64: reflect.TypeFor[float64](),
	KindComplex64: reflect.TypeFor[complex64](), KindComplex128: reflect.TypeFor[complex128](), KindString: reflect.TypeFor[string](),
	KindBytes: reflect.TypeFor[[]byte](), KindTime: reflect.TypeFor[time.Time](), KindDuration: reflect.TypeFor[time.Duration](),
	KindCodec: reflect.TypeFor[opaque](), KindBinary: reflect.TypeFor[opaque](), KindText: reflect.TypeFor[opaque](),
}

// typeOf makes a Go type whose encoding is the one that a schema describes.
func typeOf(s *Schema) (reflect.Type, error) {
	if t := leafTypes[s.Kind]; t != nil {
		return t, nil
	}
	var parts []reflect.Type
	for _, f := range s.Fields {
		t, err := typeOf(f)
		if err != nil {
			return nil, err
		}
		parts = append(parts, t)
	}
	switch {
	case s.Kind == KindStruct:
		fields := make([]reflect.StructField, len(parts))
		for i, t := range parts {
			fields[i] = reflect.StructField{Name: "F" + strconv.Itoa(i), Type: t, Tag: reflect.StructTag("leat:" + strconv.Quote(s.Fields[i].Name))}
		}
		return reflect.StructOf(fields), nil
	case s.Kind == KindArray && len(parts) == 1 && s.Len >= 0 && uintptr(s.Len) <= maxArray/max(parts[0].Size(), 1):
		return reflect.ArrayOf(s.Len, parts[0]), nil
	case s.Kind == KindList && len(parts) == 1:
		return reflect.SliceOf(parts[0]), nil
	case s.Kind == KindOptional && len(parts) == 1:
		return reflect.PointerTo(parts[0]), nil
	case s.Kind == KindMap && len(parts) == 2 && parts[0].Comparable():
		return reflect.MapOf(parts[0], parts[1]), nil
	}
	return nil, fmt.Errorf("this version cannot read values of the kind %q (%s)", s.Kind, s)
}
