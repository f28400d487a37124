// Command pipeline is the job of the chaos tests: it counts events by key in state, in windows and by timers, and writes each
// into a folder of its own. With --brokers the events come from a topic, and the counts go to one as well.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/datastream/kafka"
	"github.com/leatproject/leat/integration/chaos"
	_ "github.com/leatproject/leat/runtime/state/pebble" // state.backend.type: pebble
	_ "github.com/leatproject/leat/storage/filesystem/hdfs"
)

func main() {
	var w chaos.Workload
	flag.Int64Var(&w.Records, "records", 10_000, "how many events")
	flag.Int64Var(&w.Splits, "splits", 4, "in how many ranges they are read")
	flag.Int64Var(&w.Keys, "keys", 100, "how many keys")
	rate := flag.Float64("rate", 1000, "events per second")
	output := flag.String("output", "", "folder of the results")
	brokers := flag.String("brokers", "", "bootstrap servers of Kafka")
	in := flag.String("in", "", "topic of the numbers of events")
	out := flag.String("out", "", "topic of the counts")
	flag.Parse()

	env := datastream.NewEnvironment()
	byTime := datastream.ForMonotonousTimestamps[chaos.Event]().WithTimestampAssigner(func(e chaos.Event, _ int64) int64 { return e.Time })
	var events *datastream.Stream[chaos.Event]
	if *brokers == "" {
		events = datastream.Generate(env, w.Event, datastream.GeneratorOptions{Count: w.Records, Rate: datastream.Rate{PerSecond: *rate}}).
			Parallelism(int(w.Splits))
	} else {
		events = kafka.Read(env, kafka.SourceOptions[chaos.Event]{Topics: []string{*in}, Properties: properties(*brokers), Stop: end(w, *in),
			Deserialize: func(r *kafka.Record, rows []chaos.Event) ([]chaos.Event, error) {
				i, err := strconv.ParseInt(string(r.Value), 10, 64)
				return append(rows, w.Event(i)), err
			}})
	}
	events = events.UID("events").Watermarks(byTime)
	byKey := datastream.KeyBy(events, func(e chaos.Event) int64 { return e.Key })

	timers := datastream.NewOutputTag[chaos.Fired]("timers")
	counts := datastream.KeyedProcessWith(byKey, func() datastream.KeyedProcessFunction[int64, chaos.Event, chaos.Counted] {
		return &counter{timers: timers}
	}).UID("counts")
	windows := datastream.AggregateProcessWindow(datastream.Window(byKey, datastream.TumblingEventTime(chaos.WindowSize*time.Millisecond)), sum{},
		func(ctx *datastream.WindowContext, key, n int64, out *datastream.Collector[chaos.Windowed]) {
			out.Collect(chaos.Windowed{Key: key, Start: ctx.Window().Start, Events: n})
		}).UID("windows")

	datastream.WriteText(counts, *output+"/counts").UID("write-counts")
	if *brokers != "" {
		kafka.Write(counts, kafka.SinkOptions[chaos.Counted]{Topic: *out, Properties: properties(*brokers), Guarantee: kafka.ExactlyOnce, TransactionalIDPrefix: *out,
			Serialize: func(c *chaos.Counted, r *kafka.Record) error {
				r.Key, r.Value = strconv.AppendInt(nil, c.Key, 10), []byte(c.String())
				return nil
			}}).UID("send-counts")
	}
	datastream.WriteText(windows, *output+"/windows").UID("write-windows")
	datastream.WriteText(datastream.SideOutput(counts, timers), *output+"/timers").UID("write-timers")
	_, err := env.Execute(context.Background(), "chaos")
	if err != nil {
		fmt.Fprintln(os.Stderr, "pipeline:", err)
	}
	os.Exit(datastream.ExitCode(err))
}

// end is where the partitions of the topic of events will end.
func end(w chaos.Workload, topic string) kafka.Offsets {
	offsets := map[kafka.TopicPartition]int64{}
	for i := range w.Records {
		offsets[kafka.TopicPartition{Topic: topic, Partition: w.Event(i).Partition()}]++
	}
	return kafka.Specific(offsets)
}

func properties(brokers string) map[string]string {
	return map[string]string{"bootstrap.servers": brokers, "transaction.timeout.ms": "300000"}
}

// counter numbers the events of each key and sets a timer at the next step of event time. It keeps the numbers of the last events
// of a key, which makes its state larger than the memory of pebble.
type counter struct {
	timers *datastream.OutputTag[chaos.Fired]
	count  *datastream.Value[int64]
	recent *datastream.List[int64]
}

// kept is how many numbers of events are at least.
const kept = 200

func (c *counter) Open(ctx *datastream.Context) error {
	c.count = datastream.ValueState[int64](ctx, datastream.StateDescriptor{Name: "count"})
	c.recent = datastream.ListState[int64](ctx, datastream.StateDescriptor{Name: "recent"})
	return nil
}

func (c *counter) ProcessElement(ctx *datastream.KeyedContext[int64], e chaos.Event, out *datastream.Collector[chaos.Counted]) error {
	n, _ := c.count.Value()
	c.count.Update(n + 1)
	if err := c.keep(e, n); err != nil {
		return err
	}
	out.Collect(chaos.Counted{Index: e.Index, Key: e.Key, Nth: n + 1})
	ctx.RegisterEventTimeTimer(e.Time - e.Time%chaos.TimerStep + chaos.TimerStep)
	return nil
}

// keep adds a number to those of the last events, of which there must be as many as there were events before. Half of them go when
// there are twice as many as are to be kept.
func (c *counter) keep(e chaos.Event, before int64) error {
	want := before
	if before > kept {
		want = kept + 1 + (before-kept-1)%kept
	}
	if n := int64(c.recent.Len()); n != want {
		return fmt.Errorf("state of key %d: the numbers of %d events are kept, not of %d", e.Key, n, want)
	}
	if want == 2*kept {
		c.recent.Update(c.recent.Get()[kept:])
	}
	c.recent.Add(e.Index)
	return nil
}

func (c *counter) OnTimer(ctx *datastream.KeyedContext[int64], timestamp int64, _ *datastream.Collector[chaos.Counted]) error {
	datastream.EmitTo(ctx, c.timers, chaos.Fired{Key: ctx.CurrentKey(), Time: timestamp})
	return nil
}

// sum counts.
type sum struct{}

func (sum) CreateAccumulator() int64         { return 0 }
func (sum) Add(_ chaos.Event, n int64) int64 { return n + 1 }
func (sum) GetResult(n int64) int64          { return n }
func (sum) Merge(a, b int64) int64           { return a + b }
