package arrow

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// dataOf is a vector that is finished and no constant as an array, in its memory where the layouts agree.
func dataOf(v *vector.Vector, t arrow.DataType) (arrow.ArrayData, error) {
	n := v.Len()
	buffers := []*memory.Buffer{nil}
	nulls := 0
	if v.Valid != nil {
		buffers[0], nulls = bufferOf(v.Valid), array.UnknownNullCount
	}
	var children []arrow.ArrayData
	switch {
	case v.Type.Kind == datatype.KindNull:
		return array.NewData(t, n, buffers[:1], nil, n, 0), nil
	case vector.Variable(v.Type):
		offsets, bytes := v.Buffers(0)
		buffers = append(buffers, bufferOf(offsets), memory.NewBufferBytes(bytes))
	case v.Type.Kind == datatype.KindRow:
		for k, f := range t.(*arrow.StructType).Fields() {
			child, err := dataOf(v.Children[k], f.Type)
			if err != nil {
				return nil, err
			}
			children = append(children, child)
		}
	case v.Type.IsNested():
		child, err := elements(v, t)
		if err != nil {
			return nil, err
		}
		offsets := make([]int32, n+1)
		for i := range n {
			_, end := v.Elements(i)
			offsets[i+1] = int32(end)
		}
		buffers, children = append(buffers, bufferOf(offsets)), append(children, child)
	default:
		values, err := valuesOf(v, t)
		if err != nil {
			return nil, err
		}
		buffers = append(buffers, values)
	}
	return array.NewData(t, n, buffers, children, nulls, 0), nil
}

// elements is the array of the elements of lists: of a map, pairs.
func elements(v *vector.Vector, t arrow.DataType) (arrow.ArrayData, error) {
	m, ok := t.(*arrow.MapType)
	if !ok {
		return dataOf(v.Children[0], t.(arrow.ListLikeType).Elem())
	}
	keys, err := dataOf(v.Children[0], m.KeyType())
	if err != nil {
		return nil, err
	}
	items, err := dataOf(v.Children[1], m.ItemType())
	if err != nil {
		return nil, err
	}
	return array.NewData(m.Elem(), v.Children[0].Len(), []*memory.Buffer{nil}, []arrow.ArrayData{keys, items}, 0, 0), nil
}

// bufferOf is a slice as a buffer that shares its memory.
func bufferOf[T uint64 | int8 | int16 | int32 | int64 | float32 | float64 | decimal.Int128](s []T) *memory.Buffer {
	var one T
	return memory.NewBufferBytes(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(one))))
}

// valuesOf is the buffer of values of fixed width.
func valuesOf(v *vector.Vector, t arrow.DataType) (*memory.Buffer, error) {
	switch v.Type.Kind {
	case datatype.KindBoolean:
		bits := make([]uint64, vector.Words(v.Len()))
		for i, x := range vector.Values[bool](v) {
			if x {
				bits[i/64] |= 1 << (i % 64)
			}
		}
		return bufferOf(bits), nil
	case datatype.KindDecimal:
		if v.Type.Precision > 18 {
			return bufferOf(vector.Values[decimal.Int128](v)), nil
		}
		wide := make([]decimal.Int128, v.Len())
		for i, x := range vector.Values[int64](v) {
			wide[i] = decimal.Of(x)
		}
		return bufferOf(wide), nil
	case datatype.KindTimestamp, datatype.KindTimestampLTZ:
		return instants(v, t.(*arrow.TimestampType).Unit)
	case datatype.KindFloat:
		return bufferOf(vector.Values[float32](v)), nil
	case datatype.KindDouble:
		return bufferOf(vector.Values[float64](v)), nil
	}
	switch vector.Width(v.Type) {
	case 1:
		return bufferOf(vector.Values[int8](v)), nil
	case 2:
		return bufferOf(vector.Values[int16](v)), nil
	case 4:
		return bufferOf(vector.Values[int32](v)), nil
	}
	return bufferOf(vector.Values[int64](v)), nil
}

func instants(v *vector.Vector, unit arrow.TimeUnit) (*memory.Buffer, error) {
	if unit == arrow.Millisecond {
		return bufferOf(vector.Values[int64](v)), nil
	}
	to := make([]int64, v.Len())
	per := perMilli(unit)
	for i := range to {
		if v.IsNull(i) {
			continue
		}
		millis, nanos := v.Instant(i)
		if unit == arrow.Second {
			to[i] = millis / 1000
			continue
		}
		if limit := math.MaxInt64/per - 1; millis > limit || millis < -limit {
			return nil, fmt.Errorf("a timestamp does not fit into a file; cast it to %s(3)", v.Type.Kind)
		}
		to[i] = millis*per + int64(nanos)*per/1e6
	}
	return bufferOf(to), nil
}
