package datastream_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

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

// alarms asks for a timer of processing time for each record and fails at that of a record "bad".
type alarms struct{}

func (alarms) ProcessElement(ctx *datastream.KeyedContext[string], v processEvent, _ *datastream.Collector[string]) error {
	ctx.RegisterProcessingTimeTimer(ctx.ProcessingTime() + v.Time)
	return nil
}

func (alarms) OnTimer(ctx *datastream.KeyedContext[string], timestamp int64, out *datastream.Collector[string]) error {
	if ctx.CurrentKey() == "bad" {
		panic("cannot go on")
	}
	out.Collect(fmt.Sprint(ctx.CurrentKey(), " at ", timestamp))
	return nil
}

func alarmed(env *datastream.Environment, in *datastream.Stream[processEvent]) *datastream.Stream[string] {
	return datastream.KeyedProcessWith(datastream.KeyBy(in, func(e processEvent) string { return e.Key }),
		func() datastream.KeyedProcessFunction[string, processEvent, string] { return alarms{} }).Name("Alarms")
}

// TestProcessingTimeTimers lets a virtual clock run: timers fire at their time and not before.
func TestProcessingTimeTimers(t *testing.T) {
	h := datastream.NewHarness()
	in, stream := datastream.HarnessSource[processEvent](h)
	out := datastream.HarnessSink(h, alarmed(h.Env, stream))
	require.NoError(t, h.Open())
	in.Push(processEvent{"a", 20}, processEvent{"b", 10}, processEvent{"a", 20}, processEvent{"c", 500})
	require.Empty(t, out.Values())
	h.Advance(9 * time.Millisecond)
	require.Empty(t, out.Values())
	h.Advance(time.Millisecond)
	require.Equal(t, []string{"b at 10"}, out.Values())
	h.Advance(90 * time.Millisecond)
	require.Equal(t, []string{"a at 20"}, out.Values())
	require.NoError(t, h.Close())
}

// TestPanicInTimer: the failure of a job names the operator, the key and the time.
func TestPanicInTimer(t *testing.T) {
	env := datastream.NewEnvironment().SetRuntimeMode("BATCH").SetParallelism(2)
	out := alarmed(env, datastream.FromSlice(env, processEvent{"good", 1}, processEvent{"bad", 1}))
	_, err := datastream.ExecuteAndCollect(context.Background(), out, "alarms")
	require.ErrorContains(t, err, "Alarms (")
	require.ErrorContains(t, err, "panic: cannot go on")
	require.ErrorContains(t, err, "{Key:bad")
	require.ErrorContains(t, err, "Domain:PROCESSING_TIME}")
}
