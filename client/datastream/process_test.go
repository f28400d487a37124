package datastream_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

type processEvent struct {
	Key  string
	Time int64
}

// keyCounter counts the records of each key and emits the count when event time has come to the end of the key's records.
type keyCounter struct {
	count *datastream.Value[int64]
}

func (c *keyCounter) Open(ctx *datastream.Context) error {
	c.count = datastream.ValueState[int64](ctx, datastream.StateDescriptor{Name: "count"})
	return nil
}

func (c *keyCounter) ProcessElement(ctx *datastream.KeyedContext[string], v processEvent, _ *datastream.Collector[string]) error {
	n, _ := c.count.Value()
	c.count.Update(n + 1)
	ctx.RegisterEventTimeTimer(1 << 40)
	return nil
}

func (c *keyCounter) OnTimer(ctx *datastream.KeyedContext[string], timestamp int64, out *datastream.Collector[string]) error {
	n, _ := c.count.Value()
	out.Collect(fmt.Sprintf("%s=%d", ctx.CurrentKey(), n))
	c.count.Clear()
	return nil
}

func TestKeyedProcess(t *testing.T) {
	var events []processEvent
	want := map[string]int{}
	for i := range 5000 {
		e := processEvent{fmt.Sprint("k", i%37*i%101), int64(i)}
		events = append(events, e)
		want[e.Key]++
	}
	var wanted []string
	for k, n := range want {
		wanted = append(wanted, fmt.Sprintf("%s=%d", k, n))
	}
	slices.Sort(wanted)
	for _, mode := range []string{"STREAMING", "BATCH"} {
		for _, p := range []int{1, 3} {
			t.Run(fmt.Sprint(mode, p), func(t *testing.T) {
				env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(p)
				in := datastream.KeyBy(datastream.FromSlice(env, events...), func(e processEvent) string { return e.Key })
				out := datastream.KeyedProcessWith(in, func() datastream.KeyedProcessFunction[string, processEvent, string] { return &keyCounter{} })
				got, err := datastream.ExecuteAndCollect(context.Background(), out, "test")
				require.NoError(t, err)
				slices.Sort(got)
				require.Equal(t, wanted, got)
			})
		}
	}
}
