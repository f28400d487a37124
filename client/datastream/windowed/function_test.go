package windowed_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

// everyThird is a custom trigger: it fires at values that 3 divides.
type everyThird struct{ datastream.Trigger }

func (everyThird) OnElement(record any, _ int64, _ datastream.TimeWindow, ctx datastream.TriggerContext) (datastream.TriggerResult, error) {
	if record.(*measure).Value%3 == 0 {
		return datastream.TriggerFireAndPurge, nil
	}
	return datastream.TriggerContinue, nil
}

// tensAndHundreds is a custom assigner: windows of 10 and of 100.
type tensAndHundreds struct{ datastream.WindowAssigner }

func (tensAndHundreds) Assign(dst []datastream.TimeWindow, _ any, at, _ int64) ([]datastream.TimeWindow, error) {
	return append(dst, datastream.TimeWindow{Start: at / 10 * 10, End: at/10*10 + 10}, datastream.TimeWindow{Start: at / 100 * 100, End: at/100*100 + 100}), nil
}

// counting is a ProcessWindowFunction with state of the key, state of the window, a side output, Open, Clear and Close.
type counting struct {
	windows *datastream.Value[int]
	side    *datastream.OutputTag[string]
	log     *[]string
}

func (c *counting) Open(ctx *datastream.Context) error {
	*c.log = append(*c.log, "open")
	c.windows = datastream.ValueState[int](ctx, datastream.StateDescriptor{Name: "windows"})
	return nil
}

func (c *counting) Process(ctx *datastream.WindowContext, key string, records []measure, out *datastream.Collector[string]) error {
	n, _ := c.windows.Value()
	n++
	c.windows.Update(n)
	datastream.EmitTo(ctx, c.side, fmt.Sprint("fired ", ctx.Window(), " at ", ctx.Watermark()))
	out.Collect(fmt.Sprintf("%s window %d of %d", key, n, len(records)))
	return nil
}

func (c *counting) Clear(ctx *datastream.WindowContext) error {
	*c.log = append(*c.log, "clear "+ctx.Window().String())
	return nil
}

func (c *counting) Close() error {
	*c.log = append(*c.log, "close")
	return nil
}

func windowHarness[O any](t *testing.T, build func(s *datastream.KeyedStream[measure, string]) *datastream.Stream[O]) (*datastream.Harness, *datastream.HarnessInput[measure], *datastream.HarnessOutput[O]) {
	h := datastream.NewHarness()
	in, s := datastream.HarnessSource[measure](h)
	out := datastream.HarnessSink(h, build(datastream.KeyBy(s, func(v measure) string { return v.Key })))
	require.NoError(t, h.Open())
	return h, in, out
}

func TestCustomWindowParts(t *testing.T) {
	h, in, out := windowHarness(t, func(s *datastream.KeyedStream[measure, string]) *datastream.Stream[measure] {
		w := datastream.Window(s, datastream.GlobalWindows()).Trigger(everyThird{datastream.NeverTrigger()})
		return datastream.SumWindow(w, func(v *measure) *int { return &v.Value })
	})
	in.Push(measure{Key: "a", Value: 1}, measure{Key: "a", Value: 3}, measure{Key: "a", Value: 4}, measure{Key: "a", Value: 6})
	require.Equal(t, []measure{{Key: "a", Value: 4}, {Key: "a", Value: 10}}, out.Values())
	require.NoError(t, h.Close())

	h, in, out = windowHarness(t, func(s *datastream.KeyedStream[measure, string]) *datastream.Stream[measure] {
		w := datastream.Window(s, tensAndHundreds{datastream.TumblingEventTime(ms(1))})
		return datastream.SumWindow(w, func(v *measure) *int { return &v.Value })
	})
	in.PushAt(measure{Key: "a", Value: 1}, 5)
	in.PushAt(measure{Key: "a", Value: 2}, 25)
	in.Watermark(99)
	require.Equal(t, []measure{{Key: "a", Value: 1}, {Key: "a", Value: 2}, {Key: "a", Value: 3}}, out.Values())
	require.NoError(t, h.Close())
}

func TestProcessWindowFunction(t *testing.T) {
	var log []string
	side := datastream.NewOutputTag[string]("fired")
	var fired *datastream.HarnessOutput[string]
	h := datastream.NewHarness()
	in, s := datastream.HarnessSource[measure](h)
	w := datastream.Window(datastream.KeyBy(s, func(v measure) string { return v.Key }), datastream.TumblingEventTime(ms(10))).AllowedLateness(ms(5))
	results := datastream.ProcessWindowWith(w, func() datastream.ProcessWindowFunction[measure, string, string] {
		return &counting{side: side, log: &log}
	})
	fired = datastream.HarnessSink(h, datastream.SideOutput(results, side))
	out := datastream.HarnessSink(h, results)
	require.NoError(t, h.Open())
	in.PushAt(measure{Key: "a"}, 1)
	in.PushAt(measure{Key: "a"}, 15)
	in.PushAt(measure{Key: "a"}, 16)
	in.Watermark(12)
	require.Equal(t, []string{"open"}, log)
	in.Watermark(30)
	require.Equal(t, []string{"a window 1 of 1", "a window 2 of 2"}, out.Values())
	e := fired.Take()
	require.Equal(t, "fired [0,10) at 12", e[0].Value)
	require.EqualValues(t, 9, e[0].Time)
	require.NoError(t, h.Close())
	require.Equal(t, []string{"open", "clear [0,10)", "clear [10,20)", "close"}, log)
}

// failing is an AggregateContextFunction.
type failing struct{ at int }

func (failing) CreateAccumulator(*datastream.Context) (int, error) { return 0, nil }

func (f failing) Add(_ *datastream.Context, v measure, acc int) (int, error) {
	if v.Value == f.at {
		return 0, errors.New("boom")
	}
	return acc + v.Value, nil
}

func (failing) GetResult(_ *datastream.Context, acc int) (int, error) { return acc * 2, nil }

func TestWindowFunctionForms(t *testing.T) {
	h, in, out := windowHarness(t, func(s *datastream.KeyedStream[measure, string]) *datastream.Stream[int] {
		return datastream.AggregateWindowContext(datastream.Window(s, datastream.SlidingEventTime(ms(10), ms(5))), func() datastream.AggregateContextFunction[measure, int, int] { return failing{13} })
	})
	in.PushAt(measure{Key: "a", Value: 2}, 7)
	in.Watermark(9)
	require.Equal(t, []int{4}, out.Values())
	in.PushAt(measure{Key: "a", Value: 13}, 12)
	require.ErrorContains(t, h.Err(), "boom")
	require.ErrorContains(t, h.Err(), "Value:13")
	h.Close()

	h, in, out = windowHarness(t, func(s *datastream.KeyedStream[measure, string]) *datastream.Stream[int] {
		w := datastream.Window(s, datastream.TumblingEventTime(ms(10)))
		best := datastream.ReduceWindowContext(w, func(_ *datastream.Context, a, b measure) (measure, error) { return max2(a, b), nil })
		return datastream.Map(best, func(v measure) int { return v.Value })
	})
	in.PushAt(measure{Key: "a", Value: 2}, 7)
	in.PushAt(measure{Key: "a", Value: 1}, 8)
	in.Watermark(9)
	require.Equal(t, []int{2}, out.Values())
	in.Push(measure{Key: "a", Value: 2})
	require.ErrorContains(t, h.Err(), "timestamp assigner")
	h.Close()
}

func TestIncrementalWindowFunctionsWithContext(t *testing.T) {
	type window = datastream.WindowedStream[measure, string]
	show := func(ctx *datastream.WindowContext, key string, n int, out *datastream.Collector[string]) error {
		if n == 26 {
			return errors.New("refused")
		}
		out.Collect(fmt.Sprint(key, " ", n, " ", ctx.Window()))
		return nil
	}
	for name, form := range map[string]func(w *window) *datastream.Stream[string]{
		"aggregate": func(w *window) *datastream.Stream[string] {
			return datastream.AggregateProcessWindowContext(w, func() datastream.AggregateContextFunction[measure, int, int] { return failing{99} }, show)
		},
		"reduce": func(w *window) *datastream.Stream[string] {
			return datastream.ReduceProcessWindowContext(w, func(_ *datastream.Context, a, b measure) (measure, error) {
				if b.Value == 99 {
					return b, errors.New("boom")
				}
				return measure{Key: a.Key, Value: a.Value + b.Value}, nil
			}, func(ctx *datastream.WindowContext, key string, v measure, out *datastream.Collector[string]) error {
				return show(ctx, key, 2*v.Value, out)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			start := func() (*datastream.Harness, *datastream.HarnessInput[measure], *datastream.HarnessOutput[string]) {
				return windowHarness(t, func(s *datastream.KeyedStream[measure, string]) *datastream.Stream[string] {
					return form(datastream.Window(s, datastream.TumblingEventTime(ms(10))))
				})
			}
			h, in, out := start()
			in.PushAt(measure{Key: "a", Value: 2}, 7)
			in.PushAt(measure{Key: "a", Value: 3}, 8)
			in.Watermark(9)
			require.Equal(t, []string{"a 10 [0,10)"}, out.Values())
			in.PushAt(measure{Key: "a", Value: 13}, 12)
			in.Watermark(19)
			require.ErrorContains(t, h.Err(), "refused")
			h.Close()

			h, in, _ = start()
			in.PushAt(measure{Key: "a", Value: 2}, 7)
			in.PushAt(measure{Key: "a", Value: 99}, 8)
			require.ErrorContains(t, h.Err(), "boom")
			h.Close()
		})
	}
}

func max2(a, b measure) measure {
	if a.Value > b.Value {
		return a
	}
	return b
}

// noMerge is an AggregateFunction without Merge.
type noMerge struct{}

func (noMerge) CreateAccumulator() int { return 0 }

func (noMerge) Add(v measure, acc int) int { return acc + v.Value }

func (noMerge) GetResult(acc int) int { return acc }

func TestAggregateWithoutMerge(t *testing.T) {
	h, in, out := windowHarness(t, func(s *datastream.KeyedStream[measure, string]) *datastream.Stream[int] {
		return datastream.AggregateWindow(datastream.Window(s, datastream.SlidingEventTime(ms(10), ms(5))), noMerge{})
	})
	in.PushAt(measure{Key: "a", Value: 2}, 7)
	in.Watermark(99)
	require.Equal(t, []int{2, 2}, out.Values())
	require.NoError(t, h.Close())
}

func TestWindowMistakes(t *testing.T) {
	rejected := func(text string, build func(s *datastream.KeyedStream[measure, string])) {
		t.Helper()
		h := datastream.NewHarness()
		_, s := datastream.HarnessSource[measure](h)
		s.Discard()
		build(datastream.KeyBy(s, func(v measure) string { return v.Key }))
		require.ErrorContains(t, h.Open(), text)
	}
	type keyed = *datastream.KeyedStream[measure, string]
	rejected("at least 1 ms", func(s keyed) { datastream.Window(s, datastream.TumblingEventTime(0)) })
	rejected("no method Merge", func(s keyed) {
		datastream.AggregateWindow(datastream.Window(s, datastream.EventTimeSession(time.Second)), noMerge{})
	})
	rejected("whose windows merge", func(s keyed) {
		datastream.Window(s, datastream.EventTimeSession(time.Second)).Trigger(datastream.DeltaTrigger(1, func(_, _ measure) float64 { return 0 }))
	})
	rejected("takes records of type string", func(s keyed) {
		datastream.Window(s, datastream.DynamicEventTimeSession(func(string) time.Duration { return 1 }))
	})
	rejected("records that are values", func(s keyed) {
		pointers := datastream.Map(datastream.ReduceWindow(datastream.CountWindow(s, 1), max2), func(v measure) *measure { return &v })
		w := datastream.WindowAll(pointers, datastream.TumblingEventTime(time.Second))
		datastream.SumWindow(w, func(v **measure) *int { return &(*v).Value })
	})
	rejected("cannot be negative", func(s keyed) {
		datastream.Window(s, datastream.TumblingEventTime(time.Second)).AllowedLateness(-1)
	})
}

func TestWindowAll(t *testing.T) {
	h := datastream.NewHarness(datastream.WithConfig("parallelism.default", "4"))
	in, s := datastream.HarnessSource[measure](h)
	counts := datastream.CountEachWindow(datastream.WindowAll(s, datastream.TumblingEventTime(ms(10))))
	pairs := datastream.ReduceWindow(datastream.CountWindowAll(s, 2), func(a, b measure) measure { a.Value += b.Value; return a })
	out, out2 := datastream.HarnessSink(h, counts), datastream.HarnessSink(h, pairs)
	require.NoError(t, h.Open())
	in.PushAt(measure{Key: "a", Value: 1}, 1)
	in.PushAt(measure{Key: "b", Value: 2}, 2)
	in.PushAt(measure{Key: "c", Value: 3}, 3)
	in.Watermark(9)
	require.EqualValues(t, 3, out.Values()[0].Count)
	require.Equal(t, []measure{{Key: "a", Value: 3}}, out2.Values())
	require.NoError(t, h.Close())
}
