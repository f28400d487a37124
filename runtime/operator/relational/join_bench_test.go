package relational_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/leatproject/leat/runtime/operator/relational"
	rt "github.com/leatproject/leat/runtime/operator/relational/relationaltest"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// BenchmarkHashJoin joins by a BIGINT; each row has one partner.
func BenchmarkHashJoin(b *testing.B) {
	types := []datatype.Type{datatype.BigInt, datatype.BigInt}
	const length = 4096
	for _, build := range []int{1000, 1000000} {
		b.Run(fmt.Sprintf("build of %d", build), func(b *testing.B) {
			batch := func(n int, key func(i int) int64) *vector.Batch {
				v := vector.NewBatch(types)
				v.Length = n
				for c := range v.Columns {
					v.Columns[c].Reset(datatype.BigInt, n)
					for i := range n {
						vector.Values[int64](v.Columns[c])[i] = key(i)
					}
				}
				return v
			}
			r := rt.Open(b, &relational.HashJoin{Left: types, Right: types, LeftKeys: []int{0}, RightKeys: []int{0}}, 2, rt.Plenty, rt.Dir(b))
			r.Discard = true
			for at := 0; at < build; at += length {
				r.Process(1, batch(min(length, build-at), func(i int) int64 { return int64(at + i) }))
			}
			r.End(1)
			random := rand.New(rand.NewPCG(1, 2))
			probe := make([]*vector.Batch, 64)
			for i := range probe {
				probe[i] = batch(length, func(int) int64 { return random.Int64N(int64(build)) })
			}
			n := 0
			for b.Loop() {
				// The rig does not give batches back to a pool, so that they can be used again.
				r.Process(0, probe[n%len(probe)])
				n++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/length, "ns/row")
			b.ReportAllocs()
			r.End(0)
			r.Rows()
		})
	}
}
