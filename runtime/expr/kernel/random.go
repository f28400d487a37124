package kernel

import (
	"math/rand/v2"

	"github.com/leatproject/leat/storage/vector"
)

// javaRandom is java.util.Random: the linear congruential generator of 48 bits that its documentation gives, so that a seed gives
// the numbers that it gives in Flink.
type javaRandom uint64

func newJavaRandom(seed int64) javaRandom {
	return javaRandom((uint64(seed) ^ 0x5DEECE66D) & (1<<48 - 1))
}

func (r *javaRandom) next(bits int) int32 {
	*r = (*r*0x5DEECE66D + 0xB) & (1<<48 - 1)
	return int32(uint64(*r) >> (48 - bits))
}

func (r *javaRandom) double() float64 {
	return float64(int64(uint32(r.next(26)))<<27+int64(uint32(r.next(27)))) / (1 << 53)
}

// below is a number from 0 to below a bound, each equally likely.
func (r *javaRandom) below(bound int32) int32 {
	if bound&-bound == bound {
		return int32(int64(bound) * int64(r.next(31)) >> 31)
	}
	for {
		bits := r.next(31)
		if v := bits % bound; bits-v+(bound-1) >= 0 {
			return v
		}
	}
}

// random gives each kernel its generator: of a constant seed one for all rows, of another seed one for each row.
func random(put func(f *frame, r *javaRandom), arguments int) entry {
	return entry{of: func(s *site) (kernel, error) {
		seeded := len(s.args) > arguments
		constant := false
		r := newJavaRandom(rand.Int64())
		if seeded {
			n, ok := s.nodes[0].(*constantNode)
			if constant = ok && !n.v.IsNull(0); constant {
				f := frame{args: []*vector.Vector{n.v}}
				r = newJavaRandom(f.int(0))
			}
		}
		return rows(func(f *frame) error {
			if seeded && !constant {
				r = newJavaRandom(f.int(0))
			}
			put(f, &r)
			return nil
		}), nil
	}}
}
