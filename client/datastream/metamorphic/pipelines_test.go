package metamorphic

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/leatproject/leat/client/datastream"
)

// cell is a row of a pipeline's table; see variant.run.
type cell struct{ Key, Value string }

// pipeline is a program whose final table must not depend on how it is run.
type pipeline = func(env *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell]

type readingsBySensor = *datastream.KeyedStream[reading, string]

func bySensor(in *datastream.Stream[reading]) readingsBySensor {
	return datastream.KeyBy(in, func(r reading) string { return r.Sensor })
}

func valueOf(r *reading) *int64 { return &r.Value }

// rolling shows the running value of each sensor.
func rolling(s *datastream.Stream[reading]) *datastream.Stream[cell] {
	return datastream.Map(s, func(r reading) cell { return cell{r.Sensor, fmt.Sprint(r.Value)} })
}

// texts shows records as text, of which each counts.
func texts[T any](s *datastream.Stream[T]) *datastream.Stream[cell] {
	return datastream.Map(s, func(v T) cell { return cell{Key: fmt.Sprint(v)} })
}

var pipelines = func() map[string]pipeline {
	all := maps.Clone(recordPipelines)
	maps.Copy(all, windowPipelines)
	return all
}()

// recordPipelines have no windows.
var recordPipelines = map[string]pipeline{
	"count": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return datastream.Map(datastream.Count(bySensor(in)), func(c datastream.KeyCount[string]) cell { return cell{c.Key, fmt.Sprint(c.Count)} })
	},
	"sum after filter and map": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		kept := datastream.Filter(in, func(r reading) bool { return r.Value%3 != 0 })
		return rolling(datastream.Sum(bySensor(datastream.Map(kept, func(r reading) reading { r.Value *= 2; return r })), valueOf))
	},
	"flatMap, rebalance, max": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		twice := datastream.FlatMap(in, func(r reading, out *datastream.Collector[reading]) {
			out.Collect(r)
			r.Sensor += "'"
			out.Collect(r)
		})
		return rolling(datastream.Max(bySensor(datastream.Rebalance(twice)), valueOf))
	},
	"union, reduce by number": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		high := datastream.Filter(in, func(r reading) bool { return r.Value >= 50 })
		low := datastream.Filter(in, func(r reading) bool { return r.Value < 50 })
		sums := datastream.Reduce(datastream.KeyBy(datastream.Union(high, low, datastream.Shuffle(low)), func(r reading) int64 { return r.Value % 10 }),
			func(a, b reading) reading { a.Time += b.Time; return a })
		return datastream.Map(sums, func(r reading) cell { return cell{fmt.Sprint(r.Value % 10), fmt.Sprint(r.Time)} })
	},
	"minBy and maxBy": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		unique := func(r reading) int64 { return r.Value*1_000_000 + r.Time }
		show := func(name string) func(reading) cell {
			return func(r reading) cell { return cell{r.Sensor + name, fmt.Sprint(r)} }
		}
		return datastream.Union(datastream.Map(datastream.MinBy(bySensor(in), unique), show(" least")),
			datastream.Map(datastream.MaxBy(bySensor(in), unique), show(" most")))
	},
	"aggregate": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return datastream.Map(datastream.Aggregate(bySensor(in), spread{}), func(s spreadResult) cell { return cell{s.Sensor, fmt.Sprint(s)} })
	},
	"side outputs": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		odd := datastream.NewOutputTag[string]("odd")
		even := datastream.Process(in, func(ctx *datastream.Context, r reading, out *datastream.Collector[reading]) {
			if r.Value%2 == 1 {
				datastream.EmitTo(ctx, odd, r.Sensor)
				return
			}
			out.Collect(r)
		})
		return datastream.Union(texts(even), texts(datastream.SideOutput(even, odd)))
	},
	"async map": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		slow := func(_ context.Context, r reading) ([]reading, error) {
			for range r.Value % 5 {
				runtime.Gosched()
			}
			return slices.Repeat([]reading{r}, int(r.Value%3)), nil
		}
		late := datastream.AsyncMap(in, slow, datastream.AsyncOptions[reading, reading]{Unordered: true, Capacity: 7})
		return tumblingSums(datastream.AsyncMap(late, slow, datastream.AsyncOptions[reading, reading]{}))
	},
	"distinct": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return texts(datastream.Distinct(datastream.Map(in, func(r reading) reading { r.Time = 0; return r })))
	},
	"mapPartition": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return texts(datastream.MapPartition(in, func(rows iter.Seq[reading], out *datastream.Collector[reading]) {
			for r := range rows {
				out.Collect(r)
			}
		}))
	},
	"sortPartition": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		sorted := datastream.SortPartition(in, func(r reading) int64 { return -r.Value*1_000_000 + r.Time }, datastream.Descending).Parallelism(1)
		place := 0
		return datastream.Map(sorted, func(r reading) cell { place++; return cell{fmt.Sprint(r), fmt.Sprint(place)} }).Parallelism(1)
	},
	"process with state and timers": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		return texts(datastream.KeyedProcessWith(bySensor(in), func() datastream.KeyedProcessFunction[string, reading, string] { return &sensorTotals{} }))
	},
	"keyed co-process": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		low := datastream.Filter(in, func(r reading) bool { return r.Value < 50 })
		return texts(datastream.KeyedCoProcessWith(datastream.ConnectKeyed(bySensor(in), bySensor(low)),
			func() datastream.KeyedCoProcessFunction[string, reading, reading, string] { return &sensorTotals{} }))
	},
	"broadcast rules, batch": func(env *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		env.SetRuntimeMode("BATCH")
		rules := datastream.FromSlice(env, reading{Sensor: "s0", Value: 3}, reading{Sensor: "s1", Value: 5})
		return texts(datastream.BroadcastProcess(datastream.ConnectBroadcast(in, rules, factors),
			func(ctx *datastream.ReadOnlyContext, r reading, out *datastream.Collector[reading]) {
				r.Value *= factorOf(datastream.ReadOnlyBroadcastState(ctx, factors).Get(r.Sensor))
				out.Collect(r)
			},
			func(ctx *datastream.BroadcastContext, r reading, _ *datastream.Collector[reading]) {
				datastream.BroadcastState(ctx, factors).Put(r.Sensor, r.Value)
			}))
	},
	"broadcast rules, read at the end": func(env *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		rules := datastream.FromSlice(env, reading{Sensor: "s0", Value: 3}, reading{Sensor: "s1", Value: 5})
		return texts(datastream.KeyedBroadcastProcessWith(datastream.ConnectBroadcastKeyed(bySensor(in), rules, factors),
			func() datastream.KeyedBroadcastProcessFunction[string, reading, reading, string] { return &weighted{} }))
	},
	"keys of all kinds": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		type key struct {
			Odd    bool
			Tenth  float64
			Class  [2]uint16
			Sensor string
			Digit  int8
		}
		counts := datastream.Count(datastream.KeyBy(in, func(r reading) key {
			return key{r.Value%2 == 1, float64(r.Value/10) / 10, [2]uint16{uint16(r.Value % 3), 7}, r.Sensor, int8(r.Value%7) - 3}
		}))
		return datastream.Map(counts, func(c datastream.KeyCount[key]) cell { return cell{fmt.Sprint(c.Key), fmt.Sprint(c.Count)} })
	},
	"broadcast and custom partitions": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		again := datastream.Map(datastream.Broadcast(in), func(r reading) reading { return r }).Parallelism(3)
		custom := datastream.PartitionCustom(again, func(key int64, n int) int { return int(key) % n }, func(r reading) int64 { return r.Value })
		return texts(datastream.Rescale(datastream.Map(custom, func(r reading) reading { return r }).Parallelism(2)))
	},
	"connect": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		names := datastream.Map(in, func(r reading) string { return r.Sensor })
		return texts(datastream.CoFlatMap(datastream.Connect(in, datastream.Rebalance(names)),
			func(r reading, out *datastream.Collector[string]) { out.Collect(fmt.Sprint(r)) },
			func(name string, out *datastream.Collector[string]) { out.Collect(name); out.Collect("!") }))
	},
	"nested records": func(_ *datastream.Environment, in *datastream.Stream[reading]) *datastream.Stream[cell] {
		byTag := datastream.KeyBy(datastream.Map(in, newNested), func(n nested) nestedKey { return n.Key })
		kept := datastream.KeyedProcess(byTag, func(ctx *datastream.KeyedContext[nestedKey], n nested, out *datastream.Collector[nested]) {
			if n.Key != ctx.CurrentKey() {
				panic(fmt.Sprint(n.Key, " under ", ctx.CurrentKey()))
			}
			out.Collect(n)
		})
		sorted := datastream.SortPartitionFunc(datastream.Rebalance(kept), func(a, b nested) int { return len(a.Tags) - len(b.Tags) })
		return datastream.Map(sorted, func(n nested) cell {
			text, err := json.Marshal(n)
			if err != nil {
				panic(err)
			}
			return cell{Key: string(text)}
		})
	},
}

// spread has the sum, the least and the greatest value of a sensor.
type spread struct{}

type spreadResult struct {
	Sensor          string
	Sum, Least, Top int64
	N               int
}

func (spread) CreateAccumulator() spreadResult { return spreadResult{} }
func (spread) Add(r reading, s spreadResult) spreadResult {
	return spread{}.Merge(s, spreadResult{r.Sensor, r.Value, r.Value, r.Value, 1})
}
func (spread) GetResult(s spreadResult) spreadResult { return s }
func (spread) Merge(a, b spreadResult) spreadResult {
	switch {
	case a.N == 0:
		return b
	case b.N == 0:
		return a
	}
	return spreadResult{a.Sensor, a.Sum + b.Sum, min(a.Least, b.Least), max(a.Top, b.Top), a.N + b.N}
}

// sensorTotals sums up each second of a sensor when it is over, and all of it when the stream is.
type sensorTotals struct {
	seconds *datastream.StateMap[int64, int64]
	total   *datastream.Value[int64]
}

const afterAll = 1 << 40

func (f *sensorTotals) Open(ctx *datastream.Context) error {
	f.seconds = datastream.MapState[int64, int64](ctx, datastream.StateDescriptor{Name: "seconds"})
	f.total = datastream.ValueState[int64](ctx, datastream.StateDescriptor{Name: "total"})
	return nil
}

func (f *sensorTotals) add(ctx *datastream.KeyedContext[string], r reading, weight int64) error {
	if at, ok := ctx.Timestamp(); !ok || at != r.Time || ctx.CurrentKey() != r.Sensor {
		return fmt.Errorf("%v came with time %d, key %s", r, at, ctx.CurrentKey())
	}
	end := r.Time/1000*1000 + 999
	sum, _ := f.seconds.Get(end)
	f.seconds.Put(end, sum+weight*r.Value)
	total, _ := f.total.Value()
	f.total.Update(total + weight*r.Value)
	ctx.RegisterEventTimeTimer(end)
	ctx.RegisterEventTimeTimer(end + 100)
	ctx.DeleteEventTimeTimer(end + 100)
	ctx.RegisterEventTimeTimer(afterAll)
	return nil
}

func (f *sensorTotals) ProcessElement(ctx *datastream.KeyedContext[string], r reading, _ *datastream.Collector[string]) error {
	return f.add(ctx, r, 1)
}

func (f *sensorTotals) ProcessElement1(ctx *datastream.KeyedContext[string], r reading, _ *datastream.Collector[string]) error {
	return f.add(ctx, r, 1)
}

func (f *sensorTotals) ProcessElement2(ctx *datastream.KeyedContext[string], r reading, _ *datastream.Collector[string]) error {
	return f.add(ctx, r, -3)
}

func (f *sensorTotals) OnTimer(ctx *datastream.KeyedContext[string], at int64, out *datastream.Collector[string]) error {
	if at == afterAll {
		total, _ := f.total.Value()
		f.total.Clear()
		out.Collect(fmt.Sprint(ctx.CurrentKey(), " in all ", total))
		return nil
	}
	sum, _ := f.seconds.Get(at)
	f.seconds.Remove(at)
	out.Collect(fmt.Sprint(ctx.CurrentKey(), " ", at, " ", sum))
	return nil
}

var factors = datastream.NewBroadcastDescriptor[string, int64]("factors")

func factorOf(factor int64, ok bool) int64 {
	if !ok {
		return 1
	}
	return factor
}

// weighted sums up the values of each sensor and multiplies them by its rule when both streams have ended.
type weighted struct{ sum *datastream.Reducing[int64] }

func (f *weighted) Open(ctx *datastream.Context) error {
	f.sum = datastream.ReducingState(ctx, datastream.StateDescriptor{Name: "sum"}, func(a, b int64) int64 { return a + b })
	return nil
}

func (f *weighted) ProcessElement(ctx *datastream.KeyedReadOnlyContext[string], r reading, _ *datastream.Collector[string]) error {
	f.sum.Add(r.Value)
	ctx.RegisterEventTimeTimer(afterAll)
	return nil
}

func (f *weighted) ProcessBroadcastElement(ctx *datastream.KeyedBroadcastContext[string], r reading, _ *datastream.Collector[string]) error {
	datastream.BroadcastState(ctx, factors).Put(r.Sensor, r.Value)
	return nil
}

func (f *weighted) OnTimer(ctx *datastream.KeyedReadOnlyContext[string], _ int64, out *datastream.Collector[string]) error {
	sum, _ := f.sum.Get()
	out.Collect(fmt.Sprint(ctx.CurrentKey(), " ", sum*factorOf(datastream.ReadOnlyBroadcastState(ctx, factors).Get(ctx.CurrentKey()))))
	return nil
}

// nested has a field of each shape.
type nested struct {
	Key     nestedKey
	Tags    []string
	Points  [][2]float64
	ByName  map[string][]int64
	Inner   struct{ Deep map[int32]nestedKey }
	Next    *nestedKey
	At      time.Time
	Blob    []byte
	Took    time.Duration
	Present bool
}

type nestedKey struct {
	Sensor string
	Class  [2]uint8
}

func newNested(r reading) nested {
	key := nestedKey{r.Sensor, [2]uint8{uint8(r.Value % 2), uint8(r.Value % 3)}}
	n := nested{Key: key, At: time.UnixMilli(r.Time).UTC(), Took: time.Duration(r.Value), Present: r.Value%2 == 0}
	for i := range r.Value % 5 {
		n.Tags = append(n.Tags, fmt.Sprint("tag ", i))
		n.Points = append(n.Points, [2]float64{float64(i), 0.5})
		n.Blob = append(n.Blob, byte(i), 0)
	}
	if r.Value%4 > 0 {
		n.ByName = map[string][]int64{"": nil, r.Sensor: {r.Value, -r.Time}}
		n.Inner.Deep = map[int32]nestedKey{-1: key, 7: {}}
		n.Next = &key
	}
	return n
}
