//go:build unix

package spill_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

const benchRows = 1 << 20

// keyed is a row of a keyed input of 32 bytes.
type keyed struct {
	Key    int64
	Amount float64
	Name   string
}

func benchKeys(distinct int64) []int64 {
	r := rand.New(rand.NewPCG(1, 2))
	keys := make([]int64, benchRows)
	for i := range keys {
		keys[i] = r.Int64N(distinct) - distinct/2
	}
	return keys
}

// cpu measures the processor time of a benchmark, garbage collection included.
type cpu struct {
	start, used int64
	rounds      int
}

func (c *cpu) begin() { c.start = cpuTime() }
func (c *cpu) end()   { c.used += cpuTime() - c.start; c.rounds++ }

func cpuTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func (c *cpu) report(b *testing.B, rows int) {
	b.ReportMetric(float64(c.used)/float64(c.rounds)/float64(rows), "cpu-ns/row")
}

func benchDir(b *testing.B) *spill.Dir {
	d, err := spill.OpenDir([]string{b.TempDir()}, spill.DirOptions{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, d.Close()) })
	return d
}

func slicesOf[T any](rows []T) []*column.Batch {
	var all []*column.Batch
	for chunk := range slices.Chunk(rows, 8192) {
		all = append(all, column.BatchOf(chunk))
	}
	return all
}

func drain[T any](b *testing.B, it *spill.Iterator[T]) (rows int) {
	out := column.NewBatch[T]()
	for {
		more, err := it.Next(out)
		require.NoError(b, err)
		if !more {
			return rows
		}
		rows += out.Len()
		column.SetRows(out, column.Rows[T](out)[:0])
		out.Times, out.Hashes = out.Times[:0], out.Hashes[:0]
	}
}

// BenchmarkStableSortGroups is the baseline of BenchmarkGroupByHash: all rows in one slice.
func BenchmarkStableSortGroups(b *testing.B) {
	type row struct {
		keyed
		hash uint64
		time int64
	}
	var in []row
	for _, batch := range keyedBatches(b) {
		for i, k := range column.Rows[keyed](batch) {
			in = append(in, row{k, batch.Hashes[i], batch.Times[i]})
		}
	}
	work := make([]row, len(in))
	var c cpu
	for b.Loop() {
		copy(work, in)
		c.begin()
		slices.SortStableFunc(work, func(a, b row) int {
			return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.Key, b.Key), cmp.Compare(a.time, b.time))
		})
		c.end()
	}
	c.report(b, len(in))
}

// BenchmarkRadix sorts prefixes with their indexes.
func BenchmarkRadix(b *testing.B) {
	keys := benchKeys(1 << 62)
	work, scratch := make([]spill.Entry, len(keys)), make([]spill.Entry, len(keys))
	var c cpu
	for b.Loop() {
		for i, k := range keys {
			work[i] = spill.NewEntry(spill.Int64Prefix(k), uint32(i))
		}
		c.begin()
		spill.SortByPrefix(work, scratch)
		c.end()
	}
	c.report(b, len(keys))
}

// BenchmarkStableSort is the baseline: what the standard library takes for rows that are already in one slice.
func BenchmarkStableSort(b *testing.B) {
	keys := benchKeys(1 << 62)
	work := make([]int64, len(keys))
	var c cpu
	for b.Loop() {
		copy(work, keys)
		c.begin()
		slices.SortStableFunc(work, cmp.Compare[int64])
		c.end()
	}
	c.report(b, len(keys))
}

// BenchmarkSortInt64 adds, sorts and reads in memory.
func BenchmarkSortInt64(b *testing.B) {
	for _, distinct := range []int64{1000, 1 << 20, 1 << 62} {
		b.Run(fmt.Sprintf("distinct=%d", distinct), func(b *testing.B) {
			benchSort(b, slicesOf(benchKeys(distinct)), 1<<30, int64Options())
		})
	}
}

// BenchmarkSortSpilled does the same with a sixteenth of the memory: about 16 runs.
func BenchmarkSortSpilled(b *testing.B) {
	benchSort(b, slicesOf(benchKeys(1<<62)), benchRows*40/16+1<<20, int64Options())
}

func benchSort[T any](b *testing.B, in []*column.Batch, budget int64, opt spill.SortOptions[T]) {
	dir, codec := benchDir(b), codecOf[T](b)
	rows := 0
	var c cpu
	b.ReportAllocs()
	for b.Loop() {
		c.begin()
		s := spill.NewSorter(spill.NewMemory(budget), dir, codec, opt)
		for _, batch := range in {
			require.NoError(b, s.Add(batch))
		}
		it, err := s.Sort(context.Background())
		require.NoError(b, err)
		rows = drain(b, it)
		require.NoError(b, s.Close())
		c.end()
	}
	c.report(b, rows)
}

// BenchmarkMergeRuns reads 16 runs of one key range from the page cache.
func BenchmarkMergeRuns(b *testing.B) {
	dir, codec, in := benchDir(b), codecOf[int64](b), slicesOf(benchKeys(1<<62))
	rows := 0
	var c cpu
	for b.Loop() {
		b.StopTimer()
		s := spill.NewSorter(spill.NewMemory(1<<30), dir, codec, int64Options())
		for i, batch := range in {
			require.NoError(b, s.Add(batch))
			if (i+1)%(len(in)/16) == 0 {
				_, err := s.Spill()
				require.NoError(b, err)
			}
		}
		b.StartTimer()
		c.begin()
		it, err := s.Sort(context.Background())
		require.NoError(b, err)
		rows = drain(b, it)
		require.NoError(b, s.Close())
		c.end()
	}
	c.report(b, rows)
}

// BenchmarkGroupByHash sorts rows by key hash, key and time: what keyed functions of a bounded job are given.
func BenchmarkGroupByHash(b *testing.B) {
	in := keyedBatches(b)
	opt := spill.SortOptions[keyed]{Compare: func(a, b *keyed) int { return cmp.Compare(a.Key, b.Key) }, ByTime: true}
	b.Run("memory", func(b *testing.B) { benchSort(b, in, 1<<30, opt) })
	b.Run("spilled", func(b *testing.B) { benchSort(b, in, 16<<20, opt) })
}

func keyedBatches(b *testing.B) []*column.Batch {
	hash, err := column.Hasher[int64]()
	require.NoError(b, err)
	keys := benchKeys(50000)
	var all []*column.Batch
	for chunk := range slices.Chunk(keys, 8192) {
		rows := make([]keyed, len(chunk))
		batch := column.BatchOf(rows)
		batch.Hashes = make([]uint64, len(chunk))
		hash(chunk, batch.Hashes)
		for i, k := range chunk {
			rows[i] = keyed{k, float64(i), "name"}
			batch.Times = append(batch.Times, int64(i*7919%8192))
		}
		all = append(all, batch)
	}
	return all
}

func BenchmarkPartitions(b *testing.B) {
	in, codec, dir := keyedBatches(b), codecOf[keyed](b), benchDir(b)
	for _, budget := range []int64{1 << 30, 8 << 20} {
		b.Run(fmt.Sprintf("budget=%dMiB", budget>>20), func(b *testing.B) {
			b.ReportAllocs()
			var c cpu
			for b.Loop() {
				c.begin()
				p, err := spill.NewPartitions(spill.NewMemory(budget), dir, codec, 0, 0)
				require.NoError(b, err)
				for _, batch := range in {
					require.NoError(b, p.Add(batch))
				}
				require.NoError(b, p.Finish())
				for i := range p.Len() {
					for {
						out, err := p.Partition(i).Pop()
						require.NoError(b, err)
						if out == nil {
							break
						}
						out.Release()
					}
				}
				require.NoError(b, p.Close())
				c.end()
			}
			c.report(b, benchRows)
		})
	}
}
