package sql

import (
	"errors"
	"fmt"
	"reflect"
	"time"
	"unsafe"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// value is how values of a Go type stand in a column.
type value[A any] struct {
	of   datatype.Type
	null bool // NULL is a value
	get  func(v *vector.Vector, row int) A
	put  func(v *vector.Vector, row int, a A)
}

// columnValue is a value of any Go type.
type columnValue interface {
	datatype() datatype.Type
	// read sets fields that are size bytes apart to the rows that count.
	read(v *vector.Vector, b *vector.Batch, to unsafe.Pointer, size uintptr) error
	// write sets all rows from fields that are size bytes apart.
	write(from unsafe.Pointer, size uintptr, v *vector.Vector)
}

// values are all Go types that columns can have.
var values = map[reflect.Type]columnValue{}

func init() {
	fixed[bool](datatype.Boolean)
	fixed[int8](datatype.TinyInt)
	fixed[int16](datatype.SmallInt)
	fixed[int32](datatype.Int)
	fixed[int64](datatype.BigInt)
	fixed[float32](datatype.Float)
	fixed[float64](datatype.Double)
	add(value[int]{of: datatype.BigInt,
		get: func(v *vector.Vector, row int) int { return int(vector.Values[int64](v)[v.At(row)]) },
		put: func(v *vector.Vector, row int, a int) { vector.Values[int64](v)[row] = int64(a) }})
	add(value[string]{of: datatype.String,
		get: func(v *vector.Vector, row int) string { return string(v.Bytes(row)) },
		put: func(v *vector.Vector, row int, a string) { v.PutBytes(row, []byte(a)) }})
	add(value[[]byte]{of: datatype.Bytes,
		get: func(v *vector.Vector, row int) []byte { return append([]byte{}, v.Bytes(row)...) },
		put: func(v *vector.Vector, row int, a []byte) { v.PutBytes(row, a) }})
	add(value[time.Time]{of: datatype.TimestampLTZ(9),
		get: func(v *vector.Vector, row int) time.Time {
			ms, ns := v.Instant(row)
			return time.UnixMilli(ms).Add(time.Duration(ns)).UTC()
		},
		put: func(v *vector.Vector, row int, a time.Time) {
			ms := a.UnixMilli()
			vector.Values[int64](v)[row] = ms
			v.Nanos[row] = int32(a.Sub(time.UnixMilli(ms)))
		}})
}

func fixed[A vector.Fixed](t datatype.Type) {
	add(value[A]{of: t,
		get: func(v *vector.Vector, row int) A { return vector.Values[A](v)[v.At(row)] },
		put: func(v *vector.Vector, row int, a A) { vector.Values[A](v)[row] = a }})
}

// add adds a type, and pointers to it, of which nil is NULL.
func add[A any](v value[A]) {
	nullable := value[*A]{of: v.of, null: true,
		get: func(from *vector.Vector, row int) *A {
			if from.IsNull(row) {
				return nil
			}
			a := v.get(from, row)
			return &a
		},
		put: func(to *vector.Vector, row int, a *A) {
			if a == nil {
				to.SetNull(row)
				return
			}
			v.put(to, row, *a)
		}}
	v.of = v.of.Required()
	values[reflect.TypeFor[A]()] = v
	values[reflect.TypeFor[*A]()] = nullable
}

// valueOf is that of a Go type.
func valueOf[A any]() (value[A], error) {
	v, ok := values[reflect.TypeFor[A]()].(value[A])
	if !ok {
		return v, unknownType(reflect.TypeFor[A]())
	}
	return v, nil
}

func unknownType(t reflect.Type) error {
	return fmt.Errorf("%s is the type of no column: bool, int, int8 to int64, float32, float64, string, []byte, time.Time and pointers to them are", t)
}

func (a value[A]) datatype() datatype.Type { return a.of }

var errNull = errors.New("it is NULL, for which a pointer is needed")

func (a value[A]) read(v *vector.Vector, b *vector.Batch, to unsafe.Pointer, size uintptr) error {
	for i := range b.Rows() {
		row := i
		if b.Selection != nil {
			row = int(b.Selection[i])
		}
		if !a.null && v.IsNull(row) {
			return errNull
		}
		*(*A)(unsafe.Add(to, uintptr(i)*size)) = a.get(v, row)
	}
	return nil
}

func (a value[A]) write(from unsafe.Pointer, size uintptr, v *vector.Vector) {
	for i := range v.Len() {
		a.put(v, i, *(*A)(unsafe.Add(from, uintptr(i)*size)))
	}
}
