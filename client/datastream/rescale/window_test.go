package rescale

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/leatproject/leat/client/datastream"
)

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

type windowedEvents = *datastream.WindowedStream[event, string]

// listed shows the window, its key, how often it has fired and its events in order of value.
func listed(w windowedEvents) *datastream.Stream[string] {
	return datastream.ProcessWindow(w, func(ctx *datastream.WindowContext, key string, events []event, out *datastream.Collector[string]) {
		fired := datastream.WindowState[firings](ctx)
		fired.N++
		fired.Sizes = append(fired.Sizes, len(events))
		values := make([]int64, len(events))
		for i, e := range events {
			values[i] = e.Value
		}
		slices.Sort(values)
		out.Collect(fmt.Sprint(ctx.Window(), key, *fired, values))
	})
}

// firings is what listed remembers of a window.
type firings struct {
	N     int
	Sizes []int
}

// folded aggregates windows, sums and counts them.
func folded(window func() windowedEvents) *datastream.Stream[string] {
	show := func(ctx *datastream.WindowContext, key string, e event, out *datastream.Collector[string]) {
		out.Collect(fmt.Sprint(ctx.Window(), key, e))
	}
	return datastream.Union(
		datastream.ReduceProcessWindow(window(), func(a, b event) event { return event{a.Key, a.Value + b.Value} }, show),
		texts(datastream.CountEachWindow(window())))
}

// late adds the events that came too late.
func late(build func(windowedEvents) *datastream.Stream[string], w windowedEvents) *datastream.Stream[string] {
	tag := datastream.NewOutputTag[event]("late")
	s := build(w.LateTo(tag))
	return datastream.Union(s, datastream.Map(datastream.SideOutput(s, tag), func(e event) string { return fmt.Sprint("late ", e) }))
}

// summed is one window function.
func summed(w windowedEvents) *datastream.Stream[string] {
	return texts(datastream.SumWindow(w, valueOf))
}

func windows(a datastream.WindowAssigner, change ...func(windowedEvents) windowedEvents) func(in *datastream.Stream[event]) windowedEvents {
	return func(in *datastream.Stream[event]) windowedEvents {
		w := datastream.Window(byKey(in), a)
		for _, c := range change {
			w = c(w)
		}
		return w
	}
}

func trigger(t datastream.Trigger) func(windowedEvents) windowedEvents {
	return func(w windowedEvents) windowedEvents { return w.Trigger(t) }
}

func evictor(e datastream.Evictor) func(windowedEvents) windowedEvents {
	return func(w windowedEvents) windowedEvents { return w.Evictor(e) }
}

func lateness(d time.Duration) func(windowedEvents) windowedEvents {
	return func(w windowedEvents) windowedEvents { return w.AllowedLateness(d) }
}

func listing(w func(in *datastream.Stream[event]) windowedEvents) program {
	return func(in *datastream.Stream[event]) *datastream.Stream[string] { return listed(w(in)) }
}

func folding(w func(in *datastream.Stream[event]) windowedEvents) program {
	return func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return folded(func() windowedEvents { return w(in) })
	}
}

// windowPrograms are windows of all kinds.
var windowPrograms = map[string]program{
	"tumbling windows, folded": folding(windows(datastream.TumblingEventTime(ms(50), ms(20)))),
	"tumbling windows, late": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return late(summed, windows(datastream.TumblingEventTime(ms(50)), lateness(ms(60)))(in))
	},
	"sliding windows, folded": folding(windows(datastream.SlidingEventTime(ms(100), ms(40)))),
	"sliding windows, late": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return late(summed, windows(datastream.SlidingEventTime(ms(90), ms(30)), lateness(ms(50)))(in))
	},
	"windows, listed": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return late(listed, windows(datastream.SlidingEventTime(ms(100), ms(50)), lateness(ms(40)))(in))
	},
	"sessions, folded":                folding(windows(datastream.EventTimeSession(ms(25)))),
	"sessions, listed, with lateness": listing(windows(datastream.EventTimeSession(ms(15)), lateness(ms(30)))),
	"sessions with gaps of their own": listing(windows(datastream.DynamicEventTimeSession(func(e event) time.Duration { return ms(1 + e.Value/2) }))),
	"processing time":                 folding(windows(datastream.TumblingProcessingTime(ms(40)))),
	"processing-time sessions":        listing(windows(datastream.ProcessingTimeSession(ms(30)))),
	"count windows":                   listing(windows(datastream.GlobalWindows(), trigger(datastream.PurgingTrigger(datastream.CountTrigger(3))))),
	"counts in sessions":              listing(windows(datastream.EventTimeSession(ms(40)), trigger(datastream.CountTrigger(2)))),
	"continuous triggers": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return datastream.Union(
			listed(windows(datastream.TumblingEventTime(ms(200)), trigger(datastream.ContinuousEventTimeTrigger(ms(30))))(in)),
			listed(windows(datastream.TumblingEventTime(ms(200)), trigger(datastream.ContinuousProcessingTimeTrigger(ms(20))))(in)))
	},
	"delta trigger": listing(windows(datastream.GlobalWindows(), trigger(datastream.DeltaTrigger(30, func(last, e event) float64 {
		return math.Abs(float64(last.Value - e.Value))
	})))),
	"timeout":       listing(windows(datastream.GlobalWindows(), trigger(datastream.ProcessingTimeoutTrigger(datastream.CountTrigger(5), ms(30))))),
	"count evictor": listing(windows(datastream.GlobalWindows(), trigger(datastream.CountTrigger(2)), evictor(datastream.CountEvictor(4)))),
	"time evictor":  listing(windows(datastream.TumblingEventTime(ms(60)), evictor(datastream.TimeEvictor(ms(30))), lateness(ms(30)))),
	"all windows": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		sums := datastream.SumWindow(windows(datastream.TumblingEventTime(ms(20)))(in), valueOf)
		return datastream.ReduceProcessWindow(datastream.WindowAll(sums, datastream.TumblingEventTime(ms(80))),
			func(a, b event) event { return event{"", a.Value + b.Value} },
			func(ctx *datastream.WindowContext, _ datastream.NoKey, e event, out *datastream.Collector[string]) {
				out.Collect(fmt.Sprint(ctx.Window(), e.Value))
			})
	},
	"window join": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return datastream.JoinWindow(byKey(low(in)), byKey(high(in)), datastream.TumblingEventTime(ms(40)),
			func(a, b event) string { return fmt.Sprint(a, b) })
	},
	"coGroup of sessions": func(in *datastream.Stream[event]) *datastream.Stream[string] {
		return datastream.CoGroupWindow(byKey(low(in)), byKey(high(in)), datastream.EventTimeSession(ms(20)),
			func(ctx *datastream.WindowContext, key string, a, b []event, out *datastream.Collector[string]) {
				for _, g := range [][]event{a, b} {
					slices.SortFunc(g, func(x, y event) int { return int(x.Value - y.Value) })
				}
				out.Collect(fmt.Sprint(ctx.Window(), key, a, b))
			})
	},
}
