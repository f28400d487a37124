package state_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/state/statetest"
	"github.com/leatproject/leat/storage/column"
)

// aging is a backend with a value and a list that live for a second of processing time.
type aging struct {
	state.Backend[int64]
	value *state.Value[int64]
	list  *state.List[string]
	now   int64
	hash  func(keys []int64, out []uint64)
}

func newAging(t *testing.T, b state.Backend[int64], ttl state.TTL) *aging {
	a := &aging{Backend: b, now: 1000}
	var err error
	s := b.States()
	s.Count()
	s.SetClock(func() state.Times { return state.Times{Processing: a.now} })
	a.value, err = state.NewValue[int64](s, state.Descriptor{Name: "value", TTL: ttl})
	require.NoError(t, err)
	a.list, err = state.NewList[string](s, state.Descriptor{Name: "list", TTL: ttl})
	require.NoError(t, err)
	a.hash, err = column.Hasher[int64]()
	require.NoError(t, err)
	b.Follow()
	return a
}

// at calls f for each key.
func (a *aging) at(t *testing.T, from, to int64, f func(key int64)) {
	for k := from; k < to; k++ {
		var hash [1]uint64
		var slot [1]uint32
		a.hash([]int64{k}, hash[:])
		require.NoError(t, a.Acquire([]int64{k}, hash[:], slot[:]))
		a.States().SetCurrent(slot[0])
		f(k)
		a.States().SetCurrent(state.None)
		a.Sweep()
	}
}

func (a *aging) fill(t *testing.T, from, to int64) {
	a.at(t, from, to, func(k int64) {
		a.value.Update(k)
		a.list.Add("x")
	})
}

// save takes a snapshot and returns its blocks.
func (a *aging) save(t *testing.T, extent state.Extent) (sections []string, blocks [][]byte, rows int) {
	var out []*state.Block
	s, err := a.Snapshot(state.SnapshotOptions{Extent: extent, Range: state.AllKeys, Out: func(b *state.Block) { out = append(out, b) }})
	require.NoError(t, err)
	for !s.Save(1000) {
	}
	for _, b := range out {
		require.NoError(t, b.Each(func(b *state.Block) error {
			sections, blocks = append(sections, b.Section), append(blocks, b.Append(nil))
			rows += b.Rows
			return nil
		}))
	}
	return sections, blocks, rows
}

var ttlBackends = map[string]func() (state.Backend[int64], error){
	"hashmap": func() (state.Backend[int64], error) { return state.NewKeyed[int64]() },
	"tiered": func() (state.Backend[int64], error) {
		return state.NewTiered[int64](func() (state.Store, error) { return statetest.NewMemoryStore(), nil }, nil, 0)
	},
}

// TestExpiredIsLeftOutOfFullSnapshots, wherever it is; what is restored goes on aging.
func TestExpiredIsLeftOutOfFullSnapshots(t *testing.T) {
	for name, backend := range ttlBackends {
		t.Run(name, func(t *testing.T) {
			ttl := state.TTL{Duration: time.Second, Cleanup: -1, CleanupFullSnapshot: true}
			b, err := backend()
			require.NoError(t, err)
			a := newAging(t, b, ttl)
			a.fill(t, 0, 3000)
			a.now = 1600
			a.fill(t, 2000, 5000)
			a.now = 2100
			sections, blocks, rows := a.save(t, state.Full)
			require.Equal(t, 6000, rows)

			b, err = backend()
			require.NoError(t, err)
			restored := newAging(t, b, ttl)
			for i, data := range blocks {
				apply, err := b.Restore(sections[i], false, data)
				require.NoError(t, err)
				require.NoError(t, apply(state.AllKeys))
			}
			b.Sweep()
			restored.now = 2599
			restored.at(t, 0, 5000, func(k int64) {
				v, ok := restored.value.Value()
				require.Equal(t, k >= 2000, ok)
				if ok {
					require.Equal(t, k, v)
					require.Equal(t, []string{"x"}, restored.list.Get())
				}
			})
			restored.now = 2600
			restored.at(t, 0, 5000, func(int64) {
				_, ok := restored.value.Value()
				require.False(t, ok)
			})
			require.NoError(t, a.Close())
			require.NoError(t, restored.Close())
		})
	}
}

// TestExpiredIsCleanedUp: keys that nobody asks for go while others are used, also those on disk.
func TestExpiredIsCleanedUp(t *testing.T) {
	for name, backend := range ttlBackends {
		t.Run(name, func(t *testing.T) {
			b, err := backend()
			require.NoError(t, err)
			a := newAging(t, b, state.TTL{Duration: time.Second})
			a.fill(t, 0, 2000)
			_, _, _ = a.save(t, state.Increment)
			a.now = 2000
			for range 20 {
				a.fill(t, 10_000, 12_000)
			}
			keys := 0
			require.NoError(t, b.Each(func(slot uint32) error {
				keys++
				return nil
			}))
			require.Equal(t, 2000, keys)
			require.NoError(t, a.Close())
		})
	}
}

// TestDisabledTTL: values live for ever.
func TestDisabledTTL(t *testing.T) {
	b, err := ttlBackends["hashmap"]()
	require.NoError(t, err)
	a := newAging(t, b, state.TTL{Duration: time.Second, Update: state.Disabled})
	a.fill(t, 0, 10)
	a.now = 1 << 60
	a.at(t, 0, 10, func(k int64) {
		v, ok := a.value.Value()
		require.True(t, ok)
		require.Equal(t, k, v)
	})
}
