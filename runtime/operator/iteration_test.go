package operator

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
)

// TestIterationJoin compares each superstep with nested loops, with memory for the right rows and without.
func TestIterationJoin(t *testing.T) {
	text := func(r *row) string {
		if r == nil {
			return "-"
		}
		return r.String()
	}
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 3))
		kind := JoinKind(rng.IntN(4))
		memory := []int64{2 << 10, 32 << 10, 32 << 20}[rng.IntN(3)]
		j := &IterationJoin[row, row, string, string]{Join: Join[row, row, string, string]{Kind: kind, Left: rowKeys(), Right: rowKeys(),
			Function: BoundedJoinFunc[row, row, string](func(_ *FunctionContext, l, r *row, out *Collector[string]) error {
				out.Collect(text(l) + " " + text(r))
				return nil
			})}}
		rig := newRig(t, Batch, 2, j, memory)
		require.NoError(t, j.Open(rig.ctx))
		draw := func(n int) (rows []row) {
			for range n {
				rows = append(rows, row{fmt.Sprint("k", rng.IntN(200)), rng.Int64N(1000)})
			}
			return rows
		}
		process := func(in int, rows []row) {
			for chunk := range slices.Chunk(rows, 100) {
				require.NoError(t, rig.call(j.Process(in, column.BatchOf(slices.Clone(chunk)))))
			}
		}
		right := draw(rng.IntN(3000))
		early := draw(rng.IntN(500)) // before the right input has ended
		process(1, right[:len(right)/2])
		process(0, early)
		process(1, right[len(right)/2:])
		require.NoError(t, rig.endInput(1))
		for range 3 {
			left := draw(rng.IntN(1000))
			process(0, left)
			require.NoError(t, rig.call(j.EndSuperstep()))
			want := nestedLoops(append(early, left...), right, kind, text)
			slices.Sort(rig.out)
			require.Equal(t, want, rig.out, "seed %d, kind %d, memory %d", seed, kind, memory)
			rig.out, early = nil, nil
		}
		require.NoError(t, rig.endInput(0))
		require.Empty(t, rig.out)
		require.NoError(t, j.Close())
		require.Zero(t, rig.ctx.Memory.Used())
	}
}

func nestedLoops(left, right []row, kind JoinKind, text func(*row) string) (all []string) {
	met := make([]bool, len(right))
	for i := range left {
		alone := true
		for k := range right {
			if left[i].Key == right[k].Key {
				alone, met[k] = false, true
				all = append(all, text(&left[i])+" "+text(&right[k]))
			}
		}
		if alone && kind.keepsLeft() {
			all = append(all, text(&left[i])+" "+text(nil))
		}
	}
	for k := range right {
		if !met[k] && kind.keepsRight() {
			all = append(all, text(nil)+" "+text(&right[k]))
		}
	}
	slices.Sort(all)
	return all
}

// TestIterationCoordinator lets sub-tasks begin anew and expects that no superstep mixes two runs.
func TestIterationCoordinator(t *testing.T) {
	type answer struct {
		value []byte
		err   error
	}
	c := &IterationCoordinator{MaxIterations: 3}
	require.NoError(t, c.Start(t.Context(), 2))
	ask := func(subtask int, request []byte) chan answer {
		ch := make(chan answer, 1)
		go func() {
			v, err := c.Handle(t.Context(), subtask, request)
			ch <- answer{v, err}
		}()
		return ch
	}
	begin := func() int64 {
		a, b := ask(0, []byte{requestBegin}), ask(1, []byte{requestBegin})
		x, y := <-a, <-b
		require.NoError(t, x.err)
		require.Equal(t, x.value, y.value)
		return int64(binary.LittleEndian.Uint64(x.value))
	}
	next := func(run, step, live int64) []byte { return iterationRequest(requestNext, run, step, live) }
	run := begin()
	for step, want := range []byte{1, 1, 0} { // the third is the last
		a, b := ask(0, next(run, int64(step+1), 0)), ask(1, next(run, int64(step+1), 5))
		require.Equal(t, answer{[]byte{want}, nil}, <-a)
		require.Equal(t, answer{[]byte{want}, nil}, <-b)
	}
	require.NoError(t, c.Reset(t.Context(), "job", 0))
	require.NoError(t, c.Reset(t.Context(), "job", 1))
	again := begin()
	require.Greater(t, again, run)
	a, watch := ask(0, next(again, 1, 1)), ask(0, iterationRequest(requestWatch, again))
	require.NoError(t, c.Reset(t.Context(), "job", 1)) // it begins anew, so the run is over for sub-task 0
	require.ErrorIs(t, (<-a).err, errRunGivenUp)
	require.ErrorIs(t, (<-watch).err, errRunGivenUp)
	require.ErrorIs(t, (<-ask(0, iterationRequest(requestWatch, again))).err, errRunGivenUp)
	require.ErrorIs(t, (<-ask(0, next(again, 1, 1))).err, errRunGivenUp)
	require.NoError(t, c.Reset(t.Context(), "job", 0))
	run = begin()
	a, b := ask(0, next(run, 1, 0)), ask(1, next(run, 1, 0)) // nothing is live
	require.Equal(t, answer{[]byte{0}, nil}, <-a)
	require.Equal(t, answer{[]byte{0}, nil}, <-b)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Handle(ctx, 0, []byte{requestBegin})
	require.ErrorIs(t, err, context.Canceled)
	require.Greater(t, begin(), run, "it waits for sub-task 0 to ask again")
	_, err = c.Handle(ctx, 0, []byte("x"))
	require.ErrorContains(t, err, "cannot be read")
}
