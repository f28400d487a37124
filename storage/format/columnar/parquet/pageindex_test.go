package parquet_test

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/format/columnar/parquet"
	"github.com/leatproject/leat/storage/vector"
)

// TestPageIndex: the page index says of each page its rows, bounds and NULLs.
func TestPageIndex(t *testing.T) {
	fields, b := table(50_000)
	f := open(t, write(t, fields, parquet.WriterOptions{Codec: parquet.Snappy}, b))
	pages, err := f.Pages(0, "fare", datatype.Decimal(12, 2))
	require.NoError(t, err)
	require.Len(t, pages, 3)
	for i, p := range pages {
		require.Equal(t, parquet.Range{From: int64(i) * 20_000, To: min(50_000, int64(i+1)*20_000)}, p.Range)
		require.Equal(t, (p.To-p.From)/10, p.Nulls)
		require.EqualValues(t, 7*p.From, p.Least.Decimal(0).Lo)
		require.EqualValues(t, 7*(p.To-1), p.Greatest.Decimal(0).Lo)
	}
	pages, err = f.Pages(0, "city", datatype.Int)
	require.NoError(t, err)
	require.Nil(t, pages)
}

// counting counts the bytes that are read of a file.
type counting struct {
	io.ReaderAt
	n int
}

func (c *counting) ReadAt(b []byte, at int64) (int, error) {
	c.n += len(b)
	return c.ReaderAt.ReadAt(b, at)
}

// TestPagesAreLeftOut: of rows that are not wanted no more than the pages in which wanted ones begin and end are read.
func TestPagesAreLeftOut(t *testing.T) {
	fields, b := lists(60_000)
	cities, c := table(60_000)
	fields, b.Columns = append(fields, cities[1:]...), append(b.Columns, c.Columns[1:]...)
	file := write(t, fields, parquet.WriterOptions{}, b)
	want := columnartest.Shown(b)
	read := func(wanted []columnar.Field, after int64, ranges ...parquet.Range) ([]string, int) {
		at := &counting{ReaderAt: bytes.NewReader(file)}
		f, err := parquet.Open(at, int64(len(file)), "f")
		require.NoError(t, err)
		at.n = 0
		r, err := parquet.NewPrunedReader(f, wanted, groups(f), after, func(int) ([]parquet.Range, error) { return ranges, nil })
		require.NoError(t, err)
		rows, err := columnartest.ReadShown(r, 1000)
		require.NoError(t, err)
		require.EqualValues(t, 60_000, r.Offset())
		return rows, at.n
	}
	all, whole := read(fields, 0)
	require.Equal(t, want, all)
	require.Less(t, whole, len(file)+8192)
	rows, n := read(fields, 0, parquet.Range{From: 45_000, To: 45_010})
	require.Equal(t, want[45_000:45_010], rows)
	require.Less(t, n, whole/2)
	rows, n = read(fields, 59_995)
	require.Equal(t, want[59_995:], rows)
	require.Less(t, n, whole/2)
	rows, n = read(fields, 0, parquet.Range{From: 100, To: 200}, parquet.Range{From: 300, To: 310}, parquet.Range{From: 59_999, To: 60_000})
	require.Equal(t, append(append(append([]string(nil), want[100:200]...), want[300:310]...), want[59_999]), rows)
	require.Less(t, n, whole*4/5)
	_, n = read(fields[:1], 0, parquet.Range{From: 30_000, To: 30_001})
	require.Less(t, n, 4*20_000+8192)
	rows, n = read(fields, 0)
	require.Equal(t, want, rows)
	require.LessOrEqual(t, n, whole)
}

// TestRanges: any rows are read, from any one on, flat columns and nested ones.
func TestRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields, b := columnartest.NestedBatch(t)
		f := open(t, write(t, fields, parquet.WriterOptions{RowGroup: rapid.Int64Range(1, 1000).Draw(t, "group")}, b, b, b))
		rows := append(append(columnartest.Shown(b), columnartest.Shown(b)...), columnartest.Shown(b)...)
		after := rapid.IntRange(0, len(rows)).Draw(t, "after")
		want, at := []string{}, 0
		kept := make([][]parquet.Range, f.RowGroups())
		for g := range kept {
			n, row := int(f.GroupRows(g)), 0
			kept[g] = []parquet.Range{}
			for row < n && rapid.Bool().Draw(t, "more") {
				from := rapid.IntRange(row, n-1).Draw(t, "from")
				to := rapid.IntRange(from+1, n).Draw(t, "to")
				kept[g] = append(kept[g], parquet.Range{From: int64(from), To: int64(to)})
				want = append(want, rows[min(at+to, max(at+from, after)):at+to]...)
				row = to
			}
			at += n
		}
		r, err := parquet.NewPrunedReader(f, fields, groups(f), int64(after), func(g int) ([]parquet.Range, error) { return kept[g], nil })
		require.NoError(t, err)
		require.GreaterOrEqual(t, r.Offset(), int64(after))
		got, err := columnartest.ReadShown(r, rapid.IntRange(1, 50).Draw(t, "limit"))
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.EqualValues(t, len(rows), r.Offset())
	})
}

// TestSift: the rows that a sift chooses are read, of any types, at any density, with pages and rows that are left out.
func TestSift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields, b := columnartest.NestedBatch(t)
		if rapid.Bool().Draw(t, "flat") {
			fields, b = columnartest.Batch(t)
		}
		if b.Length == 0 {
			return
		}
		times := rapid.IntRange(1, 60).Draw(t, "times")
		var batches []*vector.Batch
		var rows []string
		for range times {
			batches, rows = append(batches, b), append(rows, columnartest.Shown(b)...)
		}
		f := open(t, write(t, fields, parquet.WriterOptions{RowGroup: rapid.Int64Range(1, 3000).Draw(t, "group")}, batches...))
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		oneIn := rapid.SampledFrom([]int{1, 2, 10, 100, 1000}).Draw(t, "one in")
		want := []string{}
		sift := parquet.Sift{Columns: rapid.SliceOfNDistinct(rapid.IntRange(0, len(fields)-1), 1, len(fields), rapid.ID).Draw(t, "columns")}
		at := 0
		sifted := false
		sift.Keep = func(b *vector.Batch) []int32 {
			sifted = true
			kept := []int32{}
			for i := range b.Length {
				if random.IntN(oneIn) == 0 {
					kept, want = append(kept, int32(i)), append(want, rows[at+i])
				}
			}
			at += b.Length
			if oneIn == 1 {
				return nil
			}
			return kept
		}
		r, err := parquet.SiftedReader(f, fields, groups(f), 0, func(int) ([]parquet.Range, error) { return nil, nil }, sift)
		require.NoError(t, err)
		got, err := columnartest.ReadShown(r, rapid.IntRange(1, 300).Draw(t, "limit"))
		require.NoError(t, err)
		if !sifted && len(rows) > 0 { // nested columns
			want = rows
		}
		require.Equal(t, want, got)
		require.EqualValues(t, len(rows), r.Offset())
	})
}

// TestNullPages: a page of NULLs has no bounds, one of NaN or long texts neither.
func TestNullPages(t *testing.T) {
	fields := []columnar.Field{{Name: "n", Type: datatype.Int}, {Name: "d", Type: datatype.Double}}
	var b vector.Batch
	columnar.Prepare(&b, fields, 40_000)
	for i := range b.Length {
		vector.Values[int32](b.Columns[0])[i] = int32(-i)
		vector.Values[float64](b.Columns[1])[i] = float64(i)
		if i < 20_000 {
			b.Columns[0].SetNull(i)
		}
	}
	vector.Values[float64](b.Columns[1])[30_000] = math.NaN()
	f := open(t, write(t, fields, parquet.WriterOptions{}, &b))
	pages, err := f.Pages(0, "n", datatype.Int)
	require.NoError(t, err)
	require.Len(t, pages, 2)
	require.Nil(t, pages[0].Least)
	require.EqualValues(t, 20_000, pages[0].Nulls)
	require.EqualValues(t, -39_999, vector.Values[int32](pages[1].Least)[0])
	require.EqualValues(t, -20_000, vector.Values[int32](pages[1].Greatest)[0])
	pages, err = f.Pages(0, "d", datatype.Double)
	require.NoError(t, err)
	require.Nil(t, pages)
}
