package datastream

import (
	"cmp"
	"reflect"
	"unsafe"

	"github.com/leatproject/leat/storage/spill"
)

// sortBy returns the order of records by a key.
func sortBy[T any, N cmp.Ordered](key func(T) N, order Order) spill.SortOptions[T] {
	one := prefixOf[N]()
	o := spill.SortOptions[T]{Prefix: func(rows []T, out []uint64) {
		for i := range rows {
			out[i] = one(key(rows[i]))
		}
		if order == Descending {
			for i, p := range out {
				out[i] = spill.Descending(p)
			}
		}
	}}
	if reflect.TypeFor[N]().Kind() == reflect.String {
		sign := 1
		if order == Descending {
			sign = -1
		}
		o.Compare = func(a, b *T) int { return sign * cmp.Compare(key(*a), key(*b)) }
	}
	return o
}

// prefixOf returns the function that maps sort keys to numbers of the same order; for strings longer than eight bytes
// the order is not decided by it.
func prefixOf[N cmp.Ordered]() func(N) uint64 {
	switch reflect.TypeFor[N]().Kind() {
	case reflect.Int8:
		return func(v N) uint64 { return spill.Int64Prefix(int64(as[int8](&v))) }
	case reflect.Int16:
		return func(v N) uint64 { return spill.Int64Prefix(int64(as[int16](&v))) }
	case reflect.Int32:
		return func(v N) uint64 { return spill.Int64Prefix(int64(as[int32](&v))) }
	case reflect.Int64:
		return func(v N) uint64 { return spill.Int64Prefix(as[int64](&v)) }
	case reflect.Int:
		return func(v N) uint64 { return spill.Int64Prefix(int64(as[int](&v))) }
	case reflect.Uint8:
		return func(v N) uint64 { return uint64(as[uint8](&v)) }
	case reflect.Uint16:
		return func(v N) uint64 { return uint64(as[uint16](&v)) }
	case reflect.Uint32:
		return func(v N) uint64 { return uint64(as[uint32](&v)) }
	case reflect.Uint64:
		return func(v N) uint64 { return as[uint64](&v) }
	case reflect.Uint, reflect.Uintptr:
		return func(v N) uint64 { return uint64(as[uint](&v)) }
	case reflect.Float32:
		return func(v N) uint64 { return spill.Float64Prefix(float64(as[float32](&v))) }
	case reflect.Float64:
		return func(v N) uint64 { return spill.Float64Prefix(as[float64](&v)) }
	}
	return func(v N) uint64 { return spill.StringPrefix(as[string](&v)) }
}

// as reads a key as its underlying type U.
func as[U, N any](v *N) U { return *(*U)(unsafe.Pointer(v)) }
