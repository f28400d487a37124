package state_test

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/state/statetest"
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
