package datastream_test

import (
	"context"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

type sensorValue struct {
	Sensor string
	At     int64
}

func sensorTime(r sensorValue, _ int64) int64 { return r.At }

// last is the watermark that ends event time.
const last = math.MaxInt64

func TestAssignTimestampsAndWatermarks(t *testing.T) {
	h := datastream.NewHarness()
	in, s := datastream.HarnessSource[sensorValue](h)
	strategy := datastream.ForBoundedOutOfOrderness[sensorValue](2 * time.Millisecond).WithTimestampAssigner(sensorTime).WithIdleness(time.Second)
	out := datastream.HarnessSink(h, datastream.AssignTimestampsAndWatermarks(s, strategy))
	require.NoError(t, h.Open())
	in.Watermark(77)
	in.Push(sensorValue{"a", 5}, sensorValue{"a", 9}, sensorValue{"a", 7})
	require.Equal(t, []datastream.Element[sensorValue]{
		{Value: sensorValue{"a", 5}, Time: 5, HasTime: true}, {Value: sensorValue{"a", 9}, Time: 9, HasTime: true}, {Value: sensorValue{"a", 7}, Time: 7, HasTime: true},
	}, out.Take())
	h.Advance(200 * time.Millisecond)
	require.Equal(t, []datastream.Element[sensorValue]{{Time: 6, Watermark: true}}, out.Take(), "newest - bound - 1, and none from before")
	in.End()
	require.Equal(t, int64(last), out.Watermark())
	require.NoError(t, h.Err())
	require.NoError(t, h.Close())
}

func TestWatermarkStrategyMistakes(t *testing.T) {
	good := datastream.ForMonotonousTimestamps[int64]()
	for want, build := range map[string]func(env *datastream.Environment, s *datastream.Stream[int64]){
		"watermark_test.go": func(_ *datastream.Environment, s *datastream.Stream[int64]) {
			datastream.AssignTimestampsAndWatermarks(s, datastream.ForBoundedOutOfOrderness[int64](-1)).Discard()
		},
		"is for sources": func(_ *datastream.Environment, s *datastream.Stream[int64]) {
			datastream.AssignTimestampsAndWatermarks(s, good.WithWatermarkAlignment("g", 0, 0)).Discard()
		},
		"\"Filter\" is no source": func(_ *datastream.Environment, s *datastream.Stream[int64]) {
			datastream.Filter(s, func(int64) bool { return true }).Watermarks(good).Discard()
		},
		"idleness": func(_ *datastream.Environment, s *datastream.Stream[int64]) {
			s.Watermarks(good.WithIdleness(-1)).Discard()
		},
	} {
		env := datastream.NewEnvironment()
		build(env, datastream.FromSequence(env, 1, 3))
		_, err := env.Execute(context.Background(), "mistake")
		var rejected *datastream.RejectedError
		require.ErrorAs(t, err, &rejected)
		require.ErrorContains(t, err, want)
	}
}

// TestWatermarkAlignment reads a fast and a slow source of event time: the fast one may not run away.
func TestWatermarkAlignment(t *testing.T) {
	env := datastream.NewEnvironment().SetRuntimeMode("STREAMING").SetParallelism(1).Set("pipeline.auto-watermark-interval", "5 ms")
	strategy := datastream.ForMonotonousTimestamps[int64]().WithWatermarkAlignment("g", 100*time.Millisecond, 5*time.Millisecond)
	const end = 600
	var slowest, worst atomic.Int64
	source := func(perSecond float64, step int64) *datastream.Stream[int64] {
		return datastream.Generate(env, func(i int64) int64 { return i * step },
			datastream.GeneratorOptions{Count: end / step, Rate: datastream.Rate{PerSecond: perSecond, Burst: 1}}).
			Watermarks(strategy.WithTimestampAssigner(func(v, _ int64) int64 { return v }))
	}
	datastream.Map(source(400, 5), func(v int64) int64 { slowest.Store(v); return v }).Discard()
	datastream.Map(source(5000, 1), func(v int64) int64 {
		worst.Store(max(worst.Load(), v-slowest.Load()))
		return v
	}).Discard()
	_, err := env.Execute(context.Background(), "aligned")
	require.NoError(t, err)
	require.Less(t, worst.Load(), int64(400), "the fast source ran away")
	require.Positive(t, worst.Load())
}
