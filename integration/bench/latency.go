package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/connector/collect"
	"github.com/leatproject/leat/storage/connector/slice"
)

var latency = benchmark{name: "latency", unit: "records", about: "keyed pass-through at a fixed rate, 5 s",
	cases: []benchCase{{name: "empty-loop", run: loopLatency}, {name: "leat", run: runLatency, target: "p99 < 10 ms"}}}

// loopLatency measures how late a loop comes that only waits for each millisecond: what the machine adds to any figure.
func loopLatency(o *options) (int64, error) {
	start := time.Now()
	var late []time.Duration
	for i := range 5000 {
		due := start.Add(time.Duration(i) * time.Millisecond)
		time.Sleep(time.Until(due))
		late = append(late, time.Since(due))
	}
	quantiles(late)
	return int64(len(late)), nil
}

func quantiles(d []time.Duration) {
	slices.Sort(d)
	notes["p50"] = d[len(d)/2].String()
	notes["p99"] = d[len(d)*99/100].String()
	notes["max"] = d[len(d)-1].String()
}

func runLatency(o *options) (int64, error) {
	n := int64(o.rate) * 5
	env := datastream.NewEnvironment().SetRuntimeMode("STREAMING").SetParallelism(2)
	src, err := slice.Generator(func(i int64) stamped { return stamped{i, time.Now().UnixNano()} },
		slice.GeneratorOptions{Count: n, Rate: slice.Rate{PerSecond: float64(o.rate)}})
	if err != nil {
		return 0, err
	}
	made := datastream.FromSource[stamped](env, src, "Generator")
	counted := datastream.Reduce(datastream.KeyBy(made, func(s stamped) int64 { return s.Key % 1000 }), func(_, b stamped) stamped { return b })
	var late []time.Duration
	counted.WriteTo(collect.NewSink(func(_ context.Context, rows []stamped) error {
		now := time.Now().UnixNano()
		for _, r := range rows {
			late = append(late, time.Duration(now-r.Nanos))
		}
		return nil
	}), "Collect").Parallelism(1)
	if _, err := env.Execute(context.Background(), "latency"); err != nil {
		return 0, err
	}
	quantiles(late)
	return int64(len(late)), nil
}

type stamped struct{ Key, Nanos int64 }

var idle = benchmark{name: "idle", unit: "seconds", about: "a job that waits on a silent socket for 5 s",
	cases: []benchCase{{name: "sleep", run: func(*options) (int64, error) { time.Sleep(5 * time.Second); return 5, nil }},
		{name: "leat", run: runIdle, target: "CPU < 1 % of wall, peak < 40 MiB"}}}

func runIdle(*options) (int64, error) {
	address, stop, err := silentServer()
	if err != nil {
		return 0, err
	}
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	env := datastream.NewEnvironment().SetParallelism(2)
	lines := datastream.SocketText(env, "127.0.0.1", address)
	datastream.Count(datastream.KeyBy(lines, strings.ToLower)).Print()
	if _, err := env.Execute(ctx, "idle"); ctx.Err() == nil {
		return 0, fmt.Errorf("job ended: %w", err)
	}
	return 5, nil
}
