package column

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/zeebo/xxh3"
)

func hashAll[K comparable](t testing.TB, keys ...K) []uint64 {
	t.Helper()
	hash, err := Hasher[K]()
	require.NoError(t, err)
	out := make([]uint64, len(keys))
	hash(keys, out)
	return out
}

// TestHashesAreStable pins hashes: they decide in which key group of a savepoint a key lies.
func TestHashesAreStable(t *testing.T) {
	type pair struct {
		A userID
		B string
	}
	require.Equal(t, []uint64{0xe220a8397b1dcdaf, 0x910a2dec89025cc1}, hashAll[int64](t, 0, 1))
	require.Equal(t, hashAll[int64](t, 1, -1), hashAll[userID](t, 1, -1))
	require.Equal(t, []uint64{0x2d06800538d394c2, 0x78af5f94892f3950}, hashAll(t, "", "abc"))
	require.Equal(t, hashAll(t, "leat"), hashAll[country](t, "leat"))
	require.Equal(t, []uint64{0x48ac5605f0fc804b}, hashAll(t, pair{1, "x"}))
	require.Equal(t, hashAll(t, 0.0), hashAll(t, math.Copysign(0, -1)))
	require.Equal(t, hashAll(t, math.NaN()), hashAll(t, math.Float64frombits(0xfff8000000000123)))
	require.Equal(t, hashAll[uint16](t, 7), hashAll[int64](t, 7))
	require.Equal(t, xxh3.Hash([]byte{1, 2, 3}), hashAll(t, [3]byte{1, 2, 3})[0])
	_, err := Hasher[any]()
	require.ErrorContains(t, err, "interface {}: interface {} cannot be encoded")
}

// TestHashesSpread looks at the bits that key groups, partitions and tables use, for keys as people have them.
func TestHashesSpread(t *testing.T) {
	const n, buckets = 1 << 16, 1 << 10
	patterns := map[string]func(i uint64) uint64{
		"1": func(i uint64) uint64 { return i }, "negative": func(i uint64) uint64 { return -i },
		"1000": func(i uint64) uint64 { return i * 1000 }, "minute": func(i uint64) uint64 { return 1.7e12 + i*60000 },
		"day": func(i uint64) uint64 { return 1.7e12 + i*86400000 }, "snowflake": func(i uint64) uint64 { return 1<<60 + i<<22 },
		"float": func(i uint64) uint64 { return math.Float64bits(float64(i)) },
	}
	for shift := uint64(1); shift <= 48; shift++ {
		patterns["shift "+strconv.Itoa(int(shift))] = func(i uint64) uint64 { return i << shift }
	}
	for name, key := range patterns {
		keys := make([]uint64, n)
		for i := range keys {
			keys[i] = key(uint64(i))
		}
		var low, high, both [buckets]int
		for _, h := range hashAll(t, keys...) {
			low[h%buckets]++
			high[h>>54]++
			if h>>61 == 0 {
				both[h%buckets]++ // the keys of one partition in its table
			}
		}
		for what, counts := range map[string][buckets]int{"low": low, "high": high, "low in a partition": both} {
			total, squares := 0, 0.0
			for _, c := range counts {
				total += c
				squares += float64(c) * float64(c)
			}
			mean := float64(total) / buckets
			chi := squares/mean - float64(total)
			require.Less(t, chi, buckets*1.3, "%s bits of keys with pattern %s", what, name)
			if what != "low in a partition" {
				require.Equal(t, n, total)
			} else {
				require.InDelta(t, n/8, total, n/40, name)
			}
		}
	}
}
