package statetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
)

// TestBackend checks a backend against maps of Go: random batches of keys with random operations on all kinds of state.
func TestBackend(t *testing.T, new func() (state.Backend[string], error)) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t, new)
		for range rapid.IntRange(1, 30).Draw(t, "batches") {
			m.batch(t)
		}
		require.NoError(t, m.backend.Close())
	})
	t.Run("snapshots", func(t *testing.T) { testSnapshots(t, new) })
}

// model is a backend with one state of each kind, and what they should hold.
type model struct {
	backend state.Backend[string]
	hash    func(keys []string, out []uint64)
	value   *state.Value[string]
	list    *state.List[string]
	entries *state.Map[string, int64]
	sum     *state.Reducing[int64]

	values map[string]string
	lists  map[string][]string
	maps   map[string][]pair
	sums   map[string]int64
	timers map[string]int
}

type pair struct {
	k string
	v int64
}

func newModel(t *rapid.T, new func() (state.Backend[string], error)) *model {
	b, err := new()
	require.NoError(t, err)
	m := &model{backend: b, values: map[string]string{}, lists: map[string][]string{}, maps: map[string][]pair{}, sums: map[string]int64{}, timers: map[string]int{}}
	m.hash, err = column.Hasher[string]()
	require.NoError(t, err)
	s := b.States()
	s.Count()
	m.value, err = state.NewValue[string](s, state.Descriptor{Name: "value"})
	require.NoError(t, err)
	m.list, err = state.NewList[string](s, state.Descriptor{Name: "list"})
	require.NoError(t, err)
	m.entries, err = state.NewMap[string, int64](s, state.Descriptor{Name: "map"})
	require.NoError(t, err)
	m.sum, err = state.NewReducing(s, state.Descriptor{Name: "sum"}, func(a, b int64) int64 { return a + b })
	require.NoError(t, err)
	return m
}

func (m *model) batch(t *rapid.T) {
	keys := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return fmt.Sprint("key", rapid.IntRange(0, 12).Draw(t, "key")) }), 1, 20).Draw(t, "keys")
	hashes, slots := make([]uint64, len(keys)), make([]uint32, len(keys))
	m.hash(keys, hashes)
	require.NoError(t, m.backend.Acquire(keys, hashes, slots))
	for i, k := range keys {
		require.Equal(t, k, m.backend.Key(slots[i]))
		m.backend.States().SetCurrent(slots[i])
		m.step(t, k, slots[i])
		m.check(t, k)
	}
	m.backend.States().SetCurrent(state.None)
	m.backend.Sweep()
	require.Equal(t, m.live(), m.keys(t))
	require.LessOrEqual(t, m.backend.Len(), len(m.live()))
}

// step changes one state of a key, in the backend and in the model.
func (m *model) step(t *rapid.T, k string, slot uint32) {
	n := rapid.Int64Range(0, 5).Draw(t, "n")
	text := fmt.Sprint("text", n)
	switch rapid.IntRange(0, 12).Draw(t, "operation") {
	case 0, 1:
		m.value.Update(text)
		m.values[k] = text
	case 2:
		m.value.Clear()
		delete(m.values, k)
	case 3:
		m.list.Add(text)
		m.lists[k] = append(m.lists[k], text)
	case 4:
		m.list.Update([]string{text, "x"})
		m.lists[k] = []string{text, "x"}
	case 5:
		m.list.Clear()
		delete(m.lists, k)
	case 6, 7:
		m.entries.Put(text, n)
		if at := slices.IndexFunc(m.maps[k], func(p pair) bool { return p.k == text }); at >= 0 {
			m.maps[k][at].v = n
		} else {
			m.maps[k] = append(m.maps[k], pair{text, n})
		}
	case 8:
		m.entries.Remove(text)
		m.maps[k] = slices.DeleteFunc(m.maps[k], func(p pair) bool { return p.k == text })
	case 9:
		m.entries.Clear()
		delete(m.maps, k)
	case 10:
		m.sum.Add(n)
		m.sums[k] += n
	case 11:
		m.sum.Clear()
		delete(m.sums, k)
	case 12:
		if m.timers[k] > 0 {
			m.timers[k]--
			m.backend.States().Release(slot)
		} else {
			m.timers[k]++
			m.backend.States().Hold(slot)
		}
	}
}

func (m *model) check(t *rapid.T, k string) {
	m.checkUnordered(t, k)
	var all []pair
	for k, v := range m.entries.All() {
		all = append(all, pair{k, v})
	}
	require.Equal(t, append([]pair{}, m.maps[k]...), append([]pair{}, all...))
}

// checkUnordered is check without the order of a map's entries, which a snapshot does not keep.
func (m *model) checkUnordered(t *rapid.T, k string) {
	v, ok := m.value.Value()
	want, wantOK := m.values[k]
	require.Equal(t, want, v)
	require.Equal(t, wantOK, ok)
	require.Equal(t, append([]string{}, m.lists[k]...), append([]string{}, m.list.Get()...))
	require.Equal(t, len(m.lists[k]), m.list.Len())
	var all []pair
	for k, v := range m.entries.All() {
		all = append(all, pair{k, v})
	}
	require.ElementsMatch(t, m.maps[k], all)
	require.Equal(t, len(all), m.entries.Len())
	for _, p := range all {
		v, ok := m.entries.Get(p.k)
		require.True(t, ok)
		require.Equal(t, p.v, v)
	}
	require.False(t, m.entries.Contains("absent"))
	sum, ok := m.sum.Get()
	wantSum, wantOK := m.sums[k]
	require.Equal(t, wantSum, sum)
	require.Equal(t, wantOK, ok)
}

// live is the keys that something holds.
func (m *model) live() []string {
	all := map[string]bool{}
	for k := range m.values {
		all[k] = true
	}
	for k, l := range m.lists {
		all[k] = all[k] || len(l) > 0
	}
	for k, l := range m.maps {
		all[k] = all[k] || len(l) > 0
	}
	for k := range m.sums {
		all[k] = true
	}
	for k, n := range m.timers {
		all[k] = all[k] || n > 0
	}
	maps.DeleteFunc(all, func(_ string, held bool) bool { return !held })
	return append([]string{}, slices.Sorted(maps.Keys(all))...)
}

func (m *model) keys(t *rapid.T) []string {
	keys := []string{}
	require.NoError(t, m.backend.Each(func(slot uint32) error {
		keys = append(keys, m.backend.Key(slot))
		return nil
	}))
	slices.Sort(keys)
	return keys
}
