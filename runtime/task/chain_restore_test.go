package task

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/column"
)

// savedBlock is a block of a snapshot, encoded.
type savedBlock struct {
	removed bool
	data    []byte
}

// TestChainsHoldTheState: whatever changes, grows and goes from one checkpoint to the next, and whether that counts or not, what the chain
// has is what there was when the last one that counts began, in a few indexes.
func TestChainsHoldTheState(t *testing.T) {
	hash, err := column.Hasher[int64]()
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		k, v := counters(t)
		model := map[int64]int64{}
		var last int64 // key that was used
		hot := rapid.Int64Range(1, 50).Draw(t, "hot")
		change := func(key, to int64) {
			var hashes [1]uint64
			var slots [1]uint32
			hash([]int64{key}, hashes[:])
			require.NoError(t, k.Acquire([]int64{key}, hashes[:], slots[:]))
			k.SetCurrent(slots[0])
			if to == 0 {
				k.Remove(slots[0])
				delete(model, key)
				return
			}
			v.Update(to)
			model[key] = to
		}
		work := func(n int) {
			for range rapid.IntRange(0, n).Draw(t, "changes") {
				switch rapid.IntRange(0, 5).Draw(t, "change") {
				case 0, 1:
					last++
					change(last, last)
				case 2:
					change(rapid.Int64Range(1, max(last, 1)).Draw(t, "gone"), 0)
				default:
					change(rapid.Int64Range(1, hot).Draw(t, "key"), rapid.Int64Range(1, 1<<40).Draw(t, "to"))
				}
			}
		}
		var c chain
		var blocks [][]savedBlock // by number of the snapshot
		for range rapid.IntRange(1, 60).Draw(t, "checkpoints") {
			work(40)
			p := plan{extent: state.Full}
			if c.indexes != nil {
				p = c.next(k.Changed())
			}
			var out []*state.Block
			s, err := k.Snapshot(state.SnapshotOptions{Extent: p.extent, Base: p.base, Range: state.AllKeys, Out: func(b *state.Block) { out = append(out, b) }})
			require.NoError(t, err)
			want := maps.Clone(model)
			for !s.Save(rapid.IntRange(1, 20).Draw(t, "rows")) {
				work(3)
			}
			o := &OperatorState{Indexes: append(c.under(p.extent), &checkpoint.Handle{Offset: int64(len(blocks))})}
			var saved []savedBlock
			for _, b := range out {
				o.Rows += int64(b.Rows)
				saved = append(saved, savedBlock{b.Removed, b.Append(nil)})
				o.Bytes += int64(len(saved[len(saved)-1].data))
			}
			blocks = append(blocks, saved)
			if rapid.IntRange(0, 5).Draw(t, "counts") == 0 {
				continue
			}
			s.Confirm()
			c = c.saved(p, o)
			require.Equal(t, want, restoredFrom(t, &c, blocks))
			require.LessOrEqual(t, len(c.indexes), 2*longChain+1)
		}
	})
}

// TestChainsStaySmall: of a state that is worked with for long, a chain has no more than a few times what a full snapshot has.
func TestChainsStaySmall(t *testing.T) {
	const each = 100
	for _, w := range []struct {
		name                    string
		fresh, again, lost, end int // rows of a checkpoint, and as many as there are when it no longer grows
		key                     int // bytes that take a row back
	}{
		{"grows", 100, 0, 0, 1 << 30, 10},
		{"grows and changes", 100, 100, 0, 1 << 30, 10},
		{"comes and goes", 100, 0, 100, 0, 10},
		{"all of a row is its key", 100, 0, 100, 0, each},
		{"grows first", 100, 50, 0, 2000, 10},
		{"shrinks", 4, 0, 5, 0, 10},
	} {
		t.Run(w.name, func(t *testing.T) {
			live := 1000
			var c chain
			var written, changed int64
			for n := range 500 {
				changes := state.Changed{Increment: w.fresh + w.again, Fresh: w.fresh, Lost: w.lost, SinceBase: 1 << 30}
				if live > w.end && w.end > 0 {
					changes.Increment, changes.Fresh = w.again, 0
				}
				changes.Lost = min(changes.Lost, live-10)
				live += changes.Fresh - changes.Lost
				p := c.next(changes)
				rows := changes.Increment
				if p.extent == state.Full {
					rows = live
				}
				o := &OperatorState{RemovedRows: int64(changes.Lost), RemovedBytes: int64(changes.Lost * w.key), Indexes: append(c.under(p.extent), &checkpoint.Handle{})}
				if p.extent == state.Full {
					o.RemovedRows, o.RemovedBytes = 0, 0
				}
				o.Rows, o.Bytes = int64(rows)+o.RemovedRows, int64(rows*each)+o.RemovedBytes
				if p.extent == state.SinceBase { // as much as what it takes the place of
					o.Rows, o.Bytes = o.Rows+c.added.rows, o.Bytes+c.added.bytes
				}
				c = c.saved(p, o)
				if n > 0 {
					written, changed = written+o.Bytes, changed+int64(changes.Increment*each+changes.Lost*each)
				}
				require.LessOrEqual(t, c.base.bytes+c.added.bytes, int64(3*live*each), "after %d checkpoints", n)
			}
			require.LessOrEqual(t, written, 5*changed)
		})
	}
}

func counters(t require.TestingT) (*state.Keyed[int64], *state.Value[int64]) {
	k, err := state.NewKeyed[int64]()
	require.NoError(t, err)
	v, err := state.NewValue[int64](k.States(), state.Descriptor{Name: "n"})
	require.NoError(t, err)
	k.Follow()
	return k, v
}

// restoredFrom is what a chain holds.
func restoredFrom(t *rapid.T, c *chain, blocks [][]savedBlock) map[int64]int64 {
	k, v := counters(t)
	for _, h := range c.indexes {
		for _, b := range blocks[h.Offset] {
			apply, err := k.Restore("n", b.removed, b.data)
			require.NoError(t, err)
			require.NoError(t, apply(state.AllKeys))
		}
	}
	all := map[int64]int64{}
	require.NoError(t, k.Each(func(slot uint32) error {
		k.SetCurrent(slot)
		if n, ok := v.Value(); ok {
			all[k.Key(slot)] = n
		}
		return nil
	}))
	return all
}
