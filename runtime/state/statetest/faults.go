package statetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/state"
)

// TestFaults checks that a backend whose nth access to its place fails with want says so and, until then, is right.
func TestFaults(t *testing.T, new func(nth int64) (state.Backend[string], error), want error) {
	rapid.Check(t, func(t *rapid.T) {
		nth := rapid.Int64Range(1, 30).Draw(t, "fault")
		m := newModel(t, func() (state.Backend[string], error) { return new(nth) })
		m.backend.Follow()
		for range rapid.IntRange(1, 40).Draw(t, "batches") {
			if err := m.tryBatch(t); err != nil {
				require.ErrorIs(t, err, want)
				break
			}
			if err := m.trySnapshot(drawExtent(t)); err != nil {
				require.ErrorIs(t, err, want)
				break
			}
		}
		require.NoError(t, m.backend.Close())
	})
}

func (m *model) tryBatch(t *rapid.T) error {
	var keys []string
	for range rapid.IntRange(1, 20).Draw(t, "keys") {
		keys = append(keys, fmt.Sprint("key", rapid.IntRange(0, 50).Draw(t, "key")))
	}
	hashes, slots := make([]uint64, len(keys)), make([]uint32, len(keys))
	m.hash(keys, hashes)
	if err := m.backend.Acquire(keys, hashes, slots); err != nil {
		return err
	}
	for i, k := range keys {
		m.backend.States().SetCurrent(slots[i])
		m.step(t, k, slots[i])
		m.check(t, k)
	}
	m.backend.States().SetCurrent(state.None)
	m.backend.Sweep()
	return nil
}

func (m *model) trySnapshot(e state.Extent) error {
	var out []*state.Block
	s, err := m.backend.Snapshot(state.SnapshotOptions{Extent: e, Range: state.AllKeys, Out: func(b *state.Block) { out = append(out, b) }})
	if err != nil {
		return err
	}
	for !s.Save(100) {
	}
	for _, b := range out {
		if err := b.Each(func(*state.Block) error { return nil }); err != nil {
			return err
		}
	}
	s.Confirm()
	return nil
}
