package metamorphic

import (
	"fmt"
	"slices"
	"time"

	"github.com/leatproject/leat/client/datastream"
)

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

type windowedReadings = *datastream.WindowedStream[reading, string]

// windowTexts shows the window, its key and its records in order of value.
func windowTexts(w windowedReadings) *datastream.Stream[string] {
	return datastream.ProcessWindow(w, func(ctx *datastream.WindowContext, key string, records []reading, out *datastream.Collector[string]) {
		out.Collect(fmt.Sprint(ctx.Window(), key, sortedValues(records)))
	})
}

func listed(w windowedReadings) *datastream.Stream[cell] { return texts(windowTexts(w)) }

func sortedValues(records []reading) []int64 {
	values := make([]int64, len(records))
	for i, r := range records {
		values[i] = r.Value
	}
	slices.Sort(values)
	return values
}

// folded reduces, aggregates and counts the same windows.
func folded(window func() windowedReadings) *datastream.Stream[cell] {
	reduced := datastream.ReduceWindow(window(), func(a, b reading) reading {
		return reading{a.Sensor, a.Value + b.Value, max(a.Time, b.Time)}
	})
	spreads := datastream.AggregateProcessWindow(window(), spread{},
		func(ctx *datastream.WindowContext, key string, s spreadResult, out *datastream.Collector[string]) {
			out.Collect(fmt.Sprint(ctx.Window(), key, s))
		})
	return datastream.Union(texts(reduced), texts(spreads), texts(datastream.CountEachWindow(window())))
}

// tumblingSums sums up each sensor's windows, then all sensors' in longer ones.
func tumblingSums(in *datastream.Stream[reading]) *datastream.Stream[cell] {
	sums := datastream.SumWindow(datastream.Window(bySensor(in), datastream.TumblingEventTime(100*time.Millisecond)), valueOf)
	return texts(datastream.ReduceProcessWindow(datastream.WindowAll(sums, datastream.TumblingEventTime(time.Second)),
		func(a, b reading) reading { return reading{Value: a.Value + b.Value} },
		func(ctx *datastream.WindowContext, _ datastream.NoKey, sum reading, out *datastream.Collector[string]) {
			out.Collect(fmt.Sprint(ctx.Window(), sum.Value))
		}))
}

// sensorSpan is the key of bounded joins: groups of it stay small.
type sensorSpan struct {
	Sensor string
	Span   int64
}

func bySpan(in *datastream.Stream[reading]) *datastream.KeyedStream[reading, sensorSpan] {
	return datastream.KeyBy(in, func(r reading) sensorSpan { return sensorSpan{r.Sensor, r.Time / 100} })
}

func boundedJoin(kind datastream.JoinKind) pipeline {
	return func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		odd := datastream.Filter(in, func(r reading) bool { return r.Value%2 == 1 })
		low := datastream.Filter(in, func(r reading) bool { return r.Value < 50 })
		return texts(datastream.OuterJoinBounded(kind, bySpan(odd), bySpan(low), func(l, r *reading) string {
			text := "-"
			if l != nil {
				text = fmt.Sprint(*l)
			}
			if r != nil {
				text += fmt.Sprint(*r)
			}
			return text
		}))
	}
}

// windowPipelines are windows, and joins by time or of bounded streams.
var windowPipelines = map[string]pipeline{
	"tumbling windows, folded": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return folded(func() windowedReadings {
			return datastream.Window(bySensor(in), datastream.TumblingEventTime(ms(150), ms(20)))
		})
	},
	"tumbling windows, listed": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		late := datastream.NewOutputTag[reading]("late")
		lists := windowTexts(datastream.Window(bySensor(in), datastream.TumblingEventTime(ms(150))).AllowedLateness(ms(70)).LateTo(late))
		return datastream.Union(texts(lists), texts(datastream.SideOutput(lists, late)))
	},
	"sliding windows, folded": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return folded(func() windowedReadings {
			return datastream.Window(bySensor(in), datastream.SlidingEventTime(ms(500), ms(200)))
		})
	},
	"sliding windows, listed": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return listed(datastream.Window(bySensor(in), datastream.SlidingEventTime(ms(300), ms(100))))
	},
	"session windows, folded": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return folded(func() windowedReadings { return datastream.Window(bySensor(in), datastream.EventTimeSession(ms(120))) })
	},
	"session windows, listed": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return listed(datastream.Window(bySensor(in), datastream.EventTimeSession(ms(40))))
	},
	"sessions with gaps of their own": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return listed(datastream.Window(bySensor(in), datastream.DynamicEventTimeSession(func(r reading) time.Duration { return ms(10 + r.Value) })))
	},
	"windows at the end": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return listed(datastream.Window(bySensor(in), datastream.GlobalWindowsAtEnd()))
	},
	"windows of windows": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return tumblingSums(in)
	},
	"count windows": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		byValue := datastream.KeyBy(in, func(r reading) int64 { return r.Value })
		sums := datastream.SumWindow(datastream.CountWindow(byValue, 3), valueOf)
		lists := datastream.ProcessWindow(datastream.CountWindowSlide(byValue, 5, 2),
			func(_ *datastream.WindowContext, key int64, records []reading, out *datastream.Collector[string]) {
				out.Collect(fmt.Sprint(key, sortedValues(records)))
			})
		return datastream.Union(texts(lists), texts(datastream.Map(sums, func(r reading) int64 { return r.Value })))
	},
	"window join": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		low := datastream.Filter(in, func(r reading) bool { return r.Value < 50 })
		return texts(datastream.JoinWindow(bySensor(in), bySensor(low), datastream.TumblingEventTime(ms(50)),
			func(a, b reading) string { return fmt.Sprint(a, b) }))
	},
	"coGroup": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		high := datastream.Filter(in, func(r reading) bool { return r.Value >= 50 })
		low := datastream.Filter(in, func(r reading) bool { return r.Value < 50 })
		return texts(datastream.CoGroupWindow(bySensor(high), bySensor(low), datastream.TumblingEventTime(ms(100)),
			func(ctx *datastream.WindowContext, key string, a, b []reading, out *datastream.Collector[string]) {
				out.Collect(fmt.Sprint(ctx.Window(), key, sortedValues(a), sortedValues(b)))
			}))
	},
	"interval join": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		low := datastream.Filter(in, func(r reading) bool { return r.Value < 50 })
		joined := datastream.IntervalJoin(bySensor(in), bySensor(low), -ms(30), ms(20)).UpperBoundExclusive()
		return texts(datastream.ProcessJoin(joined, func(ctx *datastream.JoinContext, l, r reading, out *datastream.Collector[string]) {
			out.Collect(fmt.Sprint(l, r, ctx.LeftTimestamp(), ctx.RightTimestamp()))
		}))
	},
	"bounded inner join":      boundedJoin(datastream.InnerJoin),
	"bounded full outer join": boundedJoin(datastream.FullOuterJoin),
}
