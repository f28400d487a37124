package datastream_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

// placed is a number and the sub-tasks that made it and received it.
type placed struct {
	N        int64
	From, To int
}

// distribute sends n numbers from producers to consumers sub-tasks and returns where they went.
func distribute(t *testing.T, producers, consumers int, n int64, partition func(*datastream.Stream[placed]) *datastream.Stream[placed]) []placed {
	env := datastream.NewEnvironment().SetRuntimeMode("STREAMING")
	made := datastream.MapContext(datastream.Rebalance(datastream.FromSequence(env, 0, n-1).Parallelism(1)), func(ctx *datastream.Context, v int64) (placed, error) {
		return placed{N: v, From: ctx.Subtask()}, nil
	}).Parallelism(producers)
	received := datastream.MapContext(partition(made), func(ctx *datastream.Context, p placed) (placed, error) {
		p.To = ctx.Subtask()
		return p, nil
	}).Parallelism(consumers)
	got, err := datastream.ExecuteAndCollect(context.Background(), received, "distribute")
	require.NoError(t, err)
	return got
}

// received counts the numbers of each consumer, of one producer or of all (-1).
func received(rows []placed, from, consumers int) []int {
	counts := make([]int, consumers)
	for _, p := range rows {
		if from < 0 || p.From == from {
			counts[p.To]++
		}
	}
	return counts
}

func TestRebalance(t *testing.T) {
	got := distribute(t, 2, 3, 6000, datastream.Rebalance[placed])
	require.Equal(t, []int{1000, 1000, 1000}, received(got, 0, 3))
	require.Equal(t, []int{2000, 2000, 2000}, received(got, -1, 3))
}

func TestRescale(t *testing.T) {
	got := distribute(t, 2, 4, 4000, datastream.Rescale[placed])
	require.Equal(t, []int{1000, 1000, 0, 0}, received(got, 0, 4))
	require.Equal(t, []int{0, 0, 1000, 1000}, received(got, 1, 4))
	got = distribute(t, 4, 2, 4000, datastream.Rescale[placed])
	require.Equal(t, []int{1000, 0}, received(got, 1, 2))
	require.Equal(t, []int{0, 1000}, received(got, 2, 2))
}

func TestShuffle(t *testing.T) {
	for _, n := range received(distribute(t, 2, 4, 40000, datastream.Shuffle[placed]), -1, 4) {
		require.InDelta(t, 10000, n, 500)
	}
}

func TestPartitionBroadcast(t *testing.T) {
	require.Equal(t, []int{100, 100, 100}, received(distribute(t, 2, 3, 100, datastream.Broadcast[placed]), -1, 3))
}

func TestGlobal(t *testing.T) {
	require.Equal(t, []int{100, 0, 0}, received(distribute(t, 2, 3, 100, datastream.Global[placed]), -1, 3))
}

func TestForward(t *testing.T) {
	got := distribute(t, 3, 3, 300, datastream.Forward[placed])
	require.Len(t, got, 300)
	for _, p := range got {
		require.Equal(t, p.From, p.To)
	}
	env := datastream.NewEnvironment()
	s := datastream.Map(datastream.FromSequence(env, 1, 2), func(v int64) int64 { return v }).Parallelism(2)
	datastream.Map(datastream.Forward(s), func(v int64) int64 { return v }).Parallelism(3).Discard()
	_, err := env.Execute(context.Background(), "forward")
	require.ErrorContains(t, err, "needs equal parallelism")
}

func TestPartitionCustom(t *testing.T) {
	got := distribute(t, 2, 3, 300, func(s *datastream.Stream[placed]) *datastream.Stream[placed] {
		return datastream.PartitionCustom(s, func(key int64, n int) int { return int(key) % n }, func(p placed) int64 { return p.N })
	})
	require.Len(t, got, 300)
	for _, p := range got {
		require.Equal(t, int(p.N%3), p.To)
	}
	env := datastream.NewEnvironment().SetRuntimeMode("STREAMING")
	s := datastream.PartitionCustom(datastream.FromSequence(env, 41, 41), func(int64, int) int { return 7 }, func(v int64) int64 { return v })
	datastream.Map(s, func(v int64) int64 { return v }).Parallelism(2).Discard()
	_, err := env.Execute(context.Background(), "custom")
	require.ErrorContains(t, err, "custom partitioner chose sub-task 7 for 41: choose one from 0 to 1")
}

func TestKeyByDistribution(t *testing.T) {
	got := distribute(t, 2, 4, 40000, func(s *datastream.Stream[placed]) *datastream.Stream[placed] {
		return datastream.Max(datastream.KeyBy(s, func(p placed) int64 { return p.N % 1000 }), func(p *placed) *int { return &p.To }).Parallelism(4)
	})
	at := map[int64]int{}
	for _, p := range got {
		to, seen := at[p.N%1000]
		require.True(t, !seen || to == p.To, "key %d is in two sub-tasks", p.N%1000)
		at[p.N%1000] = p.To
	}
	for _, n := range received(got, -1, 4) {
		require.InDelta(t, 10000, n, 2500)
	}
}
