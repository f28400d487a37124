package column

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"github.com/zeebo/xxh3"
)

const benchRows = 8192

type trade struct {
	ID    int64
	At    int64
	Price float64
	Units int32
}

type visit struct {
	ID   int64
	Page string
	At   time.Time
	OK   bool
}

func trades() []trade {
	rows := make([]trade, benchRows)
	for i := range rows {
		rows[i] = trade{int64(i), int64(i) * 1000, float64(i), int32(i)}
	}
	return rows
}

// withHeap gives the collector the leisure that it has in a process with state: without it the benchmark measures little else.
func withHeap(b *testing.B) {
	heap := make([]byte, 64<<20)
	b.Cleanup(func() { runtime.KeepAlive(heap) })
}

func perRow(b *testing.B, rows int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
	b.ReportAllocs()
}

func BenchmarkEncodeTrades(b *testing.B) {
	c, rows := codecOf[trade](b), trades()
	dst := c.AppendBatch(nil, rows)
	for b.Loop() {
		dst = c.AppendBatch(dst[:0], rows)
	}
	perRow(b, benchRows)
}

// BenchmarkEncodeTradesByHand is the loop that one would write for this type.
func BenchmarkEncodeTradesByHand(b *testing.B) {
	rows := trades()
	dst := make([]byte, 28*benchRows)
	for b.Loop() {
		n := len(rows)
		id, at, price, units := dst[:8*n], dst[8*n:16*n], dst[16*n:24*n], dst[24*n:]
		for i := range rows {
			r := &rows[i]
			binary.LittleEndian.PutUint64(id[8*i:], uint64(r.ID))
			binary.LittleEndian.PutUint64(at[8*i:], uint64(r.At))
			binary.LittleEndian.PutUint64(price[8*i:], math.Float64bits(r.Price))
			binary.LittleEndian.PutUint32(units[4*i:], uint32(r.Units))
		}
	}
	perRow(b, benchRows)
}

func BenchmarkDecodeTrades(b *testing.B) {
	c := codecOf[trade](b)
	block := c.AppendBatch(nil, trades())
	dst := make([]trade, 0, benchRows)
	for b.Loop() {
		_, err := c.DecodeBatch(block, dst)
		require.NoError(b, err)
	}
	perRow(b, benchRows)
}

func visits() []visit {
	rows := make([]visit, benchRows)
	for i := range rows {
		rows[i] = visit{int64(i), fmt.Sprintf("/products/%04d", i), time.Unix(int64(i), 0).UTC(), true}
	}
	return rows
}

func BenchmarkEncodeVisits(b *testing.B) {
	c, rows := codecOf[visit](b), visits()
	dst := c.AppendBatch(nil, rows)
	for b.Loop() {
		dst = c.AppendBatch(dst[:0], rows)
	}
	perRow(b, benchRows)
}

func BenchmarkDecodeVisits(b *testing.B) {
	c := codecOf[visit](b)
	block := c.AppendBatch(nil, visits())
	dst := make([]visit, 0, benchRows)
	withHeap(b)
	for b.Loop() {
		_, err := c.DecodeBatch(block, dst)
		require.NoError(b, err)
	}
	perRow(b, benchRows)
}

type word struct {
	Word  string
	Count int64
}

func words() []word {
	rows := make([]word, benchRows)
	for i := range rows {
		rows[i] = word{fmt.Sprintf("word%d", i*i%9973), 1}
	}
	return rows
}

func BenchmarkEncodeWords(b *testing.B) {
	c, rows := codecOf[word](b), words()
	dst := c.AppendBatch(nil, rows)
	for b.Loop() {
		dst = c.AppendBatch(dst[:0], rows)
	}
	perRow(b, benchRows)
}

func BenchmarkDecodeWords(b *testing.B) {
	c := codecOf[word](b)
	block := c.AppendBatch(nil, words())
	dst := make([]word, 0, benchRows)
	withHeap(b)
	for b.Loop() {
		_, err := c.DecodeBatch(block, dst)
		require.NoError(b, err)
	}
	perRow(b, benchRows)
}

// BenchmarkMemoryCopy is the measure of the machine: the bytes of benchRows trades.
func BenchmarkMemoryCopy(b *testing.B) {
	rows, dst := trades(), make([]trade, benchRows)
	for b.Loop() {
		copy(dst, rows)
	}
	b.SetBytes(int64(benchRows * unsafe.Sizeof(rows[0])))
	perRow(b, benchRows)
}

func BenchmarkRows(b *testing.B) {
	c, rows := codecOf[visit](b), visits()
	var dst []byte
	for b.Loop() {
		dst = dst[:0]
		for i := range rows {
			dst = c.AppendRow(dst, &rows[i])
		}
	}
	perRow(b, benchRows)
}

func BenchmarkClone(b *testing.B) {
	c, rows := codecOf[visit](b), visits()
	withHeap(b)
	for b.Loop() {
		for i := range rows {
			rows[i] = c.Clone(rows[i])
		}
	}
	perRow(b, benchRows)
}

func benchmarkHash[K comparable](b *testing.B, key func(i int) K) {
	hash, err := Hasher[K]()
	require.NoError(b, err)
	keys, out := make([]K, benchRows), make([]uint64, benchRows)
	for i := range keys {
		keys[i] = key(i)
	}
	for b.Loop() {
		hash(keys, out)
	}
	perRow(b, benchRows)
}

func BenchmarkHashInt64(b *testing.B) { benchmarkHash(b, func(i int) userID { return userID(i * i) }) }

func BenchmarkHashString14(b *testing.B) {
	benchmarkHash(b, func(i int) country { return country(fmt.Sprintf("/products/%04d", i)) })
}

func BenchmarkHashString14ByHand(b *testing.B) {
	keys, out := visits(), make([]uint64, benchRows)
	for b.Loop() {
		for i := range keys {
			out[i] = xxh3.HashString(keys[i].Page)
		}
	}
	perRow(b, benchRows)
}

func BenchmarkHashStruct(b *testing.B) {
	benchmarkHash(b, func(i int) point { return point{float64(i), float64(-i)} })
}
