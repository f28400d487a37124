package arrow

import (
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// fill sets n rows of a vector, from one on, to the values of an array from lo on. One goroutine uses it.
type fill func(v *vector.Vector, at int, a arrow.Array, lo, n int) error

// compile makes what reads arrays of a type as values of another.
func compile(from arrow.DataType, t datatype.Type) (fill, error) {
	is, err := typeOf(from)
	if err != nil {
		return nil, err
	}
	var f fill
	switch from := from.(type) {
	case *arrow.DictionaryType:
		return compileDictionary(from, t)
	case arrow.ExtensionType:
		inner, err := compile(from.StorageType(), t)
		if err != nil {
			return nil, err
		}
		return func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
			return inner(v, at, a.(array.ExtensionArray).Storage(), lo, n)
		}, nil
	}
	switch {
	case t.IsNested():
		if f, err = compileNested(from, is, t); err != nil {
			return nil, err
		}
	case vector.Variable(t) && vector.Variable(is):
		f = fillTexts
	case t.Kind == datatype.KindDecimal:
		f = compileDecimal(from, is)
	case is.IsInteger() && t.IsInteger():
		f = compileIntegers(t)
	case t.IsInstant() && is.IsInstant():
		f = compileInstants(from.(*arrow.TimestampType), t)
	case t.Kind == datatype.KindDouble && is.Kind == datatype.KindFloat:
		f = fillDoubles
	case t.Kind == is.Kind:
		f = sameKinds[from.ID()]
	}
	if f == nil {
		return nil, fmt.Errorf("the file has %s, which cannot be read as %s; declare the column %s", is, t, is)
	}
	return withNulls(f), nil
}

// withNulls reads validity first.
func withNulls(f fill) fill {
	return func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
		if a.NullBitmapBytes() != nil {
			for i := range n {
				if a.IsNull(lo + i) {
					v.SetNull(at + i)
				}
			}
		}
		return f(v, at, a, lo, n)
	}
}

// valued is an array of values of fixed width.
type valued[T any] interface{ Values() []T }

// copied is for values that memory and file have alike.
func copied[T vector.Fixed, S ~int8 | ~int16 | ~int32 | ~int64 | ~float32 | ~float64](v *vector.Vector, at int, a arrow.Array, lo, n int) error {
	to := vector.Values[T](v)[at : at+n]
	from := a.(valued[S]).Values()[lo : lo+n]
	copy(to, unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(from))), n))
	return nil
}

// divided is for values of a finer unit.
func divided[S ~int64](per S) fill {
	return func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
		to := vector.Values[int32](v)[at : at+n]
		for i, x := range a.(valued[S]).Values()[lo : lo+n] {
			to[i] = int32(x / per)
		}
		return nil
	}
}

// sameKinds are for types whose values are those of the wanted kind.
var sameKinds = map[arrow.Type]fill{
	arrow.BOOL: func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
		to, from := vector.Values[bool](v)[at:at+n], a.(*array.Boolean)
		for i := range to {
			to[i] = from.Value(lo + i)
		}
		return nil
	},
	arrow.FLOAT16: func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
		to := vector.Values[float32](v)[at : at+n]
		for i, x := range a.(*array.Float16).Values()[lo : lo+n] {
			to[i] = x.Float32()
		}
		return nil
	},
	arrow.FLOAT32: copied[float32, float32], arrow.FLOAT64: copied[float64, float64],
	arrow.DATE32: copied[int32, arrow.Date32], arrow.DATE64: divided[arrow.Date64](86400_000),
	arrow.INTERVAL_MONTHS: copied[int32, arrow.MonthInterval],
	arrow.TIME32: func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
		if a.DataType().(*arrow.Time32Type).Unit == arrow.Millisecond {
			return copied[int32, arrow.Time32](v, at, a, lo, n)
		}
		to := vector.Values[int32](v)[at : at+n]
		for i, x := range a.(*array.Time32).Values()[lo : lo+n] {
			to[i] = int32(x) * 1000
		}
		return nil
	},
	arrow.TIME64: func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
		return divided(arrow.Time64(perMilli(a.DataType().(*arrow.Time64Type).Unit)))(v, at, a, lo, n)
	},
	arrow.DURATION: func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
		unit := a.DataType().(*arrow.DurationType).Unit
		to := vector.Values[int64](v)[at : at+n]
		for i, x := range a.(*array.Duration).Values()[lo : lo+n] {
			if to[i] = int64(x) * 1000; unit != arrow.Second {
				to[i] = int64(x) / perMilli(unit)
			}
		}
		return nil
	},
}

// perMilli is how many of a unit are a millisecond, for units up to it.
func perMilli(unit arrow.TimeUnit) int64 {
	return [...]int64{arrow.Second: 1, arrow.Millisecond: 1, arrow.Microsecond: 1e3, arrow.Nanosecond: 1e6}[unit]
}

func fillDoubles(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
	to := vector.Values[float64](v)[at : at+n]
	for i := range to {
		switch a := a.(type) {
		case *array.Float32:
			to[i] = float64(a.Value(lo + i))
		case *array.Float16:
			to[i] = float64(a.Value(lo + i).Float32())
		}
	}
	return nil
}

// fillTexts is for texts and bytes.
func fillTexts(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
	switch a := a.(type) {
	case interface{ Value(int) string }:
		for i := range n {
			if !v.IsNull(at + i) {
				s := a.Value(lo + i)
				v.PutBytes(at+i, unsafe.Slice(unsafe.StringData(s), len(s)))
			}
		}
	case interface{ Value(int) []byte }:
		for i := range n {
			if !v.IsNull(at + i) {
				v.PutBytes(at+i, a.Value(lo+i))
			}
		}
	}
	return nil
}

// compileDictionary reads the entries of a dictionary once as long as it is the same.
func compileDictionary(from *arrow.DictionaryType, t datatype.Type) (fill, error) {
	inner, err := compile(from.ValueType, t)
	if err != nil {
		return nil, err
	}
	var entries vector.Vector
	var of arrow.ArrayData
	return func(v *vector.Vector, at int, a arrow.Array, lo, n int) error {
		d := a.(*array.Dictionary)
		if values := d.Dictionary(); of != values.Data() {
			of = values.Data()
			entries.Reset(t, values.Len())
			if err := inner(&entries, 0, values, 0, values.Len()); err != nil {
				return err
			}
			entries.Finish()
		}
		for i := range n {
			if d.IsNull(lo + i) {
				v.SetNull(at + i)
				continue
			}
			entry := d.GetValueIndex(lo + i)
			if entry < 0 || entry >= entries.Len() {
				return corrupt(fmt.Sprintf("entry %d of a dictionary of %d", entry, entries.Len()))
			}
			v.Copy(at+i, &entries, entry)
		}
		return nil
	}, nil
}
