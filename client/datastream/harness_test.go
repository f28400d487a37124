package datastream_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

func TestHarness(t *testing.T) {
	h := datastream.NewHarness()
	in, lines := datastream.HarnessSource[string](h)
	words := datastream.FlatMap(lines, func(l string, out *datastream.Collector[string]) {
		for w := range strings.FieldsSeq(l) {
			out.Collect(w)
		}
	})
	out := datastream.HarnessSink(h, datastream.Count(datastream.KeyBy(words, strings.ToLower)))
	require.NoError(t, h.Open())
	in.Push("a b A")
	type count = datastream.KeyCount[string]
	require.Equal(t, []count{{"a", 1}, {"b", 1}, {"a", 2}}, out.Values())
	in.PushAt("b", 17)
	in.Watermark(20)
	require.Equal(t, []datastream.Element[count]{{Value: count{"b", 2}, Time: 17, HasTime: true}, {Time: 20, Watermark: true}}, out.Take())
	require.EqualValues(t, 20, out.Watermark())
	in.End()
	require.NoError(t, h.Err())
	require.NoError(t, h.Close())
}

func TestHarnessShowsFailures(t *testing.T) {
	h := datastream.NewHarness()
	in, numbers := datastream.HarnessSource[int](h)
	datastream.HarnessSink(h, datastream.MapContext(numbers, func(_ *datastream.Context, i int) (int, error) {
		return 0, errors.New("never")
	}))
	require.NoError(t, h.Open())
	in.Push(1)
	require.ErrorContains(t, h.Err(), "never; at record 1")
	require.NoError(t, h.Close())
}

func TestHarnessShowsTimers(t *testing.T) {
	h := datastream.NewHarness()
	in, words := datastream.HarnessSource[string](h)
	late := datastream.KeyedProcess(datastream.KeyBy(words, strings.ToLower), func(ctx *datastream.KeyedContext[string], w string, _ *datastream.Collector[string]) {
		at, _ := ctx.Timestamp()
		ctx.RegisterEventTimeTimer(at + 10)
	}).Name("wait")
	datastream.HarnessSink(h, late)
	require.NoError(t, h.Open())
	in.PushAt("a", 1)
	in.PushAt("b", 1)
	in.PushAt("a", 5)
	event, processing := h.Timers("wait")
	require.Equal(t, []int{3, 0}, []int{event, processing})
	in.Watermark(11)
	event, _ = h.Timers("wait")
	require.Equal(t, 1, event)
	require.NoError(t, h.Err())
	require.NoError(t, h.Close())
}
