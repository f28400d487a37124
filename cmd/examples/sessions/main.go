// Command sessions groups the clicks of each user into sessions: clicks that follow each other within --gap.
//
//	go run ./cmd/examples/sessions --input cmd/examples/sessions/clicks.csv
//
// It prints a line for each session: user, beginning, length, number of clicks, first and last page. Start reading at
// sessions.go, which holds the pipeline.
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

const help = `Groups clicks into sessions: those of a user that follow each other within a gap. Input is CSV lines user,time,page.

  sessions --input clicks.csv
  sessions --input 'clicks/*.csv.gz' --gap 10m --output sessions   CSV files sessions/part-*

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
	flags := flag.NewFlagSet("sessions", flag.ContinueOnError)
	input := flags.String("input", "", "read the `PATH`: a file, a directory or a pattern")
	gap := flags.Duration("gap", 30*time.Minute, "a session ends when a user does nothing for so long")
	disorder := flags.Duration("disorder", time.Minute, "how much later than others a click may come")
	output := flags.String("output", "", "write CSV files into `DIR` instead of printing")
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
	case *gap <= 0:
		return refuse("--gap %v: give more than 0", *gap)
	}

	env := datastream.NewEnvironment(options)
	clicks := datastream.ReadCSV[Click](env, datastream.CSVOptions{}, *input).
		Watermarks(datastream.ForBoundedOutOfOrderness[Click](*disorder).
			WithTimestampAssigner(func(c Click, _ int64) int64 { return c.Time.UnixMilli() })).
		Name("Clicks").UID("clicks")
	sessions := sessionise(clicks, *gap)
	if *output != "" {
		datastream.WriteCSV(sessions, *output)
	} else {
		sessions.WriteTo(printer.NewSink[Session](out, ""), "Print").Parallelism(1)
	}
	_, err := env.Execute(ctx, "Sessions")
	return err
}

// refuse is the error of a command line that cannot run; the program ends with exit code 2.
func refuse(format string, args ...any) error {
	return &datastream.RejectedError{Err: fmt.Errorf(format, args...)}
}
