package column

import (
	"strconv"
	"strings"
)

// Kind says how a value is encoded.
type Kind string

// The kinds, each the Go type of its name where nothing else is said.
const (
	KindBool       Kind = "bool"
	KindInt8       Kind = "int8"
	KindInt16      Kind = "int16"
	KindInt32      Kind = "int32"
	KindInt64      Kind = "int64" // also int
	KindUint8      Kind = "uint8"
	KindUint16     Kind = "uint16"
	KindUint32     Kind = "uint32"
	KindUint64     Kind = "uint64" // also uint and uintptr
	KindFloat32    Kind = "float32"
	KindFloat64    Kind = "float64"
	KindComplex64  Kind = "complex64"
	KindComplex128 Kind = "complex128"
	KindString     Kind = "string"
	KindBytes      Kind = "bytes"     // []byte
	KindTime       Kind = "timestamp" // time.Time: instant in nanoseconds and offset of the zone
	KindDuration   Kind = "duration"  // time.Duration: int64 nanoseconds
	KindStruct     Kind = "struct"
	KindArray      Kind = "array"    // Fields: the element
	KindList       Kind = "list"     // slices; Fields: the element
	KindMap        Kind = "map"      // Fields: key and value
	KindOptional   Kind = "optional" // pointers; Fields: the target
	KindCodec      Kind = "codec"    // bytes of a codec given to RegisterCodec
	KindBinary     Kind = "binary"   // bytes of MarshalBinary
	KindText       Kind = "text"     // bytes of MarshalText
)

// Schema describes an encoding as plain data: it can be stored beside encoded rows and compared with what a program expects.
type Schema struct {
	Name     string    `json:"name,omitempty"` // of the field: its leat tag or its Go name
	Kind     Kind      `json:"kind"`
	Type     string    `json:"type"`               // the Go type, for people
	Len      int       `json:"len,omitempty"`      // of an array
	Embedded bool      `json:"embedded,omitempty"` // the field is embedded in Go
	Fields   []*Schema `json:"fields,omitempty"`
}

// String gives names and kinds without Go types: two types with equal strings have the same encoding, registered codecs and
// marshalers apart.
func (s *Schema) String() string {
	var b strings.Builder
	s.write(&b)
	return b.String()
}

func (s *Schema) write(b *strings.Builder) {
	if s.Name != "" {
		b.WriteString(s.Name)
		b.WriteByte(' ')
	}
	b.WriteString(string(s.Kind))
	if s.Kind == KindArray {
		b.WriteString("[" + strconv.Itoa(s.Len) + "]")
	}
	if s.Kind != KindStruct && len(s.Fields) == 0 {
		return
	}
	b.WriteByte('<')
	for i, f := range s.Fields {
		if i > 0 {
			b.WriteString(", ")
		}
		f.write(b)
	}
	b.WriteByte('>')
}
