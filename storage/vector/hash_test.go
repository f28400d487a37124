package vector

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

func hashOf(columns ...*Vector) []uint64 {
	out := make([]uint64, columns[0].Len())
	Hash(columns, len(out), nil, out)
	return out
}

func of[T Fixed](t datatype.Type, values ...T) *Vector {
	v := New(t, len(values))
	copy(Values[T](v), values)
	return v
}

func TestHashIsOfTheValue(t *testing.T) {
	equal := func(a, b []uint64) { t.Helper(); require.Equal(t, a, b) }
	equal(hashOf(of(datatype.Int, int32(-5), 7)), hashOf(of(datatype.BigInt, int64(-5), 7)))
	equal(hashOf(of(datatype.Decimal(18, 2), int64(-5), 7)), hashOf(of(datatype.Decimal(38, 2), decimal.Of(-5), decimal.Of(7))))
	equal(hashOf(of(datatype.Double, math.Copysign(0, -1), math.NaN())), hashOf(of(datatype.Double, 0, -math.NaN())))
	equal(hashOf(of(datatype.Float, float32(1.5))), hashOf(of(datatype.Double, 1.5)))
	equal([]uint64{0x910a2dec89025cc1}, hashOf(of(datatype.Int, int32(1))))

	nulls := of(datatype.Int, int32(1), 2, 3)
	nulls.SetNull(1)
	zero := of(datatype.Int, int32(1), 0, 3)
	zero.SetNull(1)
	equal(hashOf(nulls), hashOf(zero))
	constant := New(datatype.Int, 1)
	constant.Constant = true
	Values[int32](constant)[0] = 3
	out := make([]uint64, 3)
	Hash([]*Vector{nulls, constant}, 3, nil, out)
	equal(hashOf(nulls, of(datatype.Int, int32(3), 3, 3)), out)
	constant.SetNull(0)
	Hash([]*Vector{constant}, 3, nil, out)
	require.Equal(t, out[0], hashOf(nulls)[1])
	Hash(nil, 3, nil, out)
	equal([]uint64{0, 0, 0}, out)

	require.NotEqual(t, hashOf(of(datatype.Int, int32(1)), of(datatype.Int, int32(2))), hashOf(of(datatype.Int, int32(2)), of(datatype.Int, int32(1))))
	ns := New(datatype.Timestamp(9), 2)
	clear(Values[int64](ns))
	ns.Nanos[0], ns.Nanos[1] = 0, 1
	require.NotEqual(t, hashOf(ns)[0], hashOf(ns)[1])
}

func TestHashOfSelection(t *testing.T) {
	const rows = 1000
	numbers, texts := New(datatype.BigInt, rows), New(datatype.String, rows)
	var selection []int32
	for i := range rows {
		Values[int64](numbers)[i] = int64(i)
		texts.PutBytes(i, fmt.Append(nil, i))
		if i%7 == 0 {
			texts.SetNull(i)
		}
		if i%3 == 0 {
			selection = append(selection, int32(i))
		}
	}
	texts.Finish()
	all, some := make([]uint64, rows), make([]uint64, len(selection))
	Hash([]*Vector{numbers, texts}, rows, nil, all)
	Hash([]*Vector{numbers, texts}, len(selection), selection, some)
	seen := map[uint64]bool{}
	for i, row := range selection {
		require.Equal(t, all[row], some[i])
		seen[some[i]] = true
	}
	require.Len(t, seen, len(selection))
}

func BenchmarkHash(b *testing.B) {
	const rows = 4096
	numbers, texts := New(datatype.BigInt, rows), New(datatype.String, rows)
	for i := range rows {
		Values[int64](numbers)[i] = int64(i)
		texts.PutBytes(i, fmt.Appendf(nil, "customer#%05d", i))
	}
	texts.Finish()
	out := make([]uint64, rows)
	for name, columns := range map[string][]*Vector{"int64": {numbers}, "text14": {texts}, "int64+text14": {numbers, texts}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Hash(columns, rows, nil, out)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
