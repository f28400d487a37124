// Command pageviews counts the views of each page in windows of event time, from CSV or JSON lines that are out of order.
//
//	go run ./cmd/examples/pageviews --input cmd/examples/pageviews/views.csv -D execution.runtime-mode=STREAMING
//
// Views come with the time at which they were made, not always in order. A window is counted when all views of its time
// should have come (--disorder), once more for each view that comes somewhat later (--lateness), and what is later still
// goes to a side output: it is written to --late and counted. In BATCH, the default for files, all of the input is there
// before the windows are counted, and nothing is late.
//
// Start reading at views.go, which holds the pipeline.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/connector/printer"
)

const help = `Counts the views of each page by the minute. Input is CSV lines user,page,time or JSON lines with these names.

  pageviews --input views.csv                      all of the file at once: nothing is late
  pageviews --input views.csv -D execution.runtime-mode=STREAMING --late late
                                                   as the views came; what was late is written to late/part-*
  pageviews --format json --input 'logs/*.jsonl.gz' --window 1h --output counts
  pageviews --input views.csv --malformed broken   lines that are no views go to broken/part-*

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
	flags := flag.NewFlagSet("pageviews", flag.ContinueOnError)
	input := flags.String("input", "", "read the `PATH`: a file, a directory or a pattern")
	format := flags.String("format", "csv", "of the input: `csv or json`")
	windows := windowing{}
	flags.DurationVar(&windows.size, "window", time.Minute, "length of the windows")
	flags.DurationVar(&windows.disorder, "disorder", 5*time.Second, "how much later than others a view may come and still be in time")
	flags.DurationVar(&windows.lateness, "lateness", 30*time.Second, "how long a window is kept for views that come later")
	output := flags.String("output", "", "write CSV files into `DIR` instead of printing")
	lateTo := flags.String("late", "", "write the views that come too late as CSV into `DIR`; without it they are only counted")
	malformedTo := flags.String("malformed", "", "write lines that are no views as CSV into `DIR`; without it they end the job")
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
	case *input == "":
		return refuse("nothing to read: give --input PATH; --help shows examples")
	case *format != "csv" && *format != "json":
		return refuse("--format %s: give csv or json", *format)
	}

	env := datastream.NewEnvironment(options)
	views := read(env, *format, *input, *malformedTo != "")
	counts, late := count(views, windows)
	if *output != "" {
		datastream.WriteCSV(counts, *output)
	} else {
		counts.WriteTo(printer.NewSink[PageCount](out, ""), "Print").Parallelism(1)
	}
	if *lateTo != "" {
		datastream.WriteCSV(late, *lateTo).Name("Sink: Late")
	} else {
		late.Discard().Name("Sink: Late")
	}
	if *malformedTo != "" {
		datastream.WriteCSV(datastream.Malformed(views), *malformedTo).Name("Sink: Malformed")
	}
	result, err := env.Execute(ctx, "Page Views")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "late views: %d\n", result.Metric(lateOperator, lateMetric))
	if *malformedTo != "" {
		fmt.Fprintf(out, "malformed records: %d\n", result.Metric(sourceOperator, "numRecordsInErrors"))
	}
	return nil
}

// refuse is the error of a command line that cannot run; the program ends with exit code 2.
func refuse(format string, args ...any) error {
	return &datastream.RejectedError{Err: fmt.Errorf(format, args...)}
}
