package parquet_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/format/columnar/parquet"
	"github.com/leatproject/leat/storage/vector"
)

// TestTolerant: of a row group with a damaged page the rows before are read, those behind are counted, and the other groups are whole.
func TestTolerant(t *testing.T) {
	fields, b := table(6000)
	want := columnartest.Rows(b)
	all := append(append([]string(nil), want...), want...)
	whole := write(t, fields, parquet.WriterOptions{Codec: parquet.Zstd, RowGroup: 1 << 14}, b, b)
	groups := groups(open(t, whole))
	require.Greater(t, len(groups), 1)
	even := parquet.Sift{Columns: []int{0}, Keep: func(b *vector.Batch) (kept []int32) {
		for i, id := range vector.Values[int64](b.Columns[0]) {
			if id%8 == 0 {
				kept = append(kept, int32(i))
			}
		}
		return kept
	}}
	random := rand.New(rand.NewPCG(1, 2))
	left := 0
	for range 400 {
		damaged := bytes.Clone(whole)
		f := open(t, whole)
		for range 1 + random.IntN(3) {
			damaged[f.GroupStart(random.IntN(len(groups)))+int64(random.IntN(2000))] ^= byte(1 + random.IntN(255))
		}
		f = open(t, damaged)
		for _, sift := range []parquet.Sift{{}, even} {
			r, err := parquet.SiftedReader(f, fields, groups, 0, func(int) ([]parquet.Range, error) { return nil, nil }, sift)
			require.NoError(t, err)
			var lost int64
			rows, err := columnartest.Read(parquet.Tolerant(r, func(_ []byte, err *format.RecordError) error {
				require.Regexp(t, `^f.parquet: row group \d+(, field (id|city|name|fare))?: `, err.Error())
				require.ErrorIs(t, err, parquet.ErrCorrupt)
				lost += err.Records
				return nil
			}), 500)
			require.NoError(t, err)
			require.EqualValues(t, len(all), r.Offset())
			if sift.Keep == nil {
				require.EqualValues(t, len(all), int64(len(rows))+lost)
				left += int(min(lost, 1))
			}
		}
	}
	require.Greater(t, left, 50)
	_, err := columnartest.Read(reader(t, bytes.Replace(whole, []byte{0x28, 0xb5, 0x2f, 0xfd}, []byte("zzzz"), 1), fields), 500)
	require.ErrorContains(t, err, "f.parquet: row group 0, column id, page at byte 4: parquet file is damaged")
}

func reader(t *testing.T, file []byte, fields []columnar.Field) columnar.Reader {
	f := open(t, file)
	r, err := parquet.NewReader(f, fields, groups(f), 0)
	require.NoError(t, err)
	return r
}
