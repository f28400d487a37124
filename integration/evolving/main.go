// Command evolving is the program of the tests of savepoints. It counts numbers by key and writes each count into a folder; an event timer
// of each key writes a last line when event time ends. It exists in two versions, which differ in the type of their state.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/leatproject/leat/client/datastream"
)

const (
	records = 20_000
	keys    = 50
)

// The versions of the state: its field is wider, has another name in Go, and there is another one.
type (
	total struct {
		N int32
	}
	totalNow struct {
		Count int64 `leat:"N"`
		Since string
	}
	totalBroken struct {
		N string
	}
)

// counter emits how often its key has come.
type counter[T any] struct {
	add   func(*T) int64
	state *datastream.Value[T]
}

// Open implements datastream.KeyedProcessFunction.
func (c *counter[T]) Open(ctx *datastream.Context) error {
	c.state = datastream.ValueState[T](ctx, datastream.StateDescriptor{Name: "total"})
	return nil
}

// ProcessElement implements datastream.KeyedProcessFunction.
func (c *counter[T]) ProcessElement(ctx *datastream.KeyedContext[int64], _ int64, out *datastream.Collector[string]) error {
	t, _ := c.state.Value()
	n := c.add(&t)
	c.state.Update(t)
	ctx.RegisterEventTimeTimer(1 << 60)
	out.Collect(fmt.Sprintf("%d %d", ctx.CurrentKey(), n))
	return nil
}

// OnTimer implements datastream.TimerFunction.
func (c *counter[T]) OnTimer(ctx *datastream.KeyedContext[int64], _ int64, out *datastream.Collector[string]) error {
	out.Collect(fmt.Sprintf("%d end", ctx.CurrentKey()))
	return nil
}

func counted[T any](numbers *datastream.Stream[int64], add func(*T) int64) *datastream.Stream[string] {
	return datastream.KeyedProcessWith(datastream.KeyBy(numbers, func(n int64) int64 { return n % keys }),
		func() datastream.KeyedProcessFunction[int64, int64, string] { return &counter[T]{add: add} }).UID("count")
}

func main() {
	version := flag.Int("version", 1, "version of the program")
	rate := flag.Float64("rate", 2000, "records per second")
	folder := flag.String("output", "", "folder of the counts")
	flag.Parse()
	env := datastream.NewEnvironment()
	numbers := datastream.Generate(env, func(i int64) int64 { return i },
		datastream.GeneratorOptions{Count: records, Rate: datastream.Rate{PerSecond: *rate}}).UID("numbers")
	var counts *datastream.Stream[string]
	switch *version {
	case 1:
		counts = counted(numbers, func(t *total) int64 { t.N++; return int64(t.N) })
	case 2:
		counts = counted(numbers, func(t *totalNow) int64 { t.Count++; return t.Count })
	default:
		counts = counted(numbers, func(*totalBroken) int64 { return 0 })
	}
	datastream.WriteText(counts, *folder).UID("out")
	_, err := env.Execute(context.Background(), "evolving")
	if err != nil {
		fmt.Fprintln(os.Stderr, "evolving:", err)
	}
	os.Exit(datastream.ExitCode(err))
}
