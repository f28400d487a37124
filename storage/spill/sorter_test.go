package spill_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/spill/spilltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// word is a row with a variable part; ID is unique and tells the order of arrival.
type word struct {
	Text string
	ID   int64
}

type stamped struct {
	word
	time int64
	hash uint64
}

func codecOf[T any](t testing.TB) *column.Codec[T] {
	c, err := column.CodecOf[T]()
	require.NoError(t, err)
	return c
}

// fixture is a spill directory whose end is checked: no files, no open files, no memory in use.
type fixture struct {
	roots []string
	fs    *spilltest.FaultFS
	dir   *spill.Dir
	mem   *spill.Memory
}

type failer interface {
	require.TestingT
	Helper()
}

func newFixture(t failer, base string, budget int64, compress bool) *fixture {
	f := &fixture{fs: spilltest.New(), mem: spill.NewMemory(budget)}
	f.roots = []string{filepath.Join(base, "a"), filepath.Join(base, "b")}
	dir, err := spill.OpenDir(f.roots, spill.DirOptions{FS: f.fs, Compress: compress})
	require.NoError(t, err)
	f.dir = dir
	return f
}

// done fails unless everything was given back before the directory is closed.
func (f *fixture) done(t failer) {
	t.Helper()
	require.Zero(t, f.mem.Used(), "memory in use")
	require.Zero(t, f.fs.OpenFiles(), "open files")
	require.Empty(t, f.files(t))
	require.Zero(t, f.dir.Live())
	require.NoError(t, f.dir.Close())
	for _, root := range f.roots {
		left, err := os.ReadDir(root)
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

func (f *fixture) files(t failer) []string {
	var all []string
	for _, root := range f.roots {
		names, err := filepath.Glob(filepath.Join(root, "*", "*"))
		require.NoError(t, err)
		all = append(all, names...)
	}
	return all
}

func byText(a, b *word) int { return strings.Compare(a.Text, b.Text) }

func textPrefix(rows []word, out []uint64) {
	for i := range rows {
		out[i] = spill.StringPrefix(rows[i].Text)
	}
}

// drawRows draws rows with many equal keys, times and hashes. Hashes are a function of the text, with collisions.
func drawRows(t *rapid.T, most int) []stamped {
	texts := rapid.SampledFrom([]string{"", "a", "b", "prefix-1", "prefix-2", "prefix-12", "prefix-10", "\xff\xff\xff\xff\xff\xff\xff\xff", "zz"})
	rows := make([]stamped, rapid.IntRange(0, most).Draw(t, "rows"))
	random := rapid.Bool().Draw(t, "random texts")
	for i := range rows {
		text := texts.Draw(t, "text")
		if random {
			text = rapid.StringN(0, 12, 24).Draw(t, "random")
		}
		rows[i] = stamped{word{text, int64(i)}, int64(rapid.IntRange(-3, 3).Draw(t, "time")), uint64(len(text)) << 61}
	}
	return rows
}

func batches(t *rapid.T, rows []stamped, times, hashes bool) []*column.Batch {
	var all []*column.Batch
	for len(rows) > 0 {
		n := rapid.IntRange(1, len(rows)).Draw(t, "batch")
		all = append(all, batchOf(rows[:n], times, hashes))
		rows = rows[n:]
	}
	return all
}

func batchOf(rows []stamped, times, hashes bool) *column.Batch {
	b := column.NewBatch[word]()
	for _, r := range rows {
		column.SetRows(b, append(column.Rows[word](b), r.word))
		if times {
			b.Times = append(b.Times, r.time)
		}
		if hashes {
			b.Hashes = append(b.Hashes, r.hash)
		}
	}
	return b
}

func unpack(b *column.Batch) []stamped {
	out := make([]stamped, b.Len())
	for i, w := range column.Rows[word](b) {
		out[i] = stamped{word: w, time: b.Time(i)}
		if len(b.Hashes) > 0 {
			out[i].hash = b.Hashes[i]
		}
	}
	return out
}

func readAll(it *spill.Iterator[word]) ([]stamped, error) {
	var out []stamped
	for {
		b := column.NewBatch[word]()
		more, err := it.Next(b)
		if !more || err != nil {
			return out, err
		}
		out = append(out, unpack(b)...)
	}
}

// press makes everything spill, now and then.
func press(t *rapid.T, mem *spill.Memory) {
	if !rapid.Bool().Draw(t, "press") {
		return
	}
	if err := mem.Acquire(mem.Budget()); err == nil {
		mem.Release(mem.Budget())
	}
}

func TestSorterAgainstStableSort(t *testing.T) {
	base := t.TempDir()
	codec := codecOf[word](t)
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t, base, int64(rapid.SampledFrom([]int{0, 300, 3000, 1 << 20}).Draw(t, "budget")), rapid.Bool().Draw(t, "lz4"))
		rows := drawRows(t, 200)
		times, byTime, byHash := rapid.Bool().Draw(t, "times"), rapid.Bool().Draw(t, "by time"), rapid.Bool().Draw(t, "by hash")
		opt := spill.SortOptions[word]{Prefix: textPrefix, Compare: byText, ByTime: byTime, FanIn: rapid.IntRange(0, 5).Draw(t, "fan-in")}
		if byHash {
			opt.Prefix = nil
		}
		want := slices.Clone(rows)
		for i := range want {
			if !times {
				want[i].time = column.NoTime
			}
			if !byHash {
				want[i].hash = 0
			}
		}
		got := sorted(t, f, codec, opt, batches(t, rows, times, byHash))
		slices.SortStableFunc(want, func(a, b stamped) int {
			var c int
			if byHash {
				c = cmp.Compare(a.hash, b.hash)
			}
			if c == 0 {
				c = strings.Compare(a.Text, b.Text)
			}
			if c == 0 && byTime {
				c = cmp.Compare(a.time, b.time)
			}
			return c
		})
		require.Equal(t, want, append([]stamped{}, got...))
		f.done(t)
	})
}

// sorted sorts batches under memory pressure at random times, before and while the result is read.
func sorted(t *rapid.T, f *fixture, codec spill.Codec[word], opt spill.SortOptions[word], in []*column.Batch) []stamped {
	s := spill.NewSorter(f.mem, f.dir, codec, opt)
	for _, b := range in {
		require.NoError(t, s.Add(b))
		press(t, f.mem)
	}
	it, err := s.Sort(context.Background())
	require.NoError(t, err)
	var got []stamped
	for {
		head, more, err := it.Peek()
		require.NoError(t, err)
		b := column.NewBatch[word]()
		if rapid.Bool().Draw(t, "take") {
			limit := rapid.IntRange(1, 5).Draw(t, "limit")
			_, err = it.Take(b, limit, math.MaxInt64)
			require.LessOrEqual(t, b.Len(), limit)
		} else {
			_, err = it.Next(b)
		}
		require.NoError(t, err)
		require.Equal(t, more, b.Len() > 0)
		if !more {
			break
		}
		require.Equal(t, head.Time, b.Time(0))
		got = append(got, unpack(b)...)
		press(t, f.mem)
	}
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	return got
}

func TestSorterTakesWholeGroups(t *testing.T) {
	for _, budget := range []int64{0, 1 << 20} {
		f := newFixture(t, t.TempDir(), budget, false)
		s := spill.NewSorter(f.mem, f.dir, codecOf[word](t), spill.SortOptions[word]{Compare: byText, ByTime: true})
		for i := range int64(9) {
			text := string(rune('a' + i%3))
			require.NoError(t, s.Add(batchOf([]stamped{{word{text, i}, 10 - i, 7}}, true, true)))
		}
		it, err := s.Sort(context.Background())
		require.NoError(t, err)
		var log []string
		for {
			h, more, err := it.Peek()
			require.NoError(t, err)
			if !more {
				break
			}
			key, until := h.Row.Text, h.Time
			b := column.NewBatch[word]()
			first, err := it.Take(b, 8, until)
			require.NoError(t, err)
			rest, err := it.Take(b, 1, math.MaxInt64)
			require.NoError(t, err)
			last, err := it.Take(b, 8, math.MaxInt64)
			require.NoError(t, err)
			log = append(log, fmt.Sprint(key, h.Prefix, b.Times, first, rest, last))
		}
		require.Equal(t, []string{
			"a7 [4 7 10] true true false",
			"b7 [3 6 9] true true false",
			"c7 [2 5 8] true true false",
		}, log)
		require.NoError(t, s.Close())
		f.done(t)
	}
}

// order is the other side of a merge of two types.
type order struct{ Customer string }

func TestTwoSortersMergeByKeyAndTime(t *testing.T) {
	f := newFixture(t, t.TempDir(), 0, true)
	left := spill.NewSorter(f.mem, f.dir, codecOf[word](t), spill.SortOptions[word]{Compare: byText, ByTime: true})
	right := spill.NewSorter(f.mem, f.dir, codecOf[order](t), spill.SortOptions[order]{
		Compare: func(a, b *order) int { return strings.Compare(a.Customer, b.Customer) }, ByTime: true})
	for _, r := range []stamped{{word{"y", 0}, 5, 1}, {word{"x", 1}, 3, 2}, {word{"y", 2}, 1, 1}, {word{"x", 3}, 9, 2}} {
		require.NoError(t, left.Add(batchOf([]stamped{r}, true, true)))
	}
	orders := column.BatchOf([]order{{"x"}, {"y"}, {"z"}})
	orders.Times, orders.Hashes = []int64{4, 2, 0}, []uint64{2, 1, 3}
	require.NoError(t, right.Add(orders))
	l, err := left.Sort(context.Background())
	require.NoError(t, err)
	r, err := right.Sort(context.Background())
	require.NoError(t, err)
	var log []string
	for {
		a, moreA, err := l.Peek()
		require.NoError(t, err)
		b, moreB, err := r.Peek()
		require.NoError(t, err)
		if !moreA && !moreB {
			break
		}
		c := 1
		if moreA && moreB {
			c = cmp.Or(cmp.Compare(a.Prefix, b.Prefix), strings.Compare(a.Row.Text, b.Row.Customer))
		} else if moreA {
			c = -1
		}
		until := int64(math.MaxInt64)
		if c == 0 {
			until = b.Time
		}
		if c < 0 || c == 0 && a.Time <= b.Time {
			out := column.NewBatch[word]()
			_, err = l.Take(out, 10, until)
			require.NoError(t, err)
			log = append(log, fmt.Sprint(column.Rows[word](out)[0].Text, out.Times))
			continue
		}
		out := column.NewBatch[order]()
		_, err = r.Take(out, 1, math.MaxInt64)
		require.NoError(t, err)
		log = append(log, fmt.Sprint("order ", column.Rows[order](out)[0].Customer, out.Times))
	}
	require.Equal(t, []string{"y[1]", "order y[2]", "y[5]", "x[3]", "order x[4]", "x[9]", "order z[0]"}, log)
	require.NoError(t, left.Close())
	require.NoError(t, right.Close())
	f.done(t)
}

func TestSorterLargeInputOverSmallBudget(t *testing.T) {
	f := newFixture(t, t.TempDir(), 1<<20, true)
	s := spill.NewSorter(f.mem, f.dir, codecOf[int64](t), int64Options())
	const batches, n = 64, 8192
	x := uint64(1)
	for range batches {
		rows := make([]int64, n)
		for i := range rows {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			rows[i] = int64(x)
		}
		require.NoError(t, s.Add(column.BatchOf(rows)))
	}
	require.LessOrEqual(t, f.mem.Peak(), int64(1<<20+512<<10))
	it, err := s.Sort(context.Background())
	require.NoError(t, err)
	count, last := 0, int64(math.MinInt64)
	out := column.NewBatch[int64]()
	for {
		more, err := it.Next(out)
		require.NoError(t, err)
		if !more {
			break
		}
		for _, v := range column.Rows[int64](out) {
			if v < last {
				require.LessOrEqual(t, last, v)
			}
			last = v
		}
		count += out.Len()
		column.SetRows(out, column.Rows[int64](out)[:0])
	}
	require.Equal(t, batches*n, count)
	require.Positive(t, f.mem.Spills())
	require.Positive(t, f.dir.BytesSpilled())
	require.Empty(t, f.files(t), "runs are removed when they have been read")
	require.LessOrEqual(t, f.mem.Peak(), int64(3<<20))
	require.NoError(t, s.Close())
	f.done(t)
}

func TestSorterWithTimesOnSomeRows(t *testing.T) {
	for _, budget := range []int64{1 << 20, 0} {
		f := newFixture(t, t.TempDir(), budget, false)
		opt := spill.SortOptions[word]{Prefix: textPrefix, Compare: byText, ByTime: true}
		s := spill.NewSorter(f.mem, f.dir, codecOf[word](t), opt)
		require.NoError(t, s.Add(batchOf([]stamped{{word: word{"b", 0}}, {word: word{"a", 1}}}, false, false)))
		require.NoError(t, s.Add(batchOf([]stamped{{word{"b", 2}, 5, 9}, {word{"a", 3}, 4, 8}}, true, true)))
		require.NoError(t, s.Add(batchOf([]stamped{{word: word{"a", 4}}}, false, false)))
		it, err := s.Sort(context.Background())
		require.NoError(t, err)
		got, err := readAll(it)
		require.NoError(t, err)
		require.Equal(t, []stamped{{word{"a", 1}, column.NoTime, 0}, {word{"a", 4}, column.NoTime, 0}, {word{"a", 3}, 4, 8},
			{word{"b", 0}, column.NoTime, 0}, {word{"b", 2}, 5, 9}}, got)
		require.NoError(t, s.Close())
		f.done(t)
	}
}

func TestSorterStopsMergingWhenCancelled(t *testing.T) {
	f := newFixture(t, t.TempDir(), 0, false)
	opt := spill.SortOptions[word]{Prefix: textPrefix, Compare: byText, FanIn: 2}
	s := spill.NewSorter(f.mem, f.dir, codecOf[word](t), opt)
	for i := range int64(4) {
		require.NoError(t, s.Add(batchOf([]stamped{{word: word{"text", i}}}, false, false)))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.Sort(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, s.Close())
	f.done(t)
}

// TestSorterKeepsRunsWorthAFile: a task whose memory others hold does not spill every batch on its own.
func TestSorterKeepsRunsWorthAFile(t *testing.T) {
	f := newFixture(t, t.TempDir(), 64<<20, false)
	f.mem.Overdraw(64 << 20)
	s := spill.NewSorter(f.mem, f.dir, codecOf[int64](t), int64Options())
	for range 1000 {
		require.NoError(t, s.Add(column.BatchOf(make([]int64, 100))))
	}
	require.EqualValues(t, 3, f.dir.Files())
	require.NoError(t, s.Close())
	f.mem.Release(64 << 20)
	f.done(t)
}

func TestSorterRefusesMisuse(t *testing.T) {
	f := newFixture(t, t.TempDir(), 1<<20, false)
	s := spill.NewSorter(f.mem, f.dir, codecOf[word](t), spill.SortOptions[word]{Compare: byText})
	require.ErrorContains(t, s.Add(batchOf([]stamped{{}}, true, false)), "partition them by key first")
	_, err := s.Sort(context.Background())
	require.NoError(t, err)
	require.ErrorContains(t, s.Add(batchOf([]stamped{{}}, true, true)), "after Sort")
	require.NoError(t, s.Close())
	f.done(t)
}

func int64Options() spill.SortOptions[int64] {
	return spill.SortOptions[int64]{Prefix: func(rows []int64, out []uint64) {
		for i, v := range rows {
			out[i] = spill.Int64Prefix(v)
		}
	}}
}
