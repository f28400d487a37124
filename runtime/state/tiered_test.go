package state_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/state/statetest"
)

// tiered keeps as few keys in memory as it can.
func tiered() (state.Backend[string], error) {
	return state.NewTiered[string](func() (state.Store, error) { return statetest.NewMemoryStore(), nil }, nil, 0)
}

func TestTiered(t *testing.T) { statetest.TestBackend(t, tiered) }

var errDisk = errors.New("input/output error")

func TestTieredFaults(t *testing.T) {
	statetest.TestFaults(t, func(nth int64) (state.Backend[string], error) {
		return state.NewTiered[string](func() (state.Store, error) {
			return statetest.NewFaultyStore(statetest.NewMemoryStore(), nth, errDisk), nil
		}, nil, 0)
	}, errDisk)
}

// TestTieredSharesMemory: what a backend has taken of a budget it gives back when another needs its part.
func TestTieredSharesMemory(t *testing.T) {
	const keys = 20_000
	budget := state.NewBudget(2 << 20)
	fill := func() (*state.Tiered[int64], *state.Value[int64]) {
		b, err := state.NewTiered[int64](func() (state.Store, error) { return statetest.NewMemoryStore(), nil }, budget, 0)
		require.NoError(t, err)
		v, err := state.NewValue[int64](b.States(), state.Descriptor{Name: "value"})
		require.NoError(t, err)
		slot := make([]uint32, 1)
		for k := range int64(keys) {
			require.NoError(t, b.Acquire([]int64{k}, []uint64{uint64(k) * 0x9e3779b97f4a7c15}, slot))
			b.States().SetCurrent(slot[0])
			v.Update(k)
		}
		return b, v
	}
	first, value := fill()
	require.Equal(t, keys, first.Len(), "there is room for all")
	second, _ := fill()
	slot := make([]uint32, 1)
	for k := range int64(keys) {
		require.NoError(t, first.Acquire([]int64{k}, []uint64{uint64(k) * 0x9e3779b97f4a7c15}, slot))
		first.States().SetCurrent(slot[0])
		n, ok := value.Value()
		require.True(t, ok)
		require.Equal(t, k, n)
		require.NoError(t, first.Acquire([]int64{-1}, []uint64{uint64(k)}, slot)) // new keys ask for room
	}
	require.LessOrEqual(t, first.Bytes(), int64(3<<20)/2)
	require.NoError(t, second.Close())
	require.NoError(t, first.Close())
}
