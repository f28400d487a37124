package rescale

import (
	"fmt"
	"maps"

	"github.com/leatproject/leat/client/datastream"
)

var programs = func() map[string]program {
	all := maps.Clone(recordPrograms)
	maps.Copy(all, windowPrograms)
	return all
}()

type eventsByKey = *datastream.KeyedStream[event, string]

func byKey(in *datastream.Stream[event]) eventsByKey {
	return datastream.KeyBy(in, func(e event) string { return e.Key })
}

func valueOf(e *event) *int64 { return &e.Value }

// low and high are two streams.
func low(in *datastream.Stream[event]) *datastream.Stream[event] {
	return datastream.Filter(in, func(e event) bool { return e.Value < 60 })
}

func high(in *datastream.Stream[event]) *datastream.Stream[event] {
	return datastream.Filter(in, func(e event) bool { return e.Value >= 40 })
}

func texts[T any](s *datastream.Stream[T]) *datastream.Stream[string] {
	return datastream.Map(s, func(v T) string { return fmt.Sprint(v) })
}

// recordPrograms have no windows.
var recordPrograms = map[string]program{
	"rolling aggregates": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return datastream.Union(texts(datastream.Sum(byKey(in), valueOf)), texts(datastream.Max(byKey(in), valueOf)),
			texts(datastream.Count(byKey(in))), texts(datastream.MinBy(byKey(in), func(e event) int64 { return e.Value })),
			texts(datastream.Reduce(byKey(in), func(a, b event) event { return event{a.Key, a.Value*31 + b.Value} })))
	},
	"aggregate": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return datastream.Aggregate(byKey(in), history{})
	},
	"distinct": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return texts(datastream.Distinct(in))
	},
	"process with state and timers": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return datastream.KeyedProcessWith(byKey(in), func() datastream.KeyedProcessFunction[string, event, string] { return &ledger{} })
	},
	"keyed co-process": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return datastream.KeyedCoProcessWith(datastream.ConnectKeyed(byKey(low(in)), byKey(high(in))),
			func() datastream.KeyedCoProcessFunction[string, event, event, string] { return &ledger{} })
	},
	"broadcast": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return datastream.BroadcastProcess(datastream.ConnectBroadcast(high(in), low(in), latest),
			func(ctx *datastream.ReadOnlyContext, e event, out *datastream.Collector[string]) {
				v, _ := datastream.ReadOnlyBroadcastState(ctx, latest).Get(e.Key)
				out.Collect(fmt.Sprint(e, v))
			},
			func(ctx *datastream.BroadcastContext, e event, _ *datastream.Collector[string]) {
				datastream.BroadcastState(ctx, latest).Put(e.Key, e.Value)
			})
	},
	"keyed broadcast": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return datastream.KeyedBroadcastProcessWith(datastream.ConnectBroadcastKeyed(byKey(high(in)), low(in), latest),
			func() datastream.KeyedBroadcastProcessFunction[string, event, event, string] { return &compared{} })
	},
	"interval join": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		lateLeft, lateRight := datastream.NewOutputTag[event]("late left"), datastream.NewOutputTag[event]("late right")
		joined := datastream.ProcessJoin(datastream.IntervalJoin(byKey(low(in)), byKey(high(in)), -ms(30), ms(20)).SideOutputLeftLateData(lateLeft).SideOutputRightLateData(lateRight),
			func(ctx *datastream.JoinContext, l, r event, out *datastream.Collector[string]) {
				out.Collect(fmt.Sprint(l, ctx.LeftTimestamp(), r, ctx.RightTimestamp()))
			})
		return datastream.Union(joined, texts(datastream.SideOutput(joined, lateLeft)), texts(datastream.SideOutput(joined, lateRight)))
	},
}

// history is an aggregate whose accumulators point to what they change.
type history struct{}

func (history) CreateAccumulator() []int64     { return nil }
func (history) Add(e event, h []int64) []int64 { return append(h, e.Value) }
func (history) GetResult(h []int64) string     { return fmt.Sprint(h) }
func (history) Merge(a, b []int64) []int64     { return append(a, b...) }

// ledger has state of each kind, and timers in event time and in processing time.
type ledger struct {
	last    *datastream.Value[event]
	values  *datastream.List[int64]
	counts  *datastream.StateMap[int64, int64]
	sum     *datastream.Reducing[int64]
	history *datastream.Aggregating[event, []int64, string]
}

func (f *ledger) Open(ctx *datastream.Context) error {
	f.last = datastream.ValueState[event](ctx, datastream.StateDescriptor{Name: "last"})
	f.values = datastream.ListState[int64](ctx, datastream.StateDescriptor{Name: "values"})
	f.counts = datastream.MapState[int64, int64](ctx, datastream.StateDescriptor{Name: "counts"})
	f.sum = datastream.ReducingState(ctx, datastream.StateDescriptor{Name: "sum"}, func(a, b int64) int64 { return a + b })
	f.history = datastream.AggregatingState(ctx, datastream.StateDescriptor{Name: "history"}, history{})
	return nil
}

func (f *ledger) add(ctx *datastream.KeyedContext[string], e event) {
	f.last.Update(e)
	f.values.Add(e.Value)
	n, _ := f.counts.Get(e.Value % 10)
	f.counts.Put(e.Value%10, n+1)
	f.sum.Add(e.Value)
	f.history.Add(e)
	if at, _ := ctx.Timestamp(); e.Value%3 == 0 {
		ctx.RegisterEventTimeTimer(at + e.Value)
	} else {
		ctx.DeleteEventTimeTimer(at + 30)
		ctx.RegisterProcessingTimeTimer(ctx.ProcessingTime() + e.Value)
	}
}

func (f *ledger) ProcessElement(ctx *datastream.KeyedContext[string], e event, out *datastream.Collector[string]) error {
	last, seen := f.last.Value()
	f.add(ctx, e)
	out.Collect(fmt.Sprint(last, seen, e, ctx.Watermark()))
	return nil
}

func (f *ledger) ProcessElement1(ctx *datastream.KeyedContext[string], e event, _ *datastream.Collector[string]) error {
	f.add(ctx, e)
	return nil
}

func (f *ledger) ProcessElement2(ctx *datastream.KeyedContext[string], e event, out *datastream.Collector[string]) error {
	f.counts.Remove(e.Value % 10)
	if e.Value == 77 {
		f.values.Clear()
		f.sum.Clear()
	}
	sum, _ := f.sum.Get()
	out.Collect(fmt.Sprint(e, sum))
	return nil
}

func (f *ledger) OnTimer(ctx *datastream.KeyedContext[string], at int64, out *datastream.Collector[string]) error {
	sum, _ := f.sum.Get()
	history, _ := f.history.Get()
	counts := map[int64]int64{}
	for k, v := range f.counts.All() {
		counts[k] = v
	}
	out.Collect(fmt.Sprint(ctx.CurrentKey(), at, ctx.TimeDomain(), sum, f.values.Get(), history, counts))
	return nil
}

var latest = datastream.NewBroadcastDescriptor[string, int64]("latest")

// compared compares a key's sum with what was broadcast, when a timer fires.
type compared struct{ sum *datastream.Reducing[int64] }

func (f *compared) Open(ctx *datastream.Context) error {
	f.sum = datastream.ReducingState(ctx, datastream.StateDescriptor{Name: "sum"}, func(a, b int64) int64 { return a + b })
	return nil
}

func (f *compared) ProcessElement(ctx *datastream.KeyedReadOnlyContext[string], e event, _ *datastream.Collector[string]) error {
	f.sum.Add(e.Value)
	at, _ := ctx.Timestamp()
	ctx.RegisterEventTimeTimer(at + 20)
	return nil
}

func (f *compared) ProcessBroadcastElement(ctx *datastream.KeyedBroadcastContext[string], e event, _ *datastream.Collector[string]) error {
	datastream.BroadcastState(ctx, latest).Put(e.Key, e.Value)
	return nil
}

func (f *compared) OnTimer(ctx *datastream.KeyedReadOnlyContext[string], at int64, out *datastream.Collector[string]) error {
	sum, _ := f.sum.Get()
	v, _ := datastream.ReadOnlyBroadcastState(ctx, latest).Get(ctx.CurrentKey())
	out.Collect(fmt.Sprint(ctx.CurrentKey(), at, sum, v))
	return nil
}
