package datastream_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leatproject/leat/client/datastream"
)

// measurement is what a sensor has measured, the record of these examples.
type measurement struct {
	Sensor  string
	Time    int64 // milliseconds since the epoch
	Degrees float64
}

var measurements = []measurement{{"attic", 1_000, 21}, {"cellar", 2_000, 12}, {"attic", 61_000, 25}, {"cellar", 62_000, 11}, {"attic", 63_000, 24}}

func sensor(r measurement) string { return r.Sensor }

// byTime reads the measurements with their timestamps.
func byTime(env *datastream.Environment) *datastream.Stream[measurement] {
	return datastream.FromSlice(env, measurements...).Watermarks(
		datastream.ForMonotonousTimestamps[measurement]().WithTimestampAssigner(func(r measurement, _ int64) int64 { return r.Time }))
}

// show runs the job of a stream and prints its records in order, since sub-tasks emit theirs in any.
func show[T any](s *datastream.Stream[T]) {
	records, err := datastream.ExecuteAndCollect(context.Background(), s, "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	lines := make([]string, len(records))
	for i, r := range records {
		lines[i] = fmt.Sprint(r)
	}
	slices.Sort(lines)
	fmt.Println(strings.Join(lines, "\n"))
}

func Example() {
	env := datastream.NewEnvironment()
	lines := datastream.FromSlice(env, "to be or not", "to be")
	words := datastream.FlatMap(lines, func(line string, out *datastream.Collector[string]) {
		for word := range strings.FieldsSeq(line) {
			out.Collect(word)
		}
	})
	show(datastream.Count(datastream.KeyBy(words, func(w string) string { return w })))
	// Output:
	// {be 2}
	// {not 1}
	// {or 1}
	// {to 2}
}

func ExampleMap() {
	env := datastream.NewEnvironment()
	numbers := datastream.FromSequence(env, 1, 6)
	even := datastream.Filter(numbers, func(n int64) bool { return n%2 == 0 })
	show(datastream.Map(even, func(n int64) string { return fmt.Sprint(n, " squared is ", n*n) }))
	// Output:
	// 2 squared is 4
	// 4 squared is 16
	// 6 squared is 36
}

// A function that fails ends the job; the error names the operator and the record.
func ExampleMapContext() {
	env := datastream.NewEnvironment()
	parsed := datastream.MapContext(datastream.FromSlice(env, "1 °C", "warm"), func(ctx *datastream.Context, text string) (float64, error) {
		var degrees float64
		if _, err := fmt.Sscanf(text, "%f °C", &degrees); err != nil {
			return 0, errors.New("no temperature")
		}
		return degrees, nil
	}).Name("Parse")
	_, err := datastream.ExecuteAndCollect(context.Background(), parsed, "example")
	fmt.Println(strings.Contains(err.Error(), "Parse"), strings.Contains(err.Error(), "no temperature; at record warm"))
	// Output: true true
}

// smoother has a field, so each sub-task is given one of its own.
type smoother struct{ last float64 }

func (s *smoother) Map(_ *datastream.Context, degrees float64) (float64, error) {
	s.last = (s.last + degrees) / 2
	return s.last, nil
}

func ExampleMapWith() {
	env := datastream.NewEnvironment()
	show(datastream.MapWith(datastream.FromSlice(env, 8.0, 16.0, 32.0),
		func() datastream.MapFunction[float64, float64] { return new(smoother) }).Parallelism(1))
	// Output:
	// 10
	// 21
	// 4
}

func ExampleReduce() {
	env := datastream.NewEnvironment()
	show(datastream.Reduce(datastream.KeyBy(datastream.FromSlice(env, measurements...), sensor), func(a, b measurement) measurement {
		return measurement{a.Sensor, max(a.Time, b.Time), a.Degrees + b.Degrees}
	}))
	// Output:
	// {attic 63000 70}
	// {cellar 62000 23}
}

// In STREAMING each record emits the value so far; in BATCH, the default for bounded input, each key emits one.
func ExampleMax() {
	env := datastream.NewEnvironment().SetRuntimeMode("STREAMING")
	show(datastream.Max(datastream.KeyBy(datastream.FromSlice(env, measurements...), sensor), func(r *measurement) *float64 { return &r.Degrees }))
	// Output:
	// {attic 1000 21}
	// {attic 1000 25}
	// {attic 1000 25}
	// {cellar 2000 12}
	// {cellar 2000 12}
}

// A side output takes the records that do not belong into the main one.
func ExampleSideOutput() {
	env := datastream.NewEnvironment()
	cold := datastream.NewOutputTag[string]("cold")
	warm := datastream.Process(datastream.FromSlice(env, measurements...), func(ctx *datastream.Context, r measurement, out *datastream.Collector[measurement]) {
		if r.Degrees < 20 {
			datastream.EmitTo(ctx, cold, fmt.Sprintf("%s: %v degrees", r.Sensor, r.Degrees))
			return
		}
		out.Collect(r)
	})
	warm.Discard()
	show(datastream.SideOutput(warm, cold))
	// Output:
	// cellar: 11 degrees
	// cellar: 12 degrees
}

// silence tells when a sensor has been silent for ten seconds.
type silence struct{ due *datastream.Value[int64] }

func (s *silence) Open(ctx *datastream.Context) error {
	s.due = datastream.ValueState[int64](ctx, datastream.StateDescriptor{Name: "due"})
	return nil
}

func (s *silence) ProcessElement(ctx *datastream.KeyedContext[string], r measurement, _ *datastream.Collector[string]) error {
	if due, ok := s.due.Value(); ok {
		ctx.DeleteEventTimeTimer(due)
	}
	s.due.Update(r.Time + 10_000)
	ctx.RegisterEventTimeTimer(r.Time + 10_000)
	return nil
}

func (s *silence) OnTimer(ctx *datastream.KeyedContext[string], ms int64, out *datastream.Collector[string]) error {
	out.Collect(fmt.Sprintf("%s was silent at %d ms", ctx.CurrentKey(), ms))
	s.due.Clear()
	return nil
}

func ExampleKeyedProcessWith() {
	env := datastream.NewEnvironment()
	show(datastream.KeyedProcessWith(datastream.KeyBy(byTime(env), sensor),
		func() datastream.KeyedProcessFunction[string, measurement, string] { return new(silence) }))
	// Output:
	// attic was silent at 73000 ms
	// cellar was silent at 72000 ms
}

func ExampleUnion() {
	env := datastream.NewEnvironment()
	show(datastream.Union(datastream.FromSlice(env, "a", "b"), datastream.FromSlice(env, "c")))
	// Output:
	// a
	// b
	// c
}

func ExampleCoMap() {
	env := datastream.NewEnvironment()
	both := datastream.Connect(datastream.FromSlice(env, 1, 2), datastream.FromSlice(env, "three"))
	show(datastream.CoMap(both, func(n int) string { return fmt.Sprint("number ", n) }, func(s string) string { return "word " + s }))
	// Output:
	// number 1
	// number 2
	// word three
}

// Rules are broadcast: each sub-task of the other stream has all of them.
func ExampleConnectBroadcast() {
	env := datastream.NewEnvironment()
	limits := datastream.NewBroadcastDescriptor[string, float64]("limits")
	rules := datastream.FromSlice(env, measurement{Sensor: "attic", Degrees: 22}, measurement{Sensor: "cellar", Degrees: 15})
	show(datastream.BroadcastProcess(datastream.ConnectBroadcast(datastream.FromSlice(env, measurements...), rules, limits),
		func(ctx *datastream.ReadOnlyContext, r measurement, out *datastream.Collector[string]) {
			if limit, ok := datastream.ReadOnlyBroadcastState(ctx, limits).Get(r.Sensor); ok && r.Degrees > limit {
				out.Collect(fmt.Sprintf("%s is at %v, above %v", r.Sensor, r.Degrees, limit))
			}
		},
		func(ctx *datastream.BroadcastContext, rule measurement, _ *datastream.Collector[string]) {
			datastream.BroadcastState(ctx, limits).Put(rule.Sensor, rule.Degrees)
		}))
	// Output:
	// attic is at 24, above 22
	// attic is at 25, above 22
}

func ExampleWindow() {
	env := datastream.NewEnvironment()
	minutes := datastream.Window(datastream.KeyBy(byTime(env), sensor), datastream.TumblingEventTime(time.Minute))
	show(datastream.ProcessWindow(minutes, func(ctx *datastream.WindowContext, key string, ms []measurement, out *datastream.Collector[string]) {
		warmest := slices.MaxFunc(ms, func(a, b measurement) int { return cmp.Compare(a.Degrees, b.Degrees) })
		out.Collect(fmt.Sprintf("%s from %d ms: %d readings, at most %v degrees", key, ctx.Window().Start, len(ms), warmest.Degrees))
	}))
	// Output:
	// attic from 0 ms: 1 readings, at most 21 degrees
	// attic from 60000 ms: 2 readings, at most 25 degrees
	// cellar from 0 ms: 1 readings, at most 12 degrees
	// cellar from 60000 ms: 1 readings, at most 11 degrees
}

// mean is the mean of the degrees; the accumulator is their sum and number.
type mean struct{}

func (mean) CreateAccumulator() [2]float64 { return [2]float64{} }
func (mean) Add(r measurement, a [2]float64) [2]float64 {
	return [2]float64{a[0] + r.Degrees, a[1] + 1}
}
func (mean) GetResult(a [2]float64) float64   { return a[0] / a[1] }
func (mean) Merge(a, b [2]float64) [2]float64 { return [2]float64{a[0] + b[0], a[1] + b[1]} }

// Session windows merge, so their aggregates need the method Merge.
func ExampleAggregateWindow() {
	env := datastream.NewEnvironment()
	visits := datastream.Window(datastream.KeyBy(byTime(env), sensor), datastream.EventTimeSession(5*time.Second))
	show(datastream.AggregateWindow(visits, mean{}))
	// Output:
	// 11
	// 12
	// 21
	// 24.5
}

func ExampleIntervalJoin() {
	env := datastream.NewEnvironment()
	rs := byTime(env)
	attic := datastream.KeyBy(datastream.Filter(rs, func(r measurement) bool { return r.Sensor == "attic" }), func(measurement) int { return 0 })
	cellar := datastream.KeyBy(datastream.Filter(rs, func(r measurement) bool { return r.Sensor == "cellar" }), func(measurement) int { return 0 })
	show(datastream.ProcessJoin(datastream.IntervalJoin(attic, cellar, -time.Second, time.Second),
		func(_ *datastream.JoinContext, a, c measurement, out *datastream.Collector[string]) {
			out.Collect(fmt.Sprintf("at %d ms the attic is %v degrees warmer", c.Time, a.Degrees-c.Degrees))
		}))
	// Output:
	// at 2000 ms the attic is 9 degrees warmer
	// at 62000 ms the attic is 13 degrees warmer
	// at 62000 ms the attic is 14 degrees warmer
}

func ExampleJoinWindow() {
	env := datastream.NewEnvironment()
	ms := byTime(env)
	byMinute := func(measurement) string { return "house" }
	attic := datastream.KeyBy(datastream.Filter(ms, func(m measurement) bool { return m.Sensor == "attic" }), byMinute)
	cellar := datastream.KeyBy(datastream.Filter(ms, func(m measurement) bool { return m.Sensor == "cellar" }), byMinute)
	show(datastream.JoinWindow(attic, cellar, datastream.TumblingEventTime(time.Minute),
		func(a, c measurement) string { return fmt.Sprintf("attic %v, cellar %v", a.Degrees, c.Degrees) }))
	// Output:
	// attic 21, cellar 12
	// attic 24, cellar 11
	// attic 25, cellar 11
}

// Either side of a co-group may be empty.
func ExampleCoGroupWindow() {
	env := datastream.NewEnvironment()
	plan := datastream.FromSlice(env, measurement{Sensor: "attic", Time: 5_000}, measurement{Sensor: "garden", Time: 6_000}).Watermarks(
		datastream.ForMonotonousTimestamps[measurement]().WithTimestampAssigner(func(m measurement, _ int64) int64 { return m.Time }))
	show(datastream.CoGroupWindow(datastream.KeyBy(plan, sensor), datastream.KeyBy(byTime(env), sensor), datastream.TumblingEventTime(time.Hour),
		func(_ *datastream.WindowContext, key string, planned, done []measurement, out *datastream.Collector[string]) {
			out.Collect(fmt.Sprintf("%s: %d planned, %d done", key, len(planned), len(done)))
		}))
	// Output:
	// attic: 1 planned, 3 done
	// cellar: 0 planned, 2 done
	// garden: 1 planned, 0 done
}

// Bounded streams can be joined without windows.
func ExampleOuterJoinBounded() {
	env := datastream.NewEnvironment()
	floors := datastream.FromSlice(env, datastream.KeyCount[string]{Key: "attic", Count: 3}, datastream.KeyCount[string]{Key: "garden"})
	show(datastream.OuterJoinBounded(datastream.FullOuterJoin, datastream.KeyBy(datastream.FromSlice(env, measurements[:2]...), sensor),
		datastream.KeyBy(floors, func(f datastream.KeyCount[string]) string { return f.Key }),
		func(m *measurement, floor *datastream.KeyCount[string]) string {
			switch {
			case floor == nil:
				return m.Sensor + " is on no floor"
			case m == nil:
				return floor.Key + " has no sensor"
			}
			return fmt.Sprintf("%s on floor %d: %v degrees", m.Sensor, floor.Count, m.Degrees)
		}))
	// Output:
	// attic on floor 3: 21 degrees
	// cellar is on no floor
	// garden has no sensor
}

func ExampleDistinct() {
	env := datastream.NewEnvironment()
	show(datastream.Distinct(datastream.FromSlice(env, "b", "a", "b")))
	// Output:
	// a
	// b
}

// Bounded streams can be sorted, sub-task by sub-task, and read as a whole.
func ExampleMapPartition() {
	env := datastream.NewEnvironment().SetParallelism(1)
	sorted := datastream.SortPartition(datastream.FromSlice(env, measurements...), func(m measurement) float64 { return m.Degrees }, datastream.Descending)
	show(datastream.MapPartition(sorted, func(ms iter.Seq[measurement], out *datastream.Collector[string]) {
		rank := 0
		for m := range ms {
			if rank++; rank <= 2 {
				out.Collect(fmt.Sprintf("%d. %s at %v", rank, m.Sensor, m.Degrees))
			}
		}
	}))
	// Output:
	// 1. attic at 25
	// 2. attic at 24
}

// Several calls of a service are under way at once; results are in order of the records.
func ExampleAsyncMap() {
	env := datastream.NewEnvironment()
	ask := func(ctx context.Context, sensor string) ([]string, error) {
		return []string{sensor + " is in Berlin"}, ctx.Err()
	}
	show(datastream.AsyncMap(datastream.FromSlice(env, "attic", "cellar"), ask, datastream.AsyncOptions[string, string]{Timeout: time.Second}))
	// Output:
	// attic is in Berlin
	// cellar is in Berlin
}

// Without keys, records can be spread over the sub-tasks of the next operator in other ways.
func ExamplePartitionCustom() {
	env := datastream.NewEnvironment()
	spread := datastream.PartitionCustom(datastream.FromSlice(env, measurements...), func(sensor string, n int) int { return len(sensor) % n }, sensor)
	show(datastream.ProcessContext(spread, func(ctx *datastream.Context, r measurement, out *datastream.Collector[string]) error {
		out.Collect(fmt.Sprint(r.Sensor, " at sub-task ", ctx.Subtask()))
		return nil
	}).Parallelism(2))
	// Output:
	// attic at sub-task 1
	// attic at sub-task 1
	// attic at sub-task 1
	// cellar at sub-task 0
	// cellar at sub-task 0
}

func ExampleExecuteAndIterate() {
	env := datastream.NewEnvironment().SetParallelism(1) // keeps the numbers in order
	endless := datastream.Generate(env, func(i int64) int64 { return i * i }, datastream.GeneratorOptions{})
	for square, err := range datastream.ExecuteAndIterate(context.Background(), endless, "squares") {
		if err != nil || square > 20 {
			break // which cancels the job
		}
		fmt.Println(square)
	}
	// Output:
	// 0
	// 1
	// 4
	// 9
	// 16
}

// Files are read in parallel, and what is written is visible when it is whole.
func ExampleWriteCSV() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	env := datastream.NewEnvironment().SetParallelism(1)
	datastream.WriteCSV(datastream.FromSlice(env, measurements...), dir+"/measurements",
		datastream.CSVSinkOptions{CSVFormat: datastream.CSVFormat{Header: true}, FileSinkOptions: datastream.FileSinkOptions{Suffix: ".csv", Compression: datastream.Gzip}})
	if _, err := env.Execute(context.Background(), "write"); err != nil {
		fmt.Println(err)
	}
	names, _ := filepath.Glob(dir + "/measurements/*")
	fmt.Println(filepath.Base(names[0]))
	back := datastream.ReadCSV[measurement](env, datastream.CSVOptions{CSVFormat: datastream.CSVFormat{Header: true}}, dir+"/measurements")
	show(datastream.Filter(back, func(m measurement) bool { return m.Sensor == "cellar" }))
	// Output:
	// part-0-0.csv.gz
	// {cellar 2000 12}
	// {cellar 62000 11}
}

// A harness runs a pipeline in a test, step by step.
func ExampleHarness() {
	h := datastream.NewHarness()
	in, rs := datastream.HarnessSource[measurement](h)
	minutes := datastream.Window(datastream.KeyBy(rs, sensor), datastream.TumblingEventTime(time.Minute))
	out := datastream.HarnessSink(h, datastream.CountEachWindow(minutes))
	if err := h.Open(); err != nil {
		fmt.Println(err)
	}
	for _, r := range measurements {
		in.PushAt(r, r.Time)
	}
	fmt.Println(out.Values())
	in.Watermark(59_999)
	fmt.Println(out.Values())
	in.End()
	fmt.Println(out.Values(), h.Err(), h.Close())
	// Output:
	// []
	// [{attic 1} {cellar 1}]
	// [{attic 2} {cellar 1}] <nil> <nil>
}
