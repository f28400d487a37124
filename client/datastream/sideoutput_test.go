package datastream_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

// TestSideOutputs splits a stream in three, chained and not, in both modes.
func TestSideOutputs(t *testing.T) {
	even, big := datastream.NewOutputTag[string]("even"), datastream.NewOutputTag[int64]("big")
	unread := datastream.NewOutputTag[int64]("unread")
	for _, mode := range []string{"STREAMING", "BATCH"} {
		for _, chained := range []string{"true", "false"} {
			env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(2).Set("pipeline.operator-chaining.enabled", chained)
			odd := datastream.Process(datastream.FromSequence(env, 1, 30_000), func(ctx *datastream.Context, n int64, out *datastream.Collector[int64]) {
				switch {
				case n > 29_990:
					datastream.EmitTo(ctx, big, n)
				case n%2 == 0:
					datastream.EmitTo(ctx, even, fmt.Sprint(n))
				default:
					out.Collect(n)
				}
				datastream.EmitTo(ctx, unread, n)
			})
			evens := datastream.Collect(datastream.SideOutput(odd, even))
			bigs := datastream.Collect(datastream.SideOutput(odd, big))
			odds, err := datastream.ExecuteAndCollect(context.Background(), odd, "split")
			require.NoError(t, err)
			require.Len(t, odds, 14_995)
			require.Len(t, evens.Rows(), 14_995)
			require.ElementsMatch(t, []int64{29_991, 29_992, 29_993, 29_994, 29_995, 29_996, 29_997, 29_998, 29_999, 30_000}, bigs.Rows())
		}
	}
}

func TestSideOutputMistakes(t *testing.T) {
	env := datastream.NewEnvironment()
	s := datastream.Process(datastream.FromSlice(env, 1), func(*datastream.Context, int, *datastream.Collector[int]) {})
	datastream.SideOutput(s, datastream.NewOutputTag[int]("late")).Discard()
	datastream.SideOutput(s, datastream.NewOutputTag[string]("late")).Discard()
	datastream.SideOutput(datastream.Union(s, s), datastream.NewOutputTag[string]("other")).Discard()
	_, err := env.Execute(context.Background(), "mistakes")
	require.ErrorContains(t, err, `side output "late" of "Process" has type int, not string`)
	require.ErrorContains(t, err, "union")
}
