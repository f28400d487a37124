package spill

import "math"

// Int64Prefix maps v to a prefix of the same order.
func Int64Prefix(v int64) uint64 { return uint64(v) ^ 1<<63 }

// Float64Prefix maps v to a prefix of the same order: NaN above everything, -0 equal to 0.
func Float64Prefix(v float64) uint64 {
	switch {
	case v != v:
		return math.MaxUint64
	case v == 0:
		return 1 << 63
	}
	b := math.Float64bits(v)
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

// StringPrefix maps v to its first eight bytes, zero-padded. Equal prefixes say nothing about the rest: Options.Compare
// has to decide them.
func StringPrefix(v string) uint64 {
	if len(v) >= 8 {
		return uint64(v[0])<<56 | uint64(v[1])<<48 | uint64(v[2])<<40 | uint64(v[3])<<32 |
			uint64(v[4])<<24 | uint64(v[5])<<16 | uint64(v[6])<<8 | uint64(v[7])
	}
	var p uint64
	for i := range len(v) {
		p |= uint64(v[i]) << (56 - 8*i)
	}
	return p
}

// Descending reverses the order of a prefix.
func Descending(prefix uint64) uint64 { return ^prefix }
