package task

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/checkpoint"
)

// TestExtents: how much snapshots of a state of 1000 rows save, of which each row takes 10 bytes.
func TestExtents(t *testing.T) {
	const rows, each = 1000, 10
	for _, c := range []struct {
		name string
		// changed is what is told before the nth snapshot, of which the first is 0.
		changed func(n, full int) (increment, sinceFull int, ok bool)
		want    string
	}{
		{"the same keys again and again",
			func(int, int) (int, int, bool) { return 50, 50, true }, "FISSSSSSSSSSSSS"},
		{"mostly the same keys",
			func(int, int) (int, int, bool) { return 50, 65, true }, "FISISISISISISIS"},
		{"always others",
			func(n, full int) (int, int, bool) { return 400, 400 * (n - full), true }, "FIIIFIIIFIIIFII"},
		{"what was removed is not known any more",
			func(int, int) (int, int, bool) { return 250, 250, false }, "FIIIIIFIIIIIFII"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var x chain
			got, full := "", 0
			for n := range 15 {
				increment, sinceFull, ok := c.changed(n, full)
				e := x.next(increment, sinceFull, ok)
				o := &OperatorState{Indexes: append(x.under(e), &checkpoint.Handle{Offset: int64(n)})}
				switch e {
				case state.Full:
					full, o.Rows = n, rows
				case state.SinceFull:
					o.Rows = int64(sinceFull)
				default:
					o.Rows = int64(increment)
				}
				o.Bytes = o.Rows * each
				x = x.saved(e, o)
				require.EqualValues(t, full, x.indexes[0].Offset, "all build on the last full one")
				got += map[state.Extent]string{state.Increment: "I", state.SinceFull: "S", state.Full: "F"}[e]
			}
			require.Equal(t, c.want, got)
		})
	}
}

// TestLongChainsAreCut: many small increments become one before they are as large as the full snapshot.
func TestLongChainsAreCut(t *testing.T) {
	x := chain{indexes: []*checkpoint.Handle{{}}, base: 1 << 30}
	for n := 1; n <= longChain; n++ {
		require.Equal(t, state.Increment, x.next(1, 1000*n, true))
		x = x.saved(state.Increment, &OperatorState{Rows: 1, Bytes: 10, Indexes: append(x.under(state.Increment), &checkpoint.Handle{})})
	}
	require.Equal(t, state.SinceFull, x.next(1, 1000*longChain, true))
	require.Len(t, x.under(state.SinceFull), 1)
}

// TestWholeCheckpoints: where checkpoints are not incremental, none adds to the one before.
func TestWholeCheckpoints(t *testing.T) {
	n := &node{ctx: &operator.Context{}}
	n.ctx.States.Keyed = map[string]operator.KeyedState{"": &taking{}}
	x := &Task{cfg: Config{Checkpoints: &Checkpoints{}}, nodes: []*node{n}, progress: progress{chains: []chain{{indexes: []*checkpoint.Handle{{}}, base: 1}}}}
	require.Equal(t, state.Increment, x.extent(0))
	x.cfg.Checkpoints.Whole = true
	require.Equal(t, state.Full, x.extent(0))
}
