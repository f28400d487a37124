package state_test

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/state/statetest"
	"github.com/leatproject/leat/storage/column"
)

func TestKeyed(t *testing.T) {
	statetest.TestBackend(t, func() (state.Backend[string], error) { return state.NewKeyed[string]() })
}

// TestStateIsDetached keeps a part of a large string: the state must not keep all of it.
func TestStateIsDetached(t *testing.T) {
	b, err := state.NewKeyed[int]()
	require.NoError(t, err)
	value, err := state.NewValue[string](b.States(), state.Descriptor{Name: "value"})
	require.NoError(t, err)
	list, err := state.NewList[[]string](b.States(), state.Descriptor{Name: "list"})
	require.NoError(t, err)
	entries, err := state.NewMap[string, string](b.States(), state.Descriptor{Name: "map"})
	require.NoError(t, err)
	slots := make([]uint32, 1)
	require.NoError(t, b.Acquire([]int{7}, []uint64{7}, slots))
	b.States().SetCurrent(slots[0])

	chunk := strings.Repeat("x", 1<<18)
	part := chunk[100:110]
	value.Update(part)
	list.Add([]string{part})
	entries.Put(part, part)
	inChunk := func(s string) bool {
		at := uintptr(unsafe.Pointer(unsafe.StringData(s)))
		lo := uintptr(unsafe.Pointer(unsafe.StringData(chunk)))
		return at >= lo && at < lo+uintptr(len(chunk))
	}
	v, _ := value.Value()
	require.False(t, inChunk(v))
	require.False(t, inChunk(list.Get()[0][0]))
	for k, v := range entries.All() {
		require.False(t, inChunk(k))
		require.False(t, inChunk(v))
	}
}

func TestDeclarations(t *testing.T) {
	b, err := state.NewKeyed[int]()
	require.NoError(t, err)
	s := b.States()
	_, err = state.NewValue[int](s, state.Descriptor{})
	require.ErrorContains(t, err, "has no name")
	first, err := state.NewValue[int](s, state.Descriptor{Name: "a"})
	require.NoError(t, err)
	again, err := state.NewValue[int](s, state.Descriptor{Name: "a"})
	require.NoError(t, err)
	require.Same(t, first, again)
	_, err = state.NewValue[string](s, state.Descriptor{Name: "a"})
	require.ErrorContains(t, err, "declared twice")
	_, err = state.NewValue[struct{ F func() }](s, state.Descriptor{Name: "f"})
	require.ErrorContains(t, err, "F")
	_, err = state.NewMap[string, chan int](s, state.Descriptor{Name: "m"})
	require.ErrorContains(t, err, "chan int")
	_, err = state.NewList[int](s, state.Descriptor{Name: "l", TTL: state.TTL{Duration: -1}})
	require.ErrorContains(t, err, "time-to-live")
}

// TestBygoneRowsAreBounded: of keys that are removed a backend remembers only so many until the next base.
func TestBygoneRowsAreBounded(t *testing.T) {
	const keys = 40_000
	k, err := state.NewKeyed[int64]()
	require.NoError(t, err)
	v, err := state.NewValue[int64](k.States(), state.Descriptor{Name: "value"})
	require.NoError(t, err)
	k.Follow()
	slots := make([]uint32, keys)
	numbers, hashes := make([]int64, keys), make([]uint64, keys)
	for i := range numbers {
		numbers[i], hashes[i] = int64(i), uint64(i)*0x9e3779b97f4a7c15
	}
	require.NoError(t, k.Acquire(numbers, hashes, slots))
	for _, slot := range slots {
		k.SetCurrent(slot)
		v.Update(1)
	}
	save := func(e state.Extent) (removed int) {
		s, err := k.Snapshot(state.SnapshotOptions{Extent: e, Range: state.AllKeys, Out: func(b *state.Block) {
			if b.Removed {
				removed += b.Rows
			}
		}})
		require.NoError(t, err)
		for !s.Save(keys) {
		}
		s.Confirm()
		return removed
	}
	remove := func(n int) {
		for _, slot := range slots[:n] {
			k.Remove(slot)
		}
		slots = slots[n:]
	}
	save(state.Full)
	for range 10 {
		remove(100)
		require.Equal(t, 100, save(state.Increment))
	}
	require.Equal(t, state.Changed{SinceBase: 1000}, k.Changed())
	require.Equal(t, 1000, save(state.SinceBase))
	remove(20_000)
	require.Equal(t, 20_000, k.Changed().Lost)
	require.Equal(t, 20_000, save(state.Increment))
	require.True(t, k.Changed().Forgotten)
	save(state.Full)
	require.Zero(t, k.Changed())
}

// TestRemovedRowsAreNames: what tells that keys are gone does not hold their values.
func TestRemovedRowsAreNames(t *testing.T) {
	k, err := state.NewKeyed[int64]()
	require.NoError(t, err)
	v, err := state.NewValue[string](k.States(), state.Descriptor{Name: "value"})
	require.NoError(t, err)
	k.Follow()
	const keys, size = 100, 1000
	slot := make([]uint32, 1)
	for i := range int64(keys) {
		require.NoError(t, k.Acquire([]int64{i}, []uint64{uint64(i)}, slot))
		k.SetCurrent(slot[0])
		v.Update(strings.Repeat("x", size))
	}
	save := func(e state.Extent) (bytes int) {
		s, err := k.Snapshot(state.SnapshotOptions{Extent: e, Range: state.AllKeys, Out: func(b *state.Block) { bytes += len(b.Append(nil)) }})
		require.NoError(t, err)
		for !s.Save(keys) {
		}
		s.Confirm()
		return bytes
	}
	require.Greater(t, save(state.Full), keys*size)
	for i := range uint32(keys) {
		k.Remove(i)
	}
	require.Less(t, save(state.Increment), keys*size/10)
	require.Less(t, save(state.SinceBase), keys*size/10)
}

// TestWarm: to bring the state of keys closer changes nothing, also while a snapshot is being taken that has to be saved before.
func TestWarm(t *testing.T) {
	const keys = 100_000
	numbers, hashes, slots := make([]int64, keys), make([]uint64, keys), make([]uint32, keys)
	for i := range numbers {
		numbers[i] = int64(i)
	}
	hash, err := column.Hasher[int64]()
	require.NoError(t, err)
	hash(numbers, hashes)
	k, v := newCounter(t)
	require.NoError(t, k.Acquire(numbers, hashes, slots))
	update := func(slots []uint32, to int64) {
		k.Warm(slots)
		for _, slot := range slots {
			k.SetCurrent(slot)
			v.Update(to)
		}
	}
	var blocks [][]byte
	save := func(e state.Extent, meanwhile func()) {
		s, err := k.Snapshot(state.SnapshotOptions{Extent: e, Range: state.AllKeys, Out: func(b *state.Block) { blocks = append(blocks, b.Append(nil)) }})
		require.NoError(t, err)
		s.Save(keys / 4)
		meanwhile()
		for !s.Save(keys) {
		}
		s.Confirm()
	}
	check := func(want func(i int) int64) {
		restored, w := newCounter(t)
		for _, b := range blocks {
			apply, err := restored.Restore("n", false, b)
			require.NoError(t, err)
			require.NoError(t, apply(state.AllKeys))
		}
		require.Equal(t, keys, restored.Len())
		found := make([]uint32, keys)
		require.NoError(t, restored.Acquire(numbers, hashes, found))
		for i, slot := range found {
			restored.SetCurrent(slot)
			if got, ok := w.Value(); !ok || got != want(i) {
				require.Equal(t, want(i), got, "key %d", i)
			}
		}
	}
	update(slots, 1)
	save(state.Full, func() { update(slots[keys/8:keys/2], 2) })
	check(func(int) int64 { return 1 })
	save(state.Increment, func() { update(slots, 3) })
	check(func(i int) int64 {
		if i >= keys/8 && i < keys/2 {
			return 2
		}
		return 1
	})
	save(state.Increment, func() {})
	check(func(int) int64 { return 3 })
}

func newCounter(t *testing.T) (*state.Keyed[int64], *state.Value[int64]) {
	k, err := state.NewKeyed[int64]()
	require.NoError(t, err)
	v, err := state.NewValue[int64](k.States(), state.Descriptor{Name: "n"})
	require.NoError(t, err)
	k.Follow()
	return k, v
}
