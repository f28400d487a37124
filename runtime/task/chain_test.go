package task

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/checkpoint"
)

// TestExtents: how much snapshots of a state of 1000 rows save, of which each row takes 10 bytes. Small letters are bases.
func TestExtents(t *testing.T) {
	const rows, each = 1000, 10
	for _, c := range []struct {
		name string
		// changed is what is told before the nth snapshot, of which the first is 0.
		changed func(n, base int) state.Changed
		want    string
	}{
		{"the same keys again and again",
			func(int, int) state.Changed { return state.Changed{Increment: 50, SinceBase: 50} }, "FISSSSSSSSSSSSS"},
		{"mostly the same keys",
			func(int, int) state.Changed { return state.Changed{Increment: 50, SinceBase: 65} }, "FISISISISISISIS"},
		{"always others",
			func(n, base int) state.Changed { return state.Changed{Increment: 400, SinceBase: 400 * (n - base)} }, "FIIIFIIIFIIIFII"},
		{"what was removed is not known any more",
			func(int, int) state.Changed { return state.Changed{Increment: 250, SinceBase: 250, Forgotten: true} }, "FIIIIIFIIIIIFII"},
		{"new ones, and then the same again and again", func(n, base int) state.Changed {
			if n < 5 {
				return state.Changed{Increment: 400, SinceBase: 400 * (n - base), Fresh: 400}
			}
			return state.Changed{Increment: 50, SinceBase: 400*max(5-base-1, 0) + 50}
		}, "FIIIiISSSSSSSSS"},
		{"new ones, while others go", func(n, base int) state.Changed {
			return state.Changed{Increment: 250, SinceBase: 500 * (n - base), Fresh: 250, Lost: 250}
		}, "FIIIIIFIIIIIFII"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var x chain
			got, full, base := "", 0, 0
			for n := range 15 {
				p := x.next(c.changed(n, base))
				o := &OperatorState{Indexes: append(x.under(p.extent), &checkpoint.Handle{Offset: int64(n)})}
				letter := "I"
				switch p.extent {
				case state.Full:
					letter, full, base, o.Rows = "F", n, n, rows
				case state.SinceBase:
					letter, o.Rows = "S", int64(p.changed.SinceBase)
				default:
					o.Rows = int64(p.changed.Increment)
				}
				o.Bytes = o.Rows * each
				if x = x.saved(p, o); p.base && p.extent != state.Full {
					letter, base = strings.ToLower(letter), n
				}
				require.EqualValues(t, full, x.indexes[0].Offset, "all build on the last full one")
				got += letter
			}
			require.Equal(t, c.want, got)
		})
	}
}

// TestLongChainsAreCut: many small increments become one before they are as large as the full snapshot.
func TestLongChainsAreCut(t *testing.T) {
	x := chain{indexes: []*checkpoint.Handle{{}}, bases: 1, base: saved{rows: 1 << 27, bytes: 1 << 30}}
	for n := 1; n <= longChain; n++ {
		p := x.next(state.Changed{Increment: 1, SinceBase: 1000 * n})
		require.Equal(t, state.Increment, p.extent)
		x = x.saved(p, &OperatorState{Rows: 1, Bytes: 10, Indexes: append(x.under(p.extent), &checkpoint.Handle{})})
	}
	require.Equal(t, state.SinceBase, x.next(state.Changed{Increment: 1, SinceBase: 1000 * longChain}).extent)
	require.Len(t, x.under(state.SinceBase), 1)
}

// TestWholeCheckpoints: where checkpoints are not incremental, none adds to the one before.
func TestWholeCheckpoints(t *testing.T) {
	n := &node{ctx: &operator.Context{}}
	n.ctx.States.Keyed = map[string]operator.KeyedState{"": &taking{}}
	x := &Task{cfg: Config{Checkpoints: &Checkpoints{}}, nodes: []*node{n}, progress: progress{chains: []chain{{indexes: []*checkpoint.Handle{{}}, base: saved{bytes: 1}}}}}
	require.Equal(t, state.Increment, x.plan(0).extent)
	x.cfg.Checkpoints.Whole = true
	require.Equal(t, state.Full, x.plan(0).extent)
}
