package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/leatproject/leat/client/datastream"
)

var (
	checkpointCost = benchmark{name: "checkpoint-cost", unit: "records", about: "exchange-1e6 without checkpoints, and with one a second",
		cases: []benchCase{{name: "off", run: runCheckpointed(nil)},
			{name: "aligned", run: runCheckpointed(map[string]string{"interval": "1 s"})},
			{name: "unaligned", run: runCheckpointed(map[string]string{"interval": "1 s", "unaligned.enabled": "true"})}}}
	checkpointPressure = benchmark{name: "checkpoint-pressure", unit: "checkpoints", about: "one after the other while a function of 20 us a record holds up its sources",
		cases: []benchCase{{name: "aligned", run: runPressed(map[string]string{"interval": "1 ms"})},
			{name: "unaligned", run: runPressed(map[string]string{"interval": "1 ms", "unaligned.enabled": "true"})}}}
)

// checkpointed is an environment whose checkpoints go to a folder.
func checkpointed(settings map[string]string, folder string) *datastream.Environment {
	env := datastream.NewEnvironment().SetRuntimeMode("STREAMING").SetParallelism(2)
	env.Set("execution.checkpointing.dir", folder)
	for k, v := range settings {
		env.Set("execution.checkpointing."+k, v)
	}
	return env
}

func runCheckpointed(settings map[string]string) func(o *options) (int64, error) {
	return func(o *options) (int64, error) {
		folder, err := os.MkdirTemp(o.dir, "checkpoints-")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(folder)
		return countEvents(checkpointed(settings, folder), o.rows, 1_000_000)
	}
}

// slowCounter takes 20 us for a record.
type slowCounter struct{ counter }

func (c *slowCounter) ProcessElement(ctx *datastream.KeyedContext[int64], e event, out *datastream.Collector[int64]) error {
	for until := time.Now().Add(20 * time.Microsecond); time.Now().Before(until); {
	}
	return c.counter.ProcessElement(ctx, e, out)
}

// runPressed runs a job under back-pressure until so many checkpoints are complete.
func runPressed(settings map[string]string) func(o *options) (int64, error) {
	return func(o *options) (int64, error) {
		const checkpoints = 10
		folder, err := os.MkdirTemp(o.dir, "checkpoints-")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(folder)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		env := checkpointed(settings, folder)
		env.Set("execution.checkpointing.num-retained", "1000")
		events := datastream.Map(datastream.FromSequence(env, 0, 1<<40), makeEvent(1_000_000))
		keyed := datastream.KeyBy(events, func(e event) int64 { return e.Key })
		datastream.KeyedProcessWith(keyed, func() datastream.KeyedProcessFunction[int64, event, int64] { return &slowCounter{} }).Discard()
		go func() {
			for ctx.Err() == nil {
				if done, _ := filepath.Glob(filepath.Join(folder, "*", "chk-*", "_metadata")); len(done) >= checkpoints {
					cancel()
				}
				time.Sleep(5 * time.Millisecond)
			}
		}()
		if _, err := env.Execute(ctx, "pressed"); !errors.Is(err, context.Canceled) {
			return 0, err
		}
		return checkpoints, nil
	}
}
