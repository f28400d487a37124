// Command exactly is the program of the tests of checkpoints: it counts numbers by key and writes each count into a folder, where
// every one must be found exactly once, whatever has failed meanwhile. With -strands it writes the numbers, into a folder or a topic.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"sync"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/datastream/kafka"
)

type count struct{ Key, N int64 }

func main() {
	records := flag.Int64("records", 10_000, "how many numbers to count")
	keys := flag.Int64("keys", 100, "how many keys")
	rate := flag.Float64("rate", 1000, "records per second")
	strands := flag.Bool("strands", false, "write the numbers themselves, each sub-task on its own: no keys, no counts")
	folder := flag.String("output", "", "folder of the counts")
	brokers := flag.String("brokers", "", "of Kafka; -output is then a topic that -strands writes into, in transactions")
	hold := flag.Int("hold", 0, "megabytes of memory that the work takes besides")
	flag.Parse()
	env := datastream.NewEnvironment()
	take := sync.OnceValue(func() []byte { return bytes.Repeat([]byte{1}, *hold<<20) })
	numbers := datastream.Generate(env, func(i int64) count { _ = take(); return count{i % *keys, 1} },
		datastream.GeneratorOptions{Count: *records, Rate: datastream.Rate{PerSecond: *rate}})
	if *strands {
		plain := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Count: *records, Rate: datastream.Rate{PerSecond: *rate}})
		lines := datastream.Map(plain, func(i int64) string { return fmt.Sprint(i) })
		if *brokers == "" {
			datastream.WriteText(lines, *folder)
		} else {
			kafka.Write(lines, kafka.SinkOptions[string]{Topic: *folder, Guarantee: kafka.ExactlyOnce, TransactionalIDPrefix: *folder,
				Properties: map[string]string{"bootstrap.servers": *brokers}, Serialize: kafka.Text})
		}
		end(env)
	}
	byKey := datastream.KeyBy(numbers, func(c count) int64 { return c.Key })
	counts := datastream.Reduce(byKey, func(a, b count) count { return count{a.Key, a.N + b.N} })
	datastream.WriteText(datastream.Map(counts, func(c count) string { return fmt.Sprintf("%d %d", c.Key, c.N) }), *folder)
	end(env)
}

// end runs the program.
func end(env *datastream.Environment) {
	_, err := env.Execute(context.Background(), "exactly")
	if err != nil {
		fmt.Fprintln(os.Stderr, "exactly:", err)
	}
	os.Exit(datastream.ExitCode(err))
}
