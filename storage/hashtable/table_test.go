package hashtable

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/column"
)

type userID int32

type compound struct {
	Name string
	At   [2]int16
}

// model is what a table must behave like.
type model[K comparable] struct {
	t      *rapid.T
	table  *Table[K]
	hash   func(keys []K) []uint64
	ids    map[K]uint32
	hashes map[K]uint64
}

func (m *model[K]) lookup(keys []K) {
	hashes, ids := m.hash(keys), make([]uint32, len(keys))
	inserted := m.table.Lookup(keys, hashes, ids)
	fresh := 0
	for i, k := range keys {
		id, known := m.ids[k]
		if !known {
			id = ids[i]
			m.ids[k], m.hashes[k] = id, hashes[i]
			fresh++
		}
		require.Equal(m.t, id, ids[i], "the id of %v", k)
		require.Less(m.t, int(id), m.table.Cap())
	}
	require.Equal(m.t, fresh, inserted)
}

func (m *model[K]) find(keys []K) {
	ids := make([]uint32, len(keys))
	m.table.Find(keys, m.hash(keys), ids)
	for i, k := range keys {
		want, known := m.ids[k]
		if !known {
			want = None
		}
		require.Equal(m.t, want, ids[i], "the id of %v", k)
	}
}

func (m *model[K]) check() {
	require.Equal(m.t, len(m.ids), m.table.Len())
	live := m.table.AppendIDs(nil)
	require.Len(m.t, live, len(m.ids))
	require.True(m.t, slices.IsSorted(live))
	require.Len(m.t, slices.Compact(live), len(m.ids))
	for k, id := range m.ids {
		require.Equal(m.t, k, m.table.Key(id))
		require.Equal(m.t, m.hashes[k], m.table.Hash(id))
	}
}

// testTable runs random histories; bits of the hash are left, so that with few of them most keys collide.
func testTable[K comparable](t *testing.T, key func(t *rapid.T) K) {
	rapid.Check(t, func(t *rapid.T) {
		table, err := New[K](rapid.SampledFrom([]int{0, 1, 100}).Draw(t, "hint"))
		require.NoError(t, err)
		hasher, err := column.Hasher[K]()
		require.NoError(t, err)
		mask := rapid.SampledFrom([]uint64{0, 1, 0xf0, 0xffff, math.MaxUint64, 0xffffffff00000000}).Draw(t, "mask")
		m := &model[K]{t: t, table: table, ids: map[K]uint32{}, hashes: map[K]uint64{}}
		m.hash = func(keys []K) []uint64 {
			out := make([]uint64, len(keys))
			hasher(keys, out)
			for i := range out {
				out[i] &= mask
			}
			return out
		}
		keys := rapid.SliceOfN(rapid.Custom(key), 0, 40)
		t.Repeat(map[string]func(*rapid.T){
			"":       func(*rapid.T) { m.check() },
			"lookup": func(t *rapid.T) { m.lookup(keys.Draw(t, "keys")) },
			"find":   func(t *rapid.T) { m.find(keys.Draw(t, "keys")) },
			"delete": func(t *rapid.T) {
				for k, id := range m.ids {
					if rapid.Bool().Draw(t, "delete") {
						table.Delete(id)
						table.Delete(id)
						delete(m.ids, k)
					}
				}
			},
			"reset": func(t *rapid.T) {
				if rapid.IntRange(0, 4).Draw(t, "reset") == 0 {
					table.Reset()
					clear(m.ids)
				}
			},
		})
	})
}

func TestInt64Table(t *testing.T) {
	testTable(t, func(t *rapid.T) int64 { return rapid.OneOf(rapid.Int64(), rapid.Int64Range(-2, 20)).Draw(t, "key") })
}

func TestNamedInt32Table(t *testing.T) {
	testTable(t, func(t *rapid.T) userID { return userID(rapid.Int32().Draw(t, "key")) })
}

func TestBoolTable(t *testing.T) {
	testTable(t, func(t *rapid.T) bool { return rapid.Bool().Draw(t, "key") })
}

func TestFloatTable(t *testing.T) {
	testTable(t, func(t *rapid.T) float64 { return rapid.Float64().Draw(t, "key") })
}

func TestStringTable(t *testing.T) {
	testTable(t, func(t *rapid.T) string { return rapid.String().Draw(t, "key") })
}

func TestStructTable(t *testing.T) {
	testTable(t, func(t *rapid.T) compound {
		return compound{rapid.String().Draw(t, "name"), [2]int16{rapid.Int16().Draw(t, "at")}}
	})
}

func TestFloatsThatAreTheSameKey(t *testing.T) {
	table, err := New[float32](0)
	require.NoError(t, err)
	nan := float32(math.NaN())
	ids := make([]uint32, 4)
	require.Equal(t, 2, table.Lookup([]float32{0, nan, float32(math.Copysign(0, -1)), -nan}, make([]uint64, 4), ids))
	require.Equal(t, []uint32{0, 1, 0, 1}, ids)
}

func TestTableOfTypeWithoutCodec(t *testing.T) {
	_, err := New[any](0)
	require.ErrorContains(t, err, "making a table of keys: interface {}")
}

// TestOneBatchOfNewKeysPassesManyDoublings would probe for ever if the table grew once for each batch.
func TestOneBatchOfNewKeysPassesManyDoublings(t *testing.T) {
	const n = 100_000
	keys, hashes, ids := make([]int64, n), make([]uint64, n), make([]uint32, n)
	for i := range keys {
		keys[i], hashes[i] = int64(i), uint64(i)*7
	}
	table, err := New[int64](0)
	require.NoError(t, err)
	require.Equal(t, n, table.Lookup(keys, hashes, ids))
	for i, id := range ids {
		require.Equal(t, int64(i), table.Key(id))
	}
	before := table.Bytes()
	table.Reset()
	require.Zero(t, table.Cap())
	require.Zero(t, testing.AllocsPerRun(1, func() { table.Reset(); table.Lookup(keys, hashes, ids) }))
	require.Equal(t, before, table.Bytes())
}

func TestDeletedKeysGiveTheirMemoryBack(t *testing.T) {
	const n = 20_000
	table, err := New[string](0)
	require.NoError(t, err)
	keys, hashes, ids := make([]string, n), make([]uint64, n), make([]uint32, n)
	var peak int64
	var views []string
	for round := range 20 {
		for i := range keys {
			keys[i] = fmt.Sprintf("key %d of round %d", i, round)
			hashes[i] = uint64(i * 31)
		}
		require.Equal(t, n, table.Lookup(keys, hashes, ids))
		views = append(views, table.Key(ids[5]))
		if round == 0 {
			peak = table.Bytes()
		}
		require.Less(t, table.Bytes(), 3*peak)
		require.LessOrEqual(t, table.Cap(), n)
		for _, id := range ids[:n-10*round] {
			table.Delete(id)
		}
		for _, id := range table.AppendIDs(nil) {
			table.Delete(id)
		}
	}
	for round, view := range views {
		require.Equal(t, fmt.Sprintf("key 5 of round %d", round), view, "a view stays good")
	}
}

func TestLongKeys(t *testing.T) {
	table, err := New[string](0)
	require.NoError(t, err)
	var keys []string
	for _, n := range []int{0, 2, firstChunk, 1 << 18, 1<<18 + 1, 1 << 20, longLen - 1, longLen, longLen + 1} {
		keys = append(keys, strings.Repeat("x", n), strings.Repeat("x", max(n-1, 0))+"y")
	}
	ids := make([]uint32, len(keys))
	require.Equal(t, len(keys), table.Lookup(keys, make([]uint64, len(keys)), ids))
	for i, id := range ids {
		require.True(t, keys[i] == table.Key(id))
	}
	require.Equal(t, 0, table.Lookup(keys, make([]uint64, len(keys)), ids))
	for i, id := range ids {
		require.Equal(t, uint32(i), id)
	}
}
