package main

import (
	"context"
	"fmt"
	"time"

	"github.com/leatproject/leat/client/datastream"
)

// windowKeys is the number of keys of the window benchmarks; input runs at windowRate records per second of event time.
const (
	windowKeys = 100_000
	windowRate = 100_000
)

var windows = benchmark{name: "windows", unit: "records", about: "event-time sums over 100,000 keys, 100,000 records per second of event time",
	cases: []benchCase{
		{name: "go-loop-tumbling-1m", run: loopTumbling},
		{name: "leat-tumbling-1m", run: runWindow(datastream.TumblingEventTime(time.Minute)), target: "3 M/CPU s"},
		{name: "leat-sliding-10m-10s", run: runWindow(datastream.SlidingEventTime(10*time.Minute, 10*time.Second)), target: "3 M/CPU s, at most 2x tumbling"},
	}}

// windowRows is the length of the input: ten minutes of event time for 10^7, so that what is still open at the end, the
// last ten minutes of windows, does not rule the figure.
func windowRows(o *options) int64 { return 6 * o.rows }

func windowEvent(i int64) event {
	return event{Key: int64(uint64(i) * 0x9e3779b97f4a7c15 % windowKeys), Value: i * 1000 / windowRate, Price: 1}
}

// loopTumbling is the baseline: a map per minute, by hand.
func loopTumbling(o *options) (int64, error) {
	sums, minute, out := map[int64]float64{}, int64(0), 0
	for i := range windowRows(o) {
		e := windowEvent(i)
		if m := e.Value / 60_000; m != minute {
			out += len(sums)
			clear(sums)
			minute = m
		}
		sums[e.Key] += e.Price
	}
	notes["results"] = fmt.Sprint(out)
	return windowRows(o), nil
}

func runWindow(a datastream.WindowAssigner) func(o *options) (int64, error) {
	return func(o *options) (int64, error) {
		env := datastream.NewEnvironment().SetRuntimeMode("STREAMING").SetParallelism(1).Set("pipeline.auto-watermark-interval", "10 ms")
		events := datastream.Map(datastream.FromSequence(env, 0, windowRows(o)-1), windowEvent)
		timed := datastream.AssignTimestampsAndWatermarks(events, datastream.ForMonotonousTimestamps[event]().
			WithTimestampAssigner(func(e event, _ int64) int64 { return e.Value }))
		keyed := datastream.KeyBy(timed, func(e event) int64 { return e.Key })
		datastream.SumWindow(datastream.Window(keyed, a), func(e *event) *float64 { return &e.Price }).Discard()
		_, err := env.Execute(context.Background(), "windows")
		return windowRows(o), err
	}
}
