package column

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/zeebo/xxh3"
)

// Hasher returns the hash function of keys of type K, over whole batches: out must have the length of keys. Keys that are equal in
// canonical form have equal hashes, on every platform and in every process, for as long as savepoints live: a change of it makes
// them unreadable. All 64 bits are good; key groups and partitions take the top bits, tables the low ones.
//
// Integers, bools and floats (as their bits) are hashed by SplitMix64, strings by XXH3, other types by XXH3 of their canonical form.
// The function has scratch memory of its own and serves one goroutine; ask for one per task.
func Hasher[K comparable]() (func(keys []K, out []uint64), error) {
	t := reflect.TypeFor[K]()
	codec, err := CodecOf[K]()
	if err != nil {
		return nil, fmt.Errorf("hashing keys: %w", err)
	}
	switch c := codec.coder.(type) {
	case flag, fixed[uint8]:
		return func(keys []K, out []uint64) { hashWords(cast[uint8](keys), out) }, nil
	case fixed[uint16]:
		return func(keys []K, out []uint64) { hashWords(cast[uint16](keys), out) }, nil
	case fixed[uint32]:
		if t.Kind() == reflect.Float32 {
			return func(keys []K, out []uint64) { hashFloats(cast[uint32](keys), out, CanonicalFloat32) }, nil
		}
		return func(keys []K, out []uint64) { hashWords(cast[uint32](keys), out) }, nil
	case fixed[uint64]:
		if t.Kind() == reflect.Float64 {
			return func(keys []K, out []uint64) { hashFloats(cast[uint64](keys), out, CanonicalFloat64) }, nil
		}
		return func(keys []K, out []uint64) { hashWords(cast[uint64](keys), out) }, nil
	case raw:
		return func(keys []K, out []uint64) {
			for i := range out[:len(keys)] {
				out[i] = xxh3.Hash(unsafe.Slice((*byte)(unsafe.Pointer(&keys[i])), c.size))
			}
		}, nil
	case text:
		return func(keys []K, out []uint64) { hashStrings(cast[string](keys), out) }, nil
	}
	var row []byte
	return func(keys []K, out []uint64) {
		out = out[:len(keys)]
		for i := range keys {
			row = codec.AppendRow(row[:0], &keys[i])
			out[i] = xxh3.Hash(row)
		}
	}, nil
}

// cast views keys as values of their underlying representation.
func cast[U, K any](keys []K) []U {
	return unsafe.Slice((*U)(unsafe.Pointer(unsafe.SliceData(keys))), len(keys))
}

func hashWords[U unsigned](keys []U, out []uint64) {
	out = out[:len(keys)]
	for i, k := range keys {
		out[i] = mix(uint64(k))
	}
}

func hashFloats[U unsigned](keys []U, out []uint64, canonical func(U) U) {
	out = out[:len(keys)]
	for i, k := range keys {
		out[i] = mix(uint64(canonical(k)))
	}
}

func hashStrings(keys []string, out []uint64) {
	out = out[:len(keys)]
	for i, k := range keys {
		out[i] = xxh3.HashString(k)
	}
}

// mix is the step of SplitMix64: a bijection, so integers never collide, that spreads each bit over all. (A single folded product is
// no faster and leaves the top bits of keys with a large stride, such as minutes, uneven.)
func mix(k uint64) uint64 {
	k += 0x9e3779b97f4a7c15
	k = (k ^ k>>30) * 0xbf58476d1ce4e5b9
	k = (k ^ k>>27) * 0x94d049bb133111eb
	return k ^ k>>31
}
