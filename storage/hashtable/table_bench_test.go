package hashtable

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
)

const batchRows = 8192

// benchmarkCount counts rows by key: hash, look up, add. Keys come in random order, batch by batch.
func benchmarkCount[K comparable](b *testing.B, groups int, key func(i int) K) {
	batches := randomBatches(groups, key)
	b.Run(fmt.Sprintf("Table/%d", groups), func(b *testing.B) {
		table, err := New[K](0)
		require.NoError(b, err)
		hash, err := column.Hasher[K]()
		require.NoError(b, err)
		hashes, ids := make([]uint64, batchRows), make([]uint32, batchRows)
		var counts []int64
		count := func(keys []K) {
			hash(keys, hashes)
			table.Lookup(keys, hashes, ids)
			for len(counts) < table.Cap() {
				counts = append(counts, 0)
			}
			for _, id := range ids {
				counts[id]++
			}
		}
		for _, keys := range batches {
			count(keys)
		}
		next := 0
		for b.Loop() {
			count(batches[next])
			next = (next + 1) % len(batches)
		}
		perRow(b)
	})
	b.Run(fmt.Sprintf("GoMap/%d", groups), func(b *testing.B) {
		counts := map[K]int64{}
		count := func(keys []K) {
			for _, k := range keys {
				counts[k]++
			}
		}
		for _, keys := range batches {
			count(keys)
		}
		next := 0
		for b.Loop() {
			count(batches[next])
			next = (next + 1) % len(batches)
		}
		perRow(b)
	})
}

// randomBatches draws at least two rows for each of n groups.
func randomBatches[K comparable](n int, key func(i int) K) [][]K {
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]K, n)
	for i := range all {
		all[i] = key(i)
	}
	batches := make([][]K, max(16, 2*n/batchRows))
	for i := range batches {
		batches[i] = make([]K, batchRows)
		for j := range batches[i] {
			batches[i][j] = all[random.IntN(n)]
		}
	}
	return batches
}

func perRow(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batchRows, "ns/row")
	b.ReportAllocs()
}

func BenchmarkCountByInt64(b *testing.B) {
	for _, groups := range []int{1e3, 1e5, 1e6} {
		benchmarkCount(b, groups, func(i int) int64 { return int64(i) * 7919 })
	}
}

func BenchmarkCountByString14(b *testing.B) {
	for _, groups := range []int{1e3, 1e5, 1e6} {
		benchmarkCount(b, groups, func(i int) string { return fmt.Sprintf("user-%09d", i) })
	}
}

func BenchmarkCountByStruct(b *testing.B) {
	for _, groups := range []int{1e3, 1e6} {
		benchmarkCount(b, groups, func(i int) compound { return compound{fmt.Sprintf("user-%d", i), [2]int16{int16(i), 1}} })
	}
}

// BenchmarkInsertInt64 fills a table from nothing, growth included.
func BenchmarkInsertInt64(b *testing.B) {
	const n = 1 << 20
	keys, hashes, ids := make([]int64, n), make([]uint64, n), make([]uint32, n)
	for i := range keys {
		keys[i] = int64(i)
	}
	hash, err := column.Hasher[int64]()
	require.NoError(b, err)
	hash(keys, hashes)
	b.Run("Table", func(b *testing.B) {
		for b.Loop() {
			table, err := New[int64](0)
			require.NoError(b, err)
			table.Lookup(keys, hashes, ids)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
	})
	b.Run("GoMap", func(b *testing.B) {
		for b.Loop() {
			table := map[int64]uint32{}
			for _, k := range keys {
				table[k] = uint32(len(table))
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
	})
}
