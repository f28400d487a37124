package statetest

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/state"
)

// block is an encoded block.
type block struct {
	section string
	removed bool
	keys    state.Range
	data    []byte
}

// taken is a snapshot and what the model held when it began.
type taken struct {
	*state.Snapshot
	extent state.Extent
	base   bool
	out    []*state.Block
	blocks []block
	saved  bool
	model  *model
}

// testSnapshots takes snapshots of all extents, confirmed and not, while the state goes on changing. What is
// restored from a chain of them, by any number of backends that share the keys, is what there was when the last one began.
func testSnapshots(t *testing.T, new func() (state.Backend[string], error)) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t, new)
		m.backend.Follow()
		var chain []*taken
		var bases int // of the chain
		var running *taken
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch what := rapid.IntRange(0, 5).Draw(t, "what"); {
			case what < 3:
				m.batch(t)
			case running == nil:
				e := drawExtent(t)
				if len(chain) == 0 || e == state.SinceBase && m.backend.Changed().Forgotten {
					e = state.Full
				}
				running = begin(t, m, e, rapid.IntRange(0, 3).Draw(t, "base") == 0)
			case !running.saved:
				running.saved = running.Save(rapid.IntRange(1, 10).Draw(t, "rows"))
				if rapid.Bool().Draw(t, "encode") {
					running.encode(t)
				}
				if !running.saved && what == 5 {
					running.Abandon()
					running = nil
				}
			default:
				if what < 5 {
					running.encode(t)
					running.Confirm()
					switch running.extent {
					case state.Full:
						chain = nil
					case state.SinceBase:
						chain = chain[:bases]
					}
					if chain = append(chain, running); running.base || running.extent == state.Full {
						bases = len(chain)
					}
					restored(t, chain, new)
				}
				running = nil
			}
		}
		require.NoError(t, m.backend.Close())
	})
}

func drawExtent(t *rapid.T) state.Extent {
	return rapid.SampledFrom([]state.Extent{state.Increment, state.Increment, state.Increment, state.SinceBase, state.SinceBase, state.Full}).Draw(t, "extent")
}

func begin(t *rapid.T, m *model, e state.Extent, base bool) *taken {
	s := &taken{extent: e, base: base, model: m.copy()}
	var err error
	s.Snapshot, err = m.backend.Snapshot(state.SnapshotOptions{Extent: e, Base: base, Range: state.AllKeys, Out: func(b *state.Block) {
		s.out = append(s.out, b)
	}})
	require.NoError(t, err)
	return s
}

// encode encodes the blocks that have come so far.
func (s *taken) encode(t *rapid.T) {
	for _, b := range s.out {
		require.NoError(t, b.Each(func(b *state.Block) error {
			s.blocks = append(s.blocks, block{b.Section, b.Removed, b.Range, b.Append(nil)})
			return nil
		}))
	}
	s.out = nil
}

func restored(t *rapid.T, chain []*taken, new func() (state.Backend[string], error)) {
	shares := split(rapid.IntRange(1, 3).Draw(t, "shares"))
	want := chain[len(chain)-1].model
	var keys []string
	for _, share := range shares {
		m := newModel(t, new)
		m.backend.Follow()
		for _, s := range chain {
			for _, b := range s.blocks {
				apply, err := m.backend.Restore(b.section, b.removed, b.data)
				require.NoError(t, err)
				require.NoError(t, apply(share))
			}
		}
		m.backend.Sweep()
		b := m.backend
		m.values, m.lists, m.maps, m.sums = want.values, want.lists, want.maps, want.sums
		require.NoError(t, b.Each(func(slot uint32) error {
			k := b.Key(slot)
			keys = append(keys, k)
			b.States().SetCurrent(slot)
			m.checkUnordered(t, k)
			return nil
		}))
		require.NoError(t, b.Close())
	}
	slices.Sort(keys)
	want.timers = nil
	require.Equal(t, want.live(), append([]string{}, keys...))
}

func split(n int) (shares []state.Range) {
	for i := range n {
		shares = append(shares, state.Range{First: uint16(i * 1 << 16 / n), Last: uint16((i+1)*1<<16/n - 1)})
	}
	return shares
}

func (m *model) copy() *model {
	c := *m
	c.values, c.sums = maps.Clone(m.values), maps.Clone(m.sums)
	c.lists, c.maps = map[string][]string{}, map[string][]pair{}
	for k, v := range m.lists {
		c.lists[k] = slices.Clone(v)
	}
	for k, v := range m.maps {
		c.maps[k] = slices.Clone(v)
	}
	return &c
}
