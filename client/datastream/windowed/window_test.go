package windowed_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

// measure is the record of the scripts: "a 3 @7" is key a, value 3, at 7 ms.
type measure struct {
	Key   string
	Value int
	At    int64
}

type sumAndCount struct{ Sum, Count int }

// averageMeasure is an AggregateFunction that can merge.
type averageMeasure struct{}

func (averageMeasure) CreateAccumulator() sumAndCount { return sumAndCount{} }

func (averageMeasure) Add(v measure, a sumAndCount) sumAndCount {
	return sumAndCount{a.Sum + v.Value, a.Count + 1}
}

func (averageMeasure) GetResult(a sumAndCount) string { return fmt.Sprintf("%d/%d", a.Sum, a.Count) }

func (averageMeasure) Merge(a, b sumAndCount) sumAndCount {
	return sumAndCount{a.Sum + b.Sum, a.Count + b.Count}
}

// keyedTotal is an AggregateFunction whose windows are made of slices.
type keyedTotal struct{}

func (keyedTotal) CreateAccumulator() measure { return measure{} }

func (keyedTotal) Add(v, acc measure) measure { return measure{Key: v.Key, Value: acc.Value + v.Value} }

func (keyedTotal) GetResult(acc measure) string { return fmt.Sprintf("%s=%d", acc.Key, acc.Value) }

func (keyedTotal) Merge(a, b measure) measure { return measure{Key: a.Key, Value: a.Value + b.Value} }

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// call splits "name(1,2)" into its parts.
func call(s string) (name string, args []int64, inner string) {
	name, rest, ok := strings.Cut(s, "(")
	if !ok {
		return name, nil, ""
	}
	rest = strings.TrimSuffix(rest, ")")
	inner = rest
	for _, a := range strings.Split(rest, ",") {
		if n, err := strconv.ParseInt(strings.TrimSpace(a), 10, 64); err == nil {
			args = append(args, n)
		}
	}
	if i := strings.LastIndex(rest, ","); i >= 0 {
		inner = rest[:i]
	}
	return name, args, inner
}

func scriptAssigner(t *testing.T, s string) datastream.WindowAssigner {
	name, a, _ := call(s)
	offset := ms(0)
	switch {
	case strings.HasPrefix(name, "tumbling") && len(a) > 1:
		offset = ms(a[1])
	case strings.HasPrefix(name, "sliding") && len(a) > 2:
		offset = ms(a[2])
	}
	gap := func(v measure) time.Duration { return ms(int64(v.Value)) }
	switch name {
	case "tumbling":
		return datastream.TumblingEventTime(ms(a[0]), offset)
	case "tumbling-processing":
		return datastream.TumblingProcessingTime(ms(a[0]), offset)
	case "tumbling-natural":
		return datastream.TumblingProcessingTime(ms(a[0])).Staggered(datastream.StaggerNatural)
	case "sliding":
		return datastream.SlidingEventTime(ms(a[0]), ms(a[1]), offset)
	case "sliding-processing":
		return datastream.SlidingProcessingTime(ms(a[0]), ms(a[1]), offset)
	case "session":
		return datastream.EventTimeSession(ms(a[0]))
	case "session-processing":
		return datastream.ProcessingTimeSession(ms(a[0]))
	case "session-dynamic":
		return datastream.DynamicEventTimeSession(gap)
	case "session-dynamic-processing":
		return datastream.DynamicProcessingTimeSession(gap)
	case "global":
		return datastream.GlobalWindows()
	case "global-end":
		return datastream.GlobalWindowsAtEnd()
	}
	require.Fail(t, "unknown assigner", s)
	return nil
}

func scriptTrigger(t *testing.T, s string) datastream.Trigger {
	name, a, inner := call(s)
	switch name {
	case "event":
		return datastream.EventTimeTrigger()
	case "processing":
		return datastream.ProcessingTimeTrigger()
	case "count":
		return datastream.CountTrigger(a[0])
	case "continuous":
		return datastream.ContinuousEventTimeTrigger(ms(a[0]))
	case "continuous-processing":
		return datastream.ContinuousProcessingTimeTrigger(ms(a[0]))
	case "delta":
		return datastream.DeltaTrigger(float64(a[0]), func(last, v measure) float64 { return float64(v.Value - last.Value) })
	case "purging":
		return datastream.PurgingTrigger(scriptTrigger(t, strings.TrimSuffix(strings.TrimPrefix(s, "purging("), ")")))
	case "timeout":
		return datastream.ProcessingTimeoutTrigger(scriptTrigger(t, inner), ms(a[len(a)-1]))
	case "timeout-reset":
		tr := datastream.ProcessingTimeoutTrigger(scriptTrigger(t, inner), ms(a[len(a)-1]))
		tr.ResetOnRecord = true
		return tr
	case "never":
		return datastream.NeverTrigger()
	}
	require.Fail(t, "unknown trigger", s)
	return nil
}

func scriptEvictor(t *testing.T, s string) datastream.Evictor {
	name, a, _ := call(s)
	name, after := strings.CutPrefix(name, "after-")
	var e datastream.Evictor
	switch name {
	case "count":
		e = datastream.CountEvictor(int(a[0]))
	case "time":
		e = datastream.TimeEvictor(ms(a[0]))
	case "delta":
		e = datastream.DeltaEvictor(float64(a[0]), func(v, last measure) float64 { return float64(last.Value - v.Value) })
	default:
		require.Fail(t, "unknown evictor", s)
	}
	if after {
		return datastream.EvictAfter(e)
	}
	return e
}

// apply adds the function of a script; results are printed as strings.
func scriptFunction(t *testing.T, name string, w *datastream.WindowedStream[measure, string]) *datastream.Stream[string] {
	process := func(ctx *datastream.WindowContext, key string, records []measure, out *datastream.Collector[string]) {
		var values []string
		for _, v := range records {
			values = append(values, strconv.Itoa(v.Value))
		}
		fired := datastream.WindowState[int](ctx)
		*fired++
		out.Collect(fmt.Sprintf("%s%v=%s #%d", key, ctx.Window(), strings.Join(values, ","), *fired))
	}
	show := func(_ *datastream.WindowContext, _ string, v measure, out *datastream.Collector[string]) {
		out.Collect(fmt.Sprintf("%s=%d", v.Key, v.Value))
	}
	switch name {
	case "reduce":
		return datastream.ReduceProcessWindow(w, func(a, b measure) measure { a.Value += b.Value; return a }, show)
	case "total":
		return datastream.AggregateWindow(w, keyedTotal{})
	case "aggregate":
		return datastream.AggregateProcessWindow(w, averageMeasure{}, func(_ *datastream.WindowContext, key, result string, out *datastream.Collector[string]) {
			out.Collect(key + "=" + result)
		})
	case "process":
		return datastream.ProcessWindow(w, process)
	}
	require.Fail(t, "unknown function", name)
	return nil
}

// windowScript is one pipeline of a script.
type windowScript struct {
	h    *datastream.Harness
	in   *datastream.HarnessInput[measure]
	out  *datastream.HarnessOutput[string]
	late *datastream.HarnessOutput[measure]
}

// newWindowScript builds the pipeline that a line describes: "session(5) sum lateness=3 late".
func newWindowScript(t *testing.T, line string, options ...datastream.Option) *windowScript {
	s := &windowScript{h: datastream.NewHarness(options...)}
	var src *datastream.Stream[measure]
	s.in, src = datastream.HarnessSource[measure](s.h)
	keyed := datastream.KeyBy(src, func(v measure) string { return v.Key })
	var w *datastream.WindowedStream[measure, string]
	f := strings.Fields(line)
	switch name, a, _ := call(f[0]); {
	case name == "count" && len(a) == 1:
		w = datastream.CountWindow(keyed, a[0])
	case name == "count":
		w = datastream.CountWindowSlide(keyed, a[0], a[1])
	default:
		w = datastream.Window(keyed, scriptAssigner(t, f[0]))
	}
	tag := datastream.NewOutputTag[measure]("late")
	late := false
	for _, o := range f[2:] {
		switch name, v, _ := strings.Cut(o, "="); name {
		case "trigger":
			w.Trigger(scriptTrigger(t, v))
		case "evictor":
			w.Evictor(scriptEvictor(t, v))
		case "lateness":
			n, err := strconv.ParseInt(v, 10, 64)
			require.NoError(t, err)
			w.AllowedLateness(ms(n))
		case "late":
			w.LateTo(tag)
			late = true
		}
	}
	results := scriptFunction(t, f[1], w).Name("window")
	if late {
		s.late = datastream.HarnessSink(s.h, datastream.SideOutput(results, tag))
	}
	s.out = datastream.HarnessSink(s.h, datastream.Map(results, func(s string) string { return s }))
	require.NoError(t, s.h.Open())
	return s
}

// run makes one step and returns what came out.
func (s *windowScript) run(t *testing.T, line string) string {
	f := strings.Fields(line)
	number := func(i int) int64 {
		n, err := strconv.ParseInt(strings.TrimPrefix(f[i], "@"), 10, 64)
		require.NoError(t, err, line)
		return n
	}
	switch {
	case f[0] == "watermark":
		s.in.Watermark(number(1))
	case f[0] == "advance":
		s.h.Advance(ms(number(1)))
	case f[0] == "end":
		s.in.Watermark(1<<63 - 1)
		s.in.End()
	case len(f) == 3:
		s.in.PushAt(measure{f[0], int(number(1)), number(2)}, number(2))
	default:
		s.in.Push(measure{Key: f[0], Value: int(number(1))})
	}
	require.NoError(t, s.h.Err())
	var out []string
	for _, e := range s.out.Take() {
		if !e.Watermark {
			out = append(out, fmt.Sprintf("%s@%s", e.Value, moment(e.Time)))
		}
	}
	if s.late != nil {
		for _, e := range s.late.Take() {
			if !e.Watermark {
				out = append(out, fmt.Sprintf("late %s %d@%d", e.Value.Key, e.Value.Value, e.Time))
			}
		}
	}
	return strings.Join(out, "; ")
}

func moment(t int64) string {
	if t == 1<<63-1 {
		return "max"
	}
	return strconv.FormatInt(t, 10)
}

// TestWindows runs the scripts: each block is a pipeline, its records, watermarks and moves of processing time; expected is
// what each step brings out.
func TestWindows(t *testing.T) {
	datadriven.Walk(t, "testdata/windows", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			lines := strings.Split(strings.TrimSpace(d.Input), "\n")
			s := newWindowScript(t, lines[0])
			var out strings.Builder
			for _, line := range lines[1:] {
				if got := s.run(t, line); got != "" {
					fmt.Fprintf(&out, "%s: %s\n", line, got)
				}
			}
			if n := s.h.Metric("window", "numLateRecordsDropped"); n > 0 {
				fmt.Fprintf(&out, "dropped %d\n", n)
			}
			require.NoError(t, s.h.Close())
			if out.Len() == 0 {
				return "nothing\n"
			}
			return out.String()
		})
	})
}
