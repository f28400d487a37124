package datastream_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/client/datastream"
)

// purchase is a record of the tests of functions on keys.
type purchase struct {
	User string
	N    int64
	At   int64
}

func byUser(v purchase) string { return v.User }

// purchases returns random records whose disorder is below a second.
func purchases(t *rapid.T, label string) []purchase {
	var all []purchase
	at := int64(0)
	for range rapid.IntRange(0, 200).Draw(t, label) {
		at += rapid.Int64Range(0, 500).Draw(t, "pause")
		all = append(all, purchase{fmt.Sprint("u", rapid.IntRange(0, 6).Draw(t, "user")), rapid.Int64Range(1, 9).Draw(t, "n"),
			max(0, at-rapid.Int64Range(0, 900).Draw(t, "delay"))})
	}
	return all
}

// timed is a stream of records in event time, spread over all sub-tasks.
func timed(env *datastream.Environment, rows []purchase) *datastream.Stream[purchase] {
	strategy := datastream.ForBoundedOutOfOrderness[purchase](time.Second)
	strategy.Timestamp = func(v purchase, _ int64) int64 { return v.At }
	return datastream.Rebalance(datastream.AssignTimestampsAndWatermarks(datastream.FromSlice(env, rows...), strategy))
}

// perSecond sums up the numbers of each user and second, and emits the sum when the second is over.
type perSecond struct {
	sums *datastream.StateMap[int64, int64]
}

func (f *perSecond) Open(ctx *datastream.Context) error {
	f.sums = datastream.MapState[int64, int64](ctx, datastream.StateDescriptor{Name: "sums"})
	return nil
}

func (f *perSecond) add(ctx *datastream.KeyedContext[string], n int64) {
	at, _ := ctx.Timestamp()
	second := at / 1000 * 1000
	sum, _ := f.sums.Get(second)
	f.sums.Put(second, sum+n)
	ctx.RegisterEventTimeTimer(second + 999)
}

func (f *perSecond) ProcessElement(ctx *datastream.KeyedContext[string], v purchase, _ *datastream.Collector[string]) error {
	f.add(ctx, v.N)
	return nil
}

func (f *perSecond) ProcessElement1(ctx *datastream.KeyedContext[string], v purchase, _ *datastream.Collector[string]) error {
	f.add(ctx, v.N)
	return nil
}

func (f *perSecond) ProcessElement2(ctx *datastream.KeyedContext[string], v purchase, _ *datastream.Collector[string]) error {
	f.add(ctx, -v.N)
	return nil
}

func (f *perSecond) OnTimer(ctx *datastream.KeyedContext[string], timestamp int64, out *datastream.Collector[string]) error {
	sum, _ := f.sums.Get(timestamp - 999)
	f.sums.Remove(timestamp - 999)
	out.Collect(fmt.Sprint(ctx.CurrentKey(), " ", timestamp, " ", sum))
	return nil
}

// TestKeyedFunctionsInBothModes runs functions that do not depend on order on random input in both modes and with several
// parallelisms: the results are the same.
func TestKeyedFunctionsInBothModes(t *testing.T) {
	pipelines := map[string]func(a, b *datastream.Stream[purchase]) *datastream.Stream[string]{
		"process": func(a, _ *datastream.Stream[purchase]) *datastream.Stream[string] {
			return datastream.KeyedProcessWith(datastream.KeyBy(a, byUser), func() datastream.KeyedProcessFunction[string, purchase, string] { return &perSecond{} })
		},
		"co-process": func(a, b *datastream.Stream[purchase]) *datastream.Stream[string] {
			return datastream.KeyedCoProcessWith(datastream.ConnectKeyed(datastream.KeyBy(a, byUser), datastream.KeyBy(b, byUser)),
				func() datastream.KeyedCoProcessFunction[string, purchase, purchase, string] { return &perSecond{} })
		},
		"interval join": func(a, b *datastream.Stream[purchase]) *datastream.Stream[string] {
			j := datastream.IntervalJoin(datastream.KeyBy(a, byUser), datastream.KeyBy(b, byUser), -2*time.Second, time.Second).LowerBoundExclusive()
			return datastream.ProcessJoin(j, func(ctx *datastream.JoinContext, l, r purchase, out *datastream.Collector[string]) {
				if d := r.At - l.At; d <= -2000 || d > 1000 || l.User != r.User {
					panic(fmt.Sprint("joined ", l, r))
				}
				out.Collect(fmt.Sprint(l, r, ctx.LeftTimestamp(), ctx.RightTimestamp()))
			})
		},
	}
	for name, pipeline := range pipelines {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			first, second := purchases(t, "first"), purchases(t, "second")
			var want []string
			for i, mode := range []string{"STREAMING", "BATCH", "STREAMING", "BATCH"} {
				env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(1 + i)
				out := pipeline(timed(env, first), timed(env, second))
				got, err := datastream.ExecuteAndCollect(context.Background(), out, name)
				require.NoError(t, err)
				slices.Sort(got)
				if i == 0 {
					want = got
				}
				require.Equal(t, want, got, "%s, parallelism %d", mode, i+1)
			}
		}))
	}
}

func TestCoMap(t *testing.T) {
	env := datastream.NewEnvironment()
	numbers, words := datastream.FromSlice(env, 1, 2, 3), datastream.FromSlice(env, "a", "b")
	out := datastream.CoMap(datastream.Connect(numbers, words), func(n int) string { return fmt.Sprint(n) }, func(s string) string { return s })
	got, err := datastream.ExecuteAndCollect(context.Background(), out, "co-map")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"1", "2", "3", "a", "b"}, got)
}

// allowed passes the records of users that the second stream names: state in a function that does not ask for the key.
type allowed struct{ ok *datastream.Value[bool] }

func (f *allowed) Open(ctx *datastream.Context) error {
	f.ok = datastream.ValueState[bool](ctx, datastream.StateDescriptor{Name: "ok"})
	return nil
}

func (f *allowed) FlatMap1(_ *datastream.Context, v purchase, out *datastream.Collector[purchase]) error {
	if ok, _ := f.ok.Value(); ok {
		out.Collect(v)
	}
	return nil
}

func (f *allowed) FlatMap2(*datastream.Context, purchase, *datastream.Collector[purchase]) error {
	f.ok.Update(true)
	return nil
}

func TestCoFlatMapOnKeys(t *testing.T) {
	env := datastream.NewEnvironment().SetRuntimeMode("BATCH").SetParallelism(2)
	rows := datastream.KeyBy(timed(env, []purchase{{"a", 1, 10}, {"b", 2, 20}, {"a", 3, 5}}), byUser)
	names := datastream.KeyBy(timed(env, []purchase{{"a", 0, 6}, {"c", 0, 6}}), byUser)
	out := datastream.CoFlatMapWith(datastream.ConnectKeyed(rows, names), func() datastream.CoFlatMapFunction[purchase, purchase, purchase] { return &allowed{} })
	got, err := datastream.ExecuteAndCollect(context.Background(), out, "allowed")
	require.NoError(t, err)
	require.Equal(t, []purchase{{"a", 1, 10}}, got)
}

func TestConnectMistakes(t *testing.T) {
	env := datastream.NewEnvironment()
	a, b := datastream.FromSlice(env, 1), datastream.FromSlice(env, "b")
	datastream.KeyedCoProcess(datastream.Connect(a, b), func(*datastream.KeyedContext[datastream.NoKey], int, *datastream.Collector[int]) {},
		func(*datastream.KeyedContext[datastream.NoKey], string, *datastream.Collector[int]) {}).Discard()
	j := datastream.IntervalJoin(datastream.KeyBy(a, func(n int) string { return "" }), datastream.KeyBy(b, func(s string) string { return s }), time.Second, 0)
	datastream.ProcessJoin(j, func(*datastream.JoinContext, int, string, *datastream.Collector[int]) {}).Discard()
	_, err := env.Execute(context.Background(), "mistakes")
	require.ErrorContains(t, err, "ConnectKeyed")
	require.ErrorContains(t, err, "lower bound must not be above")
	require.ErrorContains(t, err, "connect_test.go:")
}

func TestStreamsOfTwoEnvironmentsDoNotMeet(t *testing.T) {
	for name, combine := range map[string]func(a, b *datastream.Stream[int]){
		"union": func(a, b *datastream.Stream[int]) { datastream.Union(a, b).Discard() },
		"connect": func(a, b *datastream.Stream[int]) {
			same := func(v int) int { return v }
			datastream.CoMap(datastream.Connect(a, b), same, same).Discard()
		},
		"join": func(a, b *datastream.Stream[int]) {
			self := func(v int) int { return v }
			datastream.JoinBounded(datastream.KeyBy(a, self), datastream.KeyBy(b, self), func(l, r int) int { return l + r }).Discard()
		},
	} {
		t.Run(name, func(t *testing.T) {
			env, other := datastream.NewEnvironment(), datastream.NewEnvironment()
			far := datastream.Map(datastream.Map(datastream.FromSlice(other, 1), func(v int) int { return v }), func(v int) int { return v })
			combine(datastream.FromSlice(env, 1), far)
			_, err := env.Execute(t.Context(), "job")
			require.ErrorContains(t, err, "streams of two environments cannot be combined")
			require.ErrorContains(t, err, "connect_test.go:")
		})
	}
}
