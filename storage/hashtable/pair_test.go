package hashtable

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type keySpace struct {
	key       uint32
	namespace int64
}

func split(pairs []keySpace) (keys []uint32, namespaces []int64) {
	for _, p := range pairs {
		keys, namespaces = append(keys, p.key), append(namespaces, p.namespace)
	}
	return keys, namespaces
}

func TestPair(t *testing.T) {
	draw := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) keySpace {
		return keySpace{rapid.Uint32Range(0, 8).Draw(t, "key"), rapid.Int64Range(-4, 4).Draw(t, "window") * 60_000}
	}), 0, 60)
	rapid.Check(t, func(t *rapid.T) {
		table, model := NewPair(0), map[keySpace]uint32{}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				require.Equal(t, len(model), table.Len())
				var want []uint32
				for p, id := range model {
					key, namespace := table.Get(id)
					require.Equal(t, p, keySpace{key, namespace})
					want = append(want, id)
				}
				slices.Sort(want)
				require.Equal(t, want, table.AppendIDs(nil))
			},
			"lookup": func(t *rapid.T) {
				pairs := draw.Draw(t, "pairs")
				keys, namespaces := split(pairs)
				ids, before := make([]uint32, len(pairs)), len(model)
				inserted := table.Lookup(keys, namespaces, ids)
				for i, p := range pairs {
					if _, known := model[p]; !known {
						model[p] = ids[i]
					}
					require.Equal(t, model[p], ids[i])
					require.Less(t, int(ids[i]), table.Cap())
				}
				require.Equal(t, len(model)-before, inserted)
			},
			"find": func(t *rapid.T) {
				pairs := draw.Draw(t, "pairs")
				keys, namespaces := split(pairs)
				ids := make([]uint32, len(pairs))
				table.Find(keys, namespaces, ids)
				for i, p := range pairs {
					want, known := model[p]
					if !known {
						want = None
					}
					require.Equal(t, want, ids[i])
				}
			},
			"delete": func(t *rapid.T) {
				for p, id := range model {
					if rapid.Bool().Draw(t, "delete") {
						table.Delete(id)
						table.Delete(id)
						delete(model, p)
					}
				}
			},
			"reset": func(t *rapid.T) {
				if rapid.IntRange(0, 4).Draw(t, "reset") == 0 {
					table.Reset()
					clear(model)
				}
			},
		})
	})
}

func TestPairReusesIDsAndMemory(t *testing.T) {
	const n = 10_000
	table := NewPair(n)
	size := table.Bytes()
	keys, namespaces, ids := make([]uint32, n), make([]int64, n), make([]uint32, n)
	for window := range int64(50) {
		for i := range keys {
			keys[i], namespaces[i] = uint32(i), window*60_000
		}
		require.Equal(t, n, table.Lookup(keys, namespaces, ids))
		require.Equal(t, n, table.Cap())
		for _, id := range ids {
			table.Delete(id)
		}
	}
	require.Zero(t, table.Len())
	require.Less(t, table.Bytes(), size+n*8)
}

// BenchmarkPair looks up 1e5 keys in 10 windows each.
func BenchmarkPair(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	table, known := NewPair(0), map[keySpace]uint32{}
	batches := make([][]keySpace, 128)
	ids := make([]uint32, batchRows)
	for i := range batches {
		batches[i] = make([]keySpace, batchRows)
		for j := range batches[i] {
			batches[i][j] = keySpace{random.Uint32N(1e5), random.Int64N(10) * 60_000}
		}
	}
	keys, namespaces := make([][]uint32, len(batches)), make([][]int64, len(batches))
	for i, batch := range batches {
		keys[i], namespaces[i] = split(batch)
		table.Lookup(keys[i], namespaces[i], ids)
		for j, id := range ids {
			known[batch[j]] = id
		}
	}
	b.Run("Pair", func(b *testing.B) {
		for i := 0; b.Loop(); i = (i + 1) % len(batches) {
			table.Lookup(keys[i], namespaces[i], ids)
		}
		perRow(b)
	})
	b.Run("GoMap", func(b *testing.B) {
		for i := 0; b.Loop(); i = (i + 1) % len(batches) {
			for j, p := range batches[i] {
				ids[j] = known[p]
			}
		}
		perRow(b)
	})
}
