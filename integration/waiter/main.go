// Command waiter is a job that faults are injected into: it counts numbers by their last digit, and its second stage waits for a
// file before it writes what it has counted.
package main

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/leatproject/leat/client/datastream"
)

// digit is a last digit and how many numbers have it.
type digit struct{ Digit, Count int64 }

func main() {
	flags := flag.NewFlagSet("waiter", flag.ExitOnError)
	rows := flags.Int64("rows", 100_000, "count `N` numbers")
	gate := flags.String("gate", "", "wait for `FILE`")
	free := flags.Int64("free", 0, "let digits below `N` pass")
	first := flags.String("first", "", "let only the first attempt wait that comes to a digit: it makes `FILE`")
	output := flags.String("output", "", "write CSV files into `DIR`")
	deaf := flags.Bool("deaf", false, "ignore a cancellation while waiting")
	eat := flags.Int("eat", 0, "hold `MIB` of memory while waiting")
	options := datastream.RegisterFlags(flags)
	_ = flags.Parse(os.Args[1:])

	env := datastream.NewEnvironment(options)
	ones := datastream.Map(datastream.FromSequence(env, 1, *rows), func(n int64) digit { return digit{n % 10, 1} })
	counts := datastream.Sum(datastream.KeyBy(ones, func(d digit) int64 { return d.Digit }), func(d *digit) *int64 { return &d.Count })
	late := datastream.MapContext(counts, func(ctx *datastream.Context, d digit) (digit, error) {
		if d.Digit < *free {
			return d, nil
		}
		if *first != "" {
			f, err := os.OpenFile(*first, os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, fs.ErrExist) {
				return d, nil
			}
			if err = errors.Join(err, f.Close()); err != nil {
				return d, err
			}
		}
		held := make([]byte, *eat<<20)
		for i := 0; i < len(held); i += 4096 {
			held[i] = 1
		}
		for {
			_, err := os.Stat(*gate)
			if !errors.Is(err, fs.ErrNotExist) {
				return d, err
			}
			if ctx.Err() != nil && !*deaf {
				return d, ctx.Err()
			}
			time.Sleep(20 * time.Millisecond)
			runtime.KeepAlive(held)
		}
	})
	datastream.WriteCSV(late, *output)
	if _, err := env.Execute(context.Background(), "Waiter"); err != nil {
		datastream.Exit(err)
	}
}
