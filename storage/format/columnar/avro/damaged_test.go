package avro_test

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar/avro"
	"github.com/leatproject/leat/storage/vector"
)

// TestDamagedBlocks: whatever is wrong with a block, and in whatever ranges its file is read, and from whatever offset reading goes on:
// the other blocks are read once, but for the one behind if the marker between them is damaged.
func TestDamagedBlocks(t *testing.T) {
	fields, b := sample(20_000)
	whole := write(t, fields, "snappy", b)
	mark := whole[len(whole)-16:]
	var begins []int // of blocks, and of what is behind the last
	for at := 0; ; {
		next := bytes.Index(whole[at:], mark)
		if next < 0 {
			break
		}
		at += next + len(mark)
		begins = append(begins, at)
	}
	require.Greater(t, len(begins), 4)
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(0, len(begins)-2).Draw(t, "block")
		damaged := bytes.Clone(whole)
		at := rapid.OneOf(rapid.IntRange(begins[k], begins[k]+8), rapid.IntRange(begins[k], begins[k+1]-1)).Draw(t, "at")
		damaged[at] ^= rapid.ByteRange(1, 255).Draw(t, "flip")
		var first []int64 // of each block, and of what is behind the damage
		for _, begin := range []int{begins[k], begins[min(k+2, len(begins)-1)]} {
			ids, _ := read(t, whole, 0, 0, int64(begin-len(mark)), nil)
			first = append(first, int64(len(ids)))
		}
		cuts := rapid.SliceOfNDistinct(rapid.Int64Range(1, int64(len(damaged))-1), 0, 3, rapid.ID).Draw(t, "cuts")
		slices.Sort(cuts)
		cuts = append(append([]int64{0}, cuts...), 0)
		var got []int64
		reports := 0
		for i, start := range cuts[:len(cuts)-1] {
			report := func(_ []byte, err *format.RecordError) error {
				reports++
				require.ErrorContains(t, err, "f.avro: block at byte")
				return nil
			}
			ids, offsets := read(t, damaged, 0, start, cuts[i+1], report)
			got = append(got, ids...)
			from := rapid.SampledFrom(offsets).Draw(t, "from")
			again, _ := read(t, damaged, from.offset, start, cuts[i+1], report)
			require.Equal(t, append([]int64{}, ids[from.rows:]...), append([]int64{}, again...))
		}
		if reports == 0 { // the same was copied from elsewhere
			require.Equal(t, seq(0, 20_000), got)
			return
		}
		require.Equal(t, seq(0, first[0]), got[:first[0]])
		require.Equal(t, seq(first[1], 20_000), got[len(got)-int(20_000-first[1]):])
		for _, id := range got[first[0] : len(got)-int(20_000-first[1])] {
			require.True(t, id >= first[0] && id < first[1])
		}
	})
}

func seq(from, to int64) []int64 {
	out := []int64{}
	for ; from < to; from++ {
		out = append(out, from)
	}
	return out
}

// offset is one that a reader has told, and how many rows it had read.
type offset struct {
	offset int64
	rows   int
}

// read returns the ids in a range of a file from an offset on, and the offsets on the way.
func read(t require.TestingT, file []byte, after, start, end int64, malformed avro.Malformed) (ids []int64, offsets []offset) {
	fields, _ := sample(0)
	f, err := avro.Open(bytes.NewReader(file), "f.avro")
	require.NoError(t, err)
	require.NoError(t, f.Range(bufio.NewReaderSize(bytes.NewReader(file[start:]), 4096), start, end))
	r, err := avro.NewReader(f, fields, after, malformed)
	require.NoError(t, err)
	for err == nil {
		offsets = append(offsets, offset{r.Offset(), len(ids)})
		var b vector.Batch
		err = r.Read(&b, 1000)
		ids = append(ids, vector.Values[int64](b.Columns[0])...)
	}
	require.Equal(t, io.EOF, err)
	return ids, offsets
}
