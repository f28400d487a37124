package windowed_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

// itemOffer and goodWish are records of two streams.
type itemOffer struct {
	Item  string
	Price int
}

type goodWish struct {
	Good string
	Min  int
}

type coWindow struct {
	h   *datastream.Harness
	in1 *datastream.HarnessInput[itemOffer]
	in2 *datastream.HarnessInput[goodWish]
	out *datastream.HarnessOutput[string]
}

func (c *coWindow) take() string {
	var out []string
	for _, e := range c.out.Take() {
		if !e.Watermark {
			out = append(out, fmt.Sprintf("%s@%d", e.Value, e.Time))
		}
	}
	return strings.Join(out, "; ")
}

func newCoWindow(t *testing.T, build func(a *datastream.KeyedStream[itemOffer, string], b *datastream.KeyedStream[goodWish, string]) *datastream.Stream[string]) *coWindow {
	c := &coWindow{h: datastream.NewHarness()}
	var a *datastream.Stream[itemOffer]
	var b *datastream.Stream[goodWish]
	c.in1, a = datastream.HarnessSource[itemOffer](c.h)
	c.in2, b = datastream.HarnessSource[goodWish](c.h)
	c.out = datastream.HarnessSink(c.h, build(datastream.KeyBy(a, func(x itemOffer) string { return x.Item }), datastream.KeyBy(b, func(x goodWish) string { return x.Good })))
	require.NoError(t, c.h.Open())
	t.Cleanup(func() { require.NoError(t, c.h.Close()) })
	return c
}

func (c *coWindow) watermark(ms int64) string {
	c.in1.Watermark(ms)
	c.in2.Watermark(ms)
	return c.take()
}

func deal(x itemOffer, y goodWish) string { return fmt.Sprintf("%s:%d-%d", x.Item, x.Price, y.Min) }

func dealGroups(_ *datastream.WindowContext, key string, xs []itemOffer, ys []goodWish, out *datastream.Collector[string]) {
	out.Collect(fmt.Sprint(key, xs, ys))
}

func TestJoinWindow(t *testing.T) {
	type keyedBids = *datastream.KeyedStream[itemOffer, string]
	type keyedAsks = *datastream.KeyedStream[goodWish, string]
	t.Run("tumbling", func(t *testing.T) {
		c := newCoWindow(t, func(a keyedBids, b keyedAsks) *datastream.Stream[string] {
			return datastream.JoinWindow(a, b, datastream.TumblingEventTime(ms(10)), deal)
		})
		c.in1.PushAt(itemOffer{"x", 1}, 1)
		c.in2.PushAt(goodWish{"x", 7}, 9)
		c.in2.PushAt(goodWish{"x", 8}, 10)
		c.in2.PushAt(goodWish{"y", 9}, 2)
		c.in1.PushAt(itemOffer{"x", 2}, 3)
		c.in1.Watermark(9)
		require.Empty(t, c.take(), "event time is the least of both inputs")
		require.Equal(t, "x:1-7@9; x:2-7@9", c.watermark(9))
		c.in1.PushAt(itemOffer{"x", 3}, 8)
		c.in1.PushAt(itemOffer{"x", 4}, 19)
		require.Equal(t, "x:4-8@19", c.watermark(30))
		require.EqualValues(t, 1, c.h.Metric("Window(TumblingEventTimeWindows(10), EventTimeTrigger(), Join)", "numLateRecordsDropped"))
	})
	t.Run("sliding", func(t *testing.T) {
		c := newCoWindow(t, func(a keyedBids, b keyedAsks) *datastream.Stream[string] {
			return datastream.JoinWindow(a, b, datastream.SlidingEventTime(ms(4), ms(2)), deal)
		})
		c.in1.PushAt(itemOffer{"x", 1}, 2)
		c.in2.PushAt(goodWish{"x", 7}, 3)
		c.in2.PushAt(goodWish{"x", 8}, 4)
		require.Equal(t, "x:1-7@3; x:1-7@5; x:1-8@5", c.watermark(20))
	})
	t.Run("session", func(t *testing.T) {
		c := newCoWindow(t, func(a keyedBids, b keyedAsks) *datastream.Stream[string] {
			return datastream.JoinWindow(a, b, datastream.EventTimeSession(ms(5)), deal)
		})
		c.in1.PushAt(itemOffer{"x", 1}, 0)
		c.in1.PushAt(itemOffer{"x", 2}, 9)
		c.in2.PushAt(goodWish{"x", 7}, 4) // joins both sessions
		require.Equal(t, "x:1-7@13; x:2-7@13", c.watermark(20))
	})
	t.Run("coGroup sees what has no partner", func(t *testing.T) {
		c := newCoWindow(t, func(a keyedBids, b keyedAsks) *datastream.Stream[string] {
			return datastream.CoGroupWindow(a, b, datastream.TumblingEventTime(ms(10)), dealGroups)
		})
		c.in1.PushAt(itemOffer{"x", 1}, 1)
		c.in2.PushAt(goodWish{"y", 7}, 9)
		require.Equal(t, "x[{x 1}] []@9; y[] [{y 7}]@9", c.watermark(9))
	})
	t.Run("trigger, evictor and lateness", func(t *testing.T) {
		c := newCoWindow(t, func(a keyedBids, b keyedAsks) *datastream.Stream[string] {
			return datastream.CoGroupWindow(a, b, datastream.TumblingEventTime(ms(10)), dealGroups,
				datastream.CoWindowOptions{Trigger: datastream.CountTrigger(2), Evictor: datastream.CountEvictor(1), AllowedLateness: ms(5)})
		})
		c.in1.PushAt(itemOffer{"x", 1}, 1)
		c.in2.PushAt(goodWish{"x", 7}, 9)
		require.Equal(t, "x[] [{x 7}]@9", c.take())
		c.watermark(12)
		c.in1.PushAt(itemOffer{"x", 2}, 3)
		c.in1.PushAt(itemOffer{"x", 3}, 3)
		require.Equal(t, "x[{x 3}] []@9", c.take())
	})
}

func stampedRecords(seed uint64, n int) []measure {
	r := rand.New(rand.NewPCG(seed, 7))
	rows := make([]measure, n)
	for i := range rows {
		rows[i] = measure{string(rune('a' + r.IntN(12))), r.IntN(100), int64(i) + int64(r.IntN(50))}
	}
	return rows
}

// windowResults runs windows of all kinds over records whose disorder is bounded, so that none is late.
func windowResults(t *testing.T, mode string, parallelism int, rows []measure) map[string][]string {
	env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(parallelism)
	src := datastream.FromSlice(env, rows...).Watermarks(datastream.ForBoundedOutOfOrderness[measure](ms(60)).
		WithTimestampAssigner(func(v measure, _ int64) int64 { return v.At }))
	keyed := datastream.KeyBy(src, func(v measure) string { return v.Key })
	all := map[string]*datastream.Stream[string]{}
	show := func(v measure) string { return fmt.Sprint(v.Key, v.Value) }
	list := func(ctx *datastream.WindowContext, key string, records []measure, out *datastream.Collector[string]) {
		var values []int
		for _, v := range records {
			values = append(values, v.Value)
		}
		slices.Sort(values)
		out.Collect(fmt.Sprint(key, ctx.Window(), values))
	}
	assigners := map[string]datastream.WindowAssigner{"tumbling": datastream.TumblingEventTime(ms(40)), "sliding": datastream.SlidingEventTime(ms(90), ms(20)),
		"session": datastream.EventTimeSession(ms(15)), "global": datastream.GlobalWindowsAtEnd()}
	for name, a := range assigners {
		all[name+" sum"] = datastream.Map(datastream.SumWindow(datastream.Window(keyed, a), func(v *measure) *int { return &v.Value }), show)
		all[name+" max"] = datastream.Map(datastream.MaxWindow(datastream.Window(keyed, a), func(v *measure) *int { return &v.Value }), show)
		all[name+" list"] = datastream.ProcessWindow(datastream.Window(keyed, a), list)
	}
	all["all"] = datastream.Map(datastream.CountEachWindow(datastream.WindowAll(src, datastream.TumblingEventTime(ms(100)))),
		func(c datastream.KeyCount[datastream.NoKey]) string { return fmt.Sprint(c.Count) })
	all["join"] = datastream.JoinWindow(keyed, keyed, datastream.TumblingEventTime(ms(20)), func(a, b measure) string { return fmt.Sprint(a, b) })
	collected := map[string]*datastream.Collected[string]{}
	for name, s := range all {
		collected[name] = datastream.Collect(s)
	}
	_, err := env.Execute(t.Context(), "windows")
	require.NoError(t, err)
	results := map[string][]string{}
	for name, c := range collected {
		results[name] = c.Rows()
		slices.Sort(results[name])
	}
	return results
}

// TestWindowsInBothModes checks that STREAMING and BATCH have the same results at any parallelism when nothing is late.
func TestWindowsInBothModes(t *testing.T) {
	rows := stampedRecords(1, 3000)
	want := windowResults(t, "BATCH", 1, rows)
	for name, r := range want {
		require.NotEmpty(t, r, name)
	}
	for _, p := range []int{1, 3} {
		require.Equal(t, want, windowResults(t, "STREAMING", p, rows))
		require.Equal(t, want, windowResults(t, "BATCH", p, rows))
	}
}
