package datastream_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

var limits = datastream.NewBroadcastDescriptor[string, int64]("limits")

// overLimit emits the users whose sum exceeds their limit.
type overLimit struct{ sum *datastream.Reducing[int64] }

func (f *overLimit) Open(ctx *datastream.Context) error {
	f.sum = datastream.ReducingState(ctx, datastream.StateDescriptor{Name: "sum"}, func(a, b int64) int64 { return a + b })
	return nil
}

func (f *overLimit) ProcessElement(ctx *datastream.KeyedReadOnlyContext[string], v purchase, out *datastream.Collector[string]) error {
	f.sum.Add(v.N)
	sum, _ := f.sum.Get()
	if limit, ok := datastream.ReadOnlyBroadcastState(ctx, limits).Get(ctx.CurrentKey()); ok && sum > limit {
		out.Collect(fmt.Sprint(v.User, " ", sum))
	}
	return nil
}

func (f *overLimit) ProcessBroadcastElement(ctx *datastream.KeyedBroadcastContext[string], v purchase, _ *datastream.Collector[string]) error {
	datastream.BroadcastState(ctx, limits).Put(v.User, v.N)
	return nil
}

// TestBroadcast: in BATCH all sub-tasks have all limits before the first record.
func TestBroadcast(t *testing.T) {
	rows := []purchase{{"a", 3, 1}, {"b", 3, 2}, {"a", 4, 3}, {"b", 5, 4}, {"c", 100, 5}}
	for p := range 4 {
		env := datastream.NewEnvironment().SetRuntimeMode("BATCH").SetParallelism(p + 1)
		rules := datastream.FromSlice(env, purchase{"a", 5, 0}, purchase{"b", 7, 0})
		keyed := datastream.ConnectBroadcastKeyed(datastream.KeyBy(timed(env, rows), byUser), rules, limits)
		out := datastream.KeyedBroadcastProcessWith(keyed, func() datastream.KeyedBroadcastProcessFunction[string, purchase, purchase, string] {
			return &overLimit{}
		})
		got, err := datastream.ExecuteAndCollect(context.Background(), out, "limits")
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"a 7", "b 8"}, got)
	}
	for p := range 4 {
		env := datastream.NewEnvironment().SetRuntimeMode("BATCH").SetParallelism(p + 1)
		rules := datastream.FromSlice(env, purchase{"a", 5, 0}, purchase{"b", 7, 0})
		out := datastream.BroadcastProcess(datastream.ConnectBroadcast(timed(env, rows), rules, limits),
			func(ctx *datastream.ReadOnlyContext, v purchase, out *datastream.Collector[string]) {
				limit, ok := datastream.ReadOnlyBroadcastState(ctx, limits).Get(v.User)
				out.Collect(fmt.Sprint(v.User, limit, ok))
			},
			func(ctx *datastream.BroadcastContext, v purchase, _ *datastream.Collector[string]) {
				datastream.BroadcastState(ctx, limits).Put(v.User, v.N)
			})
		got, err := datastream.ExecuteAndCollect(context.Background(), out, "limits")
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"a5 true", "a5 true", "b7 true", "b7 true", "c0 false"}, got)
	}
}

func TestBroadcastMistakes(t *testing.T) {
	env := datastream.NewEnvironment()
	a := datastream.FromSlice(env, 1)
	datastream.ConnectBroadcast(a, a, datastream.NewBroadcastDescriptor[string, func()]("functions"))
	datastream.ConnectBroadcast(a, a, limits, limits)
	a.Discard()
	_, err := env.Execute(context.Background(), "mistakes")
	require.ErrorContains(t, err, `state "functions": func()`)
	require.ErrorContains(t, err, `broadcast state "limits" is declared twice`)
}
