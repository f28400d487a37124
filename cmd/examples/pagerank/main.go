// Command pagerank ranks the pages of a web by the links between them: a bulk iteration.
//
//	go run ./cmd/examples/pagerank
//	go run ./cmd/examples/pagerank --edges links.txt --iterations 50 --epsilon 0.0001 --output ranks
//
// Start reading at pagerank.go, which holds the pipeline.
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

const help = `Ranks pages by the links between them. Without --edges it ranks a small built-in web.

  pagerank --edges links.txt                          lines FROM TO
  pagerank --edges links.txt --vertices pages.txt     lines ID, for pages without links
  pagerank --edges links.txt --epsilon 0.001 --output ranks   CSV files ranks/part-*

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
	flags := flag.NewFlagSet("pagerank", flag.ContinueOnError)
	edges := flags.String("edges", "", "read links from the `PATH`: a file, a directory or a pattern")
	vertices := flags.String("vertices", "", "read pages from the `PATH`; without it they are those that links name")
	s := settings{}
	flags.IntVar(&s.iterations, "iterations", 10, "supersteps at most")
	flags.Float64Var(&s.damping, "damping", 0.85, "how much of its rank a page gives away")
	flags.Float64Var(&s.epsilon, "epsilon", 0, "end when no rank changes by more; 0 does all iterations")
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
	case s.iterations < 1:
		return refuse("--iterations %d: give at least 1", s.iterations)
	case s.damping < 0 || s.damping > 1:
		return refuse("--damping %v: give 0 to 1", s.damping)
	}

	env := datastream.NewEnvironment(options)
	links := graphdata.Edges(env, *edges)
	ranks := pageRank(graphdata.Vertices(env, *vertices, links), links, s)
	if *output != "" {
		datastream.WriteCSV(ranks, *output)
	} else {
		ranks.WriteTo(printer.NewSink[Rank](out, ""), "Print").Parallelism(1)
	}
	_, err := env.Execute(ctx, "Page Rank")
	return err
}

// refuse is the error of a command line that cannot run; the program ends with exit code 2.
func refuse(format string, args ...any) error {
	return &datastream.RejectedError{Err: fmt.Errorf(format, args...)}
}
