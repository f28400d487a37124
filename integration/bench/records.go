package main

import (
	"context"

	"github.com/leatproject/leat/client/datastream"
)

// event is the struct of the record benchmarks.
type event struct {
	Key   int64
	Value int64
	Kind  int32
	Price float64
}

func makeEvent(keys int64) func(i int64) event {
	return func(i int64) event {
		return event{Key: int64(uint64(i) * 0x9e3779b97f4a7c15 % uint64(keys)), Value: i, Kind: int32(i & 7), Price: float64(i)}
	}
}

var (
	chain1e3    = records("chain-1e3", "map -> filter -> keyBy -> count in one chain, 1,000 keys", 1_000, 1, "15 M/CPU s")
	chain1e6    = records("chain-1e6", "map -> filter -> keyBy -> count in one chain, 1,000,000 keys", 1_000_000, 1, "8 M/CPU s")
	exchange1e6 = records("exchange-1e6", "map -> filter -> keyBy -> exchange -> count, 1,000,000 keys", 1_000_000, 2, "5 M/CPU s")
	valueState  = benchmark{name: "value-state", unit: "records", about: "ValueState touched record by record, 1,000,000 keys",
		cases: []benchCase{{name: "go-loop-map", run: loopRecords(1_000_000)},
			{name: "leat-streaming", run: runValueState("STREAMING", 1_000_000), target: "4 M/CPU s"},
			{name: "leat-batch", run: runValueState("BATCH", 1_000_000)}}}
)

func records(name, about string, keys int64, parallelism int, target string) benchmark {
	return benchmark{name: name, unit: "records", about: about, cases: []benchCase{
		{name: "go-loop-map", run: loopRecords(keys)},
		{name: "leat-streaming", run: runRecords("STREAMING", keys, parallelism), target: target},
		{name: "leat-batch", run: runRecords("BATCH", keys, parallelism)},
	}}
}

// loopRecords is the baseline: the same by a loop and a map.
func loopRecords(keys int64) func(o *options) (int64, error) {
	return func(o *options) (int64, error) {
		next := makeEvent(keys)
		counts := map[int64]int64{}
		for i := range o.rows {
			e := next(i)
			e.Value++
			if e.Kind == 7 {
				continue
			}
			counts[e.Key]++
		}
		return o.rows, nil
	}
}

func runRecords(mode string, keys int64, parallelism int) func(o *options) (int64, error) {
	return func(o *options) (int64, error) {
		return countEvents(datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(parallelism), o.rows, keys)
	}
}

func countEvents(env *datastream.Environment, rows, keys int64) (int64, error) {
	index := datastream.FromSequence(env, 0, rows-1)
	events := datastream.Map(index, makeEvent(keys))
	mapped := datastream.Map(events, func(e event) event { e.Value++; return e })
	kept := datastream.Filter(mapped, func(e event) bool { return e.Kind != 7 })
	datastream.Count(datastream.KeyBy(kept, func(e event) int64 { return e.Key })).Discard()
	_, err := env.Execute(context.Background(), "records")
	return rows, err
}

// runValueState counts by a process function that reads and writes a ValueState for each record.
func runValueState(mode string, keys int64) func(o *options) (int64, error) {
	return func(o *options) (int64, error) {
		env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(1)
		events := datastream.Map(datastream.FromSequence(env, 0, o.rows-1), makeEvent(keys))
		keyed := datastream.KeyBy(events, func(e event) int64 { return e.Key })
		datastream.KeyedProcessWith(keyed, func() datastream.KeyedProcessFunction[int64, event, int64] { return &counter{} }).Discard()
		_, err := env.Execute(context.Background(), "value state")
		return o.rows, err
	}
}

type counter struct{ count *datastream.Value[int64] }

func (c *counter) Open(ctx *datastream.Context) error {
	c.count = datastream.ValueState[int64](ctx, datastream.StateDescriptor{Name: "count"})
	return nil
}

func (c *counter) ProcessElement(_ *datastream.KeyedContext[int64], _ event, out *datastream.Collector[int64]) error {
	n, _ := c.count.Value()
	out.Collect(n + 1)
	c.count.Update(n + 1)
	return nil
}
