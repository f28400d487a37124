package filesystem_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/connector/filesystem"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/parquet"
	"github.com/leatproject/leat/storage/runtimefilter"
	"github.com/leatproject/leat/storage/source"
	"github.com/leatproject/leat/storage/vector"
)

// TestPagesAreLeftOut: of a row group only the pages come that all filters leave.
func TestPagesAreLeftOut(t *testing.T) {
	fields := []columnar.Field{{Name: "id", Type: datatype.BigInt}, {Name: "half", Type: datatype.Int}}
	var b vector.Batch
	columnar.Prepare(&b, fields, 90_000)
	for i := range b.Length {
		vector.Values[int64](b.Columns[0])[i] = int64(i)
		vector.Values[int32](b.Columns[1])[i] = int32(i / 50_000)
		if i < 20_000 {
			b.Columns[0].SetNull(i)
		}
	}
	path := filepath.Join(t.TempDir(), "f.parquet")
	file, err := os.Create(path)
	require.NoError(t, err)
	w, err := parquet.NewWriter(file, fields, parquet.WriterOptions{Codec: parquet.Snappy})
	require.NoError(t, err)
	require.NoError(t, w.Write(&b))
	require.NoError(t, w.Close())
	require.NoError(t, file.Close())

	table := open(t, map[string]string{"path": path, "format": "parquet"}, "id BIGINT; half INT")
	id := func(op filesystem.Op, texts ...string) filesystem.Filter {
		return filesystem.Filter{Column: 0, Op: op, Values: value(t, datatype.BigInt, texts...)}
	}
	for _, c := range []struct {
		rows    int
		filters []filesystem.Filter
	}{
		{90_000, nil},
		{20_000, []filesystem.Filter{id(filesystem.Equal, "45000")}},
		{40_000, []filesystem.Filter{id(filesystem.In, "20001", "79999")}},
		{30_000, []filesystem.Filter{id(filesystem.GreaterOrEqual, "79999")}},
		{20_000, []filesystem.Filter{{Column: 0, Op: filesystem.IsNull}}},
		{70_000, []filesystem.Filter{{Column: 0, Op: filesystem.IsNotNull}}},
		{20_000, []filesystem.Filter{id(filesystem.Less, "60000"), {Column: 1, Op: filesystem.Equal, Values: value(t, datatype.Int, "1")}}},
		{0, []filesystem.Filter{id(filesystem.Less, "30000"), {Column: 1, Op: filesystem.Equal, Values: value(t, datatype.Int, "1")}}},
	} {
		rows, _, err := readTable(t, table, []int{1}, c.filters...)
		require.NoError(t, err)
		require.Len(t, rows, c.rows, fmt.Sprint(c.filters))
	}
}

// TestRuntimeFilters: what is known of keys while the program runs leaves out row groups, pages and rows.
func TestRuntimeFilters(t *testing.T) {
	fields := []columnar.Field{{Name: "id", Type: datatype.BigInt}, {Name: "text", Type: datatype.String}}
	var b vector.Batch
	columnar.Prepare(&b, fields, 100_000)
	for i := range b.Length {
		vector.Values[int64](b.Columns[0])[i] = int64(i)
		b.Columns[1].PutBytes(i, fmt.Appendf(nil, "row %d", i))
	}
	b.Columns[1].Finish()
	path := filepath.Join(t.TempDir(), "f.parquet")
	file, err := os.Create(path)
	require.NoError(t, err)
	w, err := parquet.NewWriter(file, fields, parquet.WriterOptions{Codec: parquet.Snappy, RowGroup: 400_000})
	require.NoError(t, err)
	require.NoError(t, w.Write(&b))
	require.NoError(t, w.Close())
	require.NoError(t, file.Close())
	table := open(t, map[string]string{"path": path, "format": "parquet"}, "id BIGINT; text STRING")
	for _, c := range []struct{ from, to, step, most int }{{0, 0, 1, 0}, {55_000, 55_003, 1, 20_000}, {30_000, 31_000, 1, 40_000}, {7, 100_000, 1000, 100_000}} {
		build := runtimefilter.NewBuilder([]datatype.Type{datatype.BigInt}, 1)
		var want []string
		for id := c.from; id < c.to; id += c.step {
			key := vector.New(datatype.BigInt, 1)
			vector.Values[int64](key)[0] = int64(id)
			build.Add([]*vector.Vector{key}, 1, nil)
			want = append(want, fmt.Sprintf("row %d", id))
		}
		env := source.Env{Filters: []source.Filter{{Columns: []int{1}, Filter: build.Filter()}}}
		rows, _, err := readWith(t, env, table, []int{1, 0})
		require.NoError(t, err)
		require.LessOrEqual(t, len(rows), c.most)

		env.Sieve = &source.Sieve{Columns: []int{1}, Keep: func(b *vector.Batch) []int32 {
			kept, _ := build.Filter().Select(nil, b.Columns[1:2], b.Rows(), b.Selection, nil)
			return kept
		}}
		rows, _, err = readWith(t, env, table, []int{1, 0})
		require.NoError(t, err)
		require.Less(t, len(rows), len(want)+c.most/50+1)
		all := strings.Join(rows, "\n") + "\n"
		for _, w := range want {
			require.Contains(t, all, w)
		}
	}
}
