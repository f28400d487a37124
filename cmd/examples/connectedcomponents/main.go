// Command connectedcomponents finds the connected components of a graph: a delta iteration.
//
//	go run ./cmd/examples/connectedcomponents
//	go run ./cmd/examples/connectedcomponents --edges edges.txt --vertices vertices.txt --output components
//
// Start reading at components.go, which holds the pipeline.
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

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/cmd/examples/graphdata"
	"github.com/leatproject/leat/storage/connector/printer"
)

const help = `Finds the connected components of a graph whose edges have no direction. Without --edges it takes a small built-in one.

  connectedcomponents --edges edges.txt                            lines FROM TO
  connectedcomponents --edges edges.txt --vertices vertices.txt    lines ID, for vertices without edges
  connectedcomponents --edges edges.txt --output components        CSV files components/part-*

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
	flags := flag.NewFlagSet("connectedcomponents", flag.ContinueOnError)
	edges := flags.String("edges", "", "read edges from the `PATH`: a file, a directory or a pattern")
	vertices := flags.String("vertices", "", "read vertices from the `PATH`; without it they are the ends of the edges")
	iterations := flags.Int("iterations", 1000, "supersteps at most: as many as the longest way in a component has edges")
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
	case *iterations < 1:
		return refuse("--iterations %d: give at least 1", *iterations)
	}

	env := datastream.NewEnvironment(options)
	lines := graphdata.Edges(env, *edges)
	members := connectedComponents(graphdata.Vertices(env, *vertices, lines), lines, *iterations)
	if *output != "" {
		datastream.WriteCSV(members, *output)
	} else {
		members.WriteTo(printer.NewSink[Member](out, ""), "Print").Parallelism(1)
	}
	_, err := env.Execute(ctx, "Connected Components")
	return err
}

// refuse is the error of a command line that cannot run; the program ends with exit code 2.
func refuse(format string, args ...any) error {
	return &datastream.RejectedError{Err: fmt.Errorf(format, args...)}
}
