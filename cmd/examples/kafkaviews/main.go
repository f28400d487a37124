// Command kafkaviews counts page views by page and window from one topic of Kafka into another, or into files.
//
//	go run ./cmd/examples/kafkaviews --brokers localhost:9092 --in views --out counts
//	go run ./cmd/examples/kafkaviews --brokers localhost:9092 --in views --output hdfs:///counts
//
// Views are JSON such as {"user": "ada", "page": "/"}; their time is the timestamp of the record. Counts are JSON, with the page
// as key. With checkpoints (-D execution.checkpointing.interval=1s) each count is there once, whatever fails: in a topic for those
// who read committed records, in files that appear with each checkpoint. --properties names a file as Kafka's own tools take it,
// such as for brokers with TLS and passwords. Start reading at views.go, which holds the pipeline.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/datastream/kafka"
	_ "github.com/leatproject/leat/storage/filesystem/hdfs" // paths that begin with hdfs://
)

const help = `Counts page views by page and window from one topic of Kafka into another, or into files.

  kafkaviews --brokers localhost:9092 --in views --out counts
  kafkaviews --properties client.properties --in views --output hdfs:///counts -D execution.checkpointing.interval=1min
  kafkaviews --brokers localhost:9092 --in views --out counts --window 1h --until-now   what is there now, and ends

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		stop()
		datastream.Exit(err)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("kafkaviews", flag.ContinueOnError)
	brokers := flags.String("brokers", "", "`HOST:PORT` of brokers, separated by commas")
	in := flags.String("in", "", "read the `TOPIC`")
	to := flags.String("out", "", "write the `TOPIC`")
	output := flags.String("output", "", "write files of JSON lines into the folder `DIR`, such as hdfs:///counts")
	file := flags.String("properties", "", "take Kafka's properties from a `FILE`, such as those of its security")
	window := flags.Duration("window", time.Minute, "count so much time together")
	disorder := flags.Duration("disorder", 5*time.Second, "how much later than others a view may come")
	idle := flags.Duration("idle", 10*time.Second, "do not wait for a partition that is silent for so long")
	untilNow := flags.Bool("until-now", false, "read what is in the topic and end")
	options := datastream.RegisterFlags(flags)
	flags.SetOutput(io.Discard)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, help)
		flags.SetOutput(out)
		flags.PrintDefaults()
		return nil
	case err != nil:
		return refuse("%w; --help shows the flags", err)
	case flags.NArg() > 0:
		return refuse("unexpected argument %q; --help shows the flags", flags.Arg(0))
	case *brokers == "" && *file == "" || *in == "" || (*to == "") == (*output == ""):
		return refuse("give --brokers or --properties, --in, and one of --out and --output; --help shows examples")
	case *window <= 0:
		return refuse("--window %v: give more than 0", *window)
	}

	properties := map[string]string{"group.id": "kafkaviews"}
	if *file != "" {
		more, err := kafka.ReadProperties(*file)
		if err != nil {
			return refuse("--properties: %w", err)
		}
		maps.Copy(properties, more)
	}
	if *brokers != "" {
		properties["bootstrap.servers"] = *brokers
	}
	env := datastream.NewEnvironment(options)
	source := kafka.SourceOptions[PageView]{Topics: strings.Split(*in, ","), Properties: properties, Malformed: datastream.SkipMalformed}
	if *untilNow {
		source.Stop = kafka.Latest()
	}
	views := kafka.ReadJSON(env, source).
		Watermarks(datastream.ForBoundedOutOfOrderness[PageView](*disorder).WithIdleness(*idle)).
		Name("Views").UID("views")
	counts := count(views, *window)
	if *output != "" {
		datastream.WriteJSON(counts, *output, datastream.FileSinkOptions{Suffix: ".json"}).UID("files")
	} else {
		kafka.Write(counts, kafka.SinkOptions[PageCount]{Topic: *to, Properties: properties, Guarantee: kafka.ExactlyOnce,
			TransactionalIDPrefix: "kafkaviews-" + *to,
			Serialize:             kafka.Keyed(kafka.JSON[PageCount](), func(c *PageCount) []byte { return []byte(c.Page) })}).UID("counts")
	}
	_, err := env.Execute(ctx, "Kafka Views")
	return err
}

// refuse is the error of a command line that cannot run; the program ends with exit code 2.
func refuse(format string, args ...any) error {
	return &datastream.RejectedError{Err: fmt.Errorf(format, args...)}
}
