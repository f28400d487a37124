package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/leatproject/leat/client/datastream"
	_ "github.com/leatproject/leat/runtime/state/pebble"
)

// manyKeys is the number of keys of value-state-1e7.
const manyKeys = 10_000_000

var valueState1e7 = benchmark{name: "value-state-1e7", unit: "records", about: "a counter in a ValueState for each of 10,000,000 keys",
	cases: []benchCase{
		{name: "go-loop-map", run: loopState(stateRun{keys: manyKeys})},
		{name: "leat-hashmap", run: stateRun{keys: manyKeys}.run, target: "3 M/CPU s"},
	}}

// largeState is state of four times the memory of its backend: a key and its count are 16 bytes, however many they take in tables or
// on disk. The CPU is that of the whole process, merges in the background included. The backend has no cache of its own for what it
// reads: the page cache is the machine's, as it was for Flink, whose figure is a stored one, of another run with 10,000,000 keys on a
// machine of two cores.
var largeState = benchmark{name: "pebble", unit: "records",
	about: "a counter in a ValueState for each of half as many keys as records, four times as large as the backend's memory",
	cases: []benchCase{
		{name: "leat-hashmap-uniform", run: stateRun{}.run},
		{name: "leat-pebble-uniform", run: stateRun{backend: "pebble"}.run, target: "0.2 M/CPU s: 3x a stored 0.066 of Flink's RocksDB"},
		{name: "leat-pebble-zipf-1.1", run: stateRun{backend: "pebble", zipf: true}.run, target: "0.66 M/CPU s: 10x the same"},
	}}

// stateRun is a job that counts records by key.
type stateRun struct {
	keys    int64 // 0 for half as many as records
	zipf    bool
	backend string
}

// key returns what makes the key of each record.
func (r stateRun) key() func(i int64) int64 {
	if r.zipf {
		next := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 1, uint64(r.keys-1))
		return func(int64) int64 { return int64(next.Uint64()) }
	}
	return func(i int64) int64 { return uniform(i) % r.keys }
}

// uniform mixes the bits of i, as the jobs for Flink do.
func uniform(i int64) int64 {
	z := (uint64(i) + 1) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	return int64((z ^ z>>27) >> 1)
}

func loopState(r stateRun) func(o *options) (int64, error) {
	return func(o *options) (int64, error) {
		key, counts := r.key(), map[int64]int64{}
		for i := range o.rows {
			counts[key(i)]++
		}
		return o.rows, nil
	}
}

func (r stateRun) run(o *options) (int64, error) {
	if r.keys == 0 {
		r.keys = o.rows / 2
	}
	env := datastream.NewEnvironment().SetRuntimeMode("STREAMING").SetParallelism(1)
	if r.backend != "" {
		memory := r.keys * 16 / 4
		notes["memory"] = fmt.Sprintf("%d MiB", memory>>20)
		env.Set("state.backend.type", r.backend).Set("state.backend.pebble.memory", fmt.Sprintf("%d bytes", memory)).Set("io.tmp.dirs", o.dir)
	}
	keys := datastream.Map(datastream.FromSequence(env, 0, o.rows-1), r.key())
	datastream.KeyedProcessWith(datastream.KeyBy(keys, func(k int64) int64 { return k }), func() datastream.KeyedProcessFunction[int64, int64, int64] {
		return new(keyCounter)
	}).Discard()
	_, err := env.Execute(context.Background(), "state")
	return o.rows, err
}

// keyCounter counts the records of each key.
type keyCounter struct{ count *datastream.Value[int64] }

func (c *keyCounter) Open(ctx *datastream.Context) error {
	c.count = datastream.ValueState[int64](ctx, datastream.StateDescriptor{Name: "count"})
	return nil
}

func (c *keyCounter) ProcessElement(_ *datastream.KeyedContext[int64], _ int64, out *datastream.Collector[int64]) error {
	n, _ := c.count.Value()
	out.Collect(n + 1)
	c.count.Update(n + 1)
	return nil
}
