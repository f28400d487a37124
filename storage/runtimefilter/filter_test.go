package runtimefilter_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/runtimefilter"
	"github.com/leatproject/leat/storage/vector"
)

// keys is a column of numbers, negative ones being NULL, and one of texts.
func keys(numbers []int64) []*vector.Vector {
	n, s := vector.New(datatype.BigInt, len(numbers)), vector.New(datatype.String, len(numbers))
	for i, x := range numbers {
		s.PutBytes(i, []byte{byte('a' + x&7)})
		if vector.Values[int64](n)[i] = x; x < 0 {
			n.SetNull(i)
		}
	}
	n.Finish()
	s.Finish()
	return []*vector.Vector{n, s}
}

var types = []datatype.Type{datatype.BigInt, datatype.String}

// TestPartnersPass builds filters in parts, as sub-tasks do, and looks for the keys in what they are merged to.
func TestPartnersPass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Int64Range(-2, rapid.SampledFrom([]int64{5, 100, 1 << 40}).Draw(t, "range"))
		parts := rapid.IntRange(1, 4).Draw(t, "parts")
		var filters []*runtimefilter.Filter
		in := map[int64]bool{}
		for range parts {
			b := runtimefilter.NewBuilder(types, parts)
			for range rapid.IntRange(0, 2).Draw(t, "batches") {
				some := rapid.SliceOfN(number, 0, 300).Draw(t, "build")
				b.Add(keys(some), len(some), nil)
				for _, x := range some {
					in[x] = in[x] || x >= 0
				}
			}
			wire, err := b.Filter().AppendBinary(nil)
			require.NoError(t, err)
			f, err := runtimefilter.Decode(wire, 2)
			require.NoError(t, err)
			filters = append(filters, f)
		}
		f := runtimefilter.Merge(filters)
		probe := rapid.SliceOfN(number, 1, 300).Draw(t, "probe")
		var selection []int32
		if rapid.Bool().Draw(t, "some") {
			for i := 0; i < len(probe); i += 2 {
				selection = append(selection, int32(i))
			}
		}
		rows := len(probe)
		if selection != nil {
			rows = len(selection)
		}
		kept, _ := f.Select(nil, keys(probe), rows, selection, nil)
		require.NotNil(t, kept)
		require.True(t, slices.IsSorted(kept))
		for i, x := range probe {
			if selection != nil && i%2 > 0 {
				require.NotContains(t, kept, int32(i))
			} else if in[x] {
				require.Contains(t, kept, int32(i))
			} else if x < 0 {
				require.NotContains(t, kept, int32(i))
			}
		}
		checkBounds(t, f, in)
	})
}

func checkBounds(t *rapid.T, f *runtimefilter.Filter, in map[int64]bool) {
	values, exact := f.Bounds(0, datatype.BigInt)
	require.NotNil(t, values)
	all := slices.Clone(vector.Values[int64](values))
	if !exact {
		require.Len(t, all, 2)
	}
	for x, is := range in {
		switch {
		case is && exact:
			require.Contains(t, all, x)
		case is:
			require.True(t, all[0] <= x && x <= all[1])
		}
	}
	if text, _ := f.Bounds(1, datatype.String); text != nil {
		require.Zero(t, text.Len(), "there were no keys at all")
	}
}

func TestFewOthersPass(t *testing.T) {
	b := runtimefilter.NewBuilder(types, 1)
	numbers := make([]int64, 50_000)
	for i := range numbers {
		numbers[i] = int64(2 * i)
	}
	b.Add(keys(numbers), len(numbers), nil)
	for i := range numbers {
		numbers[i]++
	}
	kept, _ := b.Filter().Select(nil, keys(numbers), len(numbers), nil, nil)
	require.Less(t, len(kept), len(numbers)/20)
}

func TestTooManyKeys(t *testing.T) {
	one := types[:1]
	b := runtimefilter.NewBuilder(one, 1)
	numbers := make([]int64, 1<<16)
	for at := 0; at <= 2*runtimefilter.MaxKeys; at += len(numbers) {
		for i := range numbers {
			numbers[i] = int64(at + i)
		}
		b.Add(keys(numbers)[:1], len(numbers), nil)
	}
	f := b.Filter()
	require.False(t, f.Drops())
	require.Same(t, f, runtimefilter.Merge([]*runtimefilter.Filter{{}, f}))
	wire, err := f.AppendBinary(nil)
	require.NoError(t, err)
	f, err = runtimefilter.Decode(wire, 1)
	require.NoError(t, err)
	require.False(t, f.Drops())
}

func FuzzDecode(f *testing.F) {
	b := runtimefilter.NewBuilder(types, 1)
	b.Add(keys([]int64{1, 2, -1}), 3, nil)
	wire, err := b.Filter().AppendBinary(nil)
	require.NoError(f, err)
	f.Add(wire)
	f.Fuzz(func(t *testing.T, wire []byte) {
		filter, err := runtimefilter.Decode(wire, 2)
		if err == nil && filter.Drops() {
			filter.Select(nil, keys([]int64{1, 5}), 2, nil, nil)
			filter.Bounds(0, datatype.BigInt)
		}
	})
}
