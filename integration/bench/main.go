package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

// benchmark is one line of the table: its cases are run in child processes, in turn, and compared with the first.
type benchmark struct {
	name, about string
	// unit is what rates count.
	unit string
	// prepare makes input that all cases share.
	prepare func(o *options) error
	cases   []benchCase
	// compare says more of the figures, by case; nil for nothing.
	compare func(figures [][]figure) string
}

type benchCase struct {
	name string
	// run does the work in the child process and returns how many units it has done.
	run func(o *options) (units int64, err error)
	// target is what the case is to reach, in words.
	target string
}

type options struct {
	dir  string
	mib  int
	rows int64
	runs int
	rate int
	// checkpoints is where those of checkpoint-1gb and recovery-1gb go, a path or a URI; empty for dir.
	checkpoints string
}

var benchmarks = []benchmark{wordCount, chain1e3, chain1e6, exchange1e6, valueState, valueState1e7, largeState, windows, iterations, latency, idle, start,
	exchangeBytes, exchangeRows, exchangeHop, exchangeTLS, blockingShuffle, checkpointCost, checkpointPressure, checkpoint1gb, checkpoint1gbPebble, recovery, scheduling, clusterStart, hdfsWrite, hdfsRead, kafkaRead, kafkaWrite, yarnStart, nomadStart, tpchQueries,
	csvRead, jsonRead, parquetRead}

// errSkipped is that of a benchmark which needs what is not there.
var errSkipped = errors.New("skipped")

func main() {
	if len(os.Args) > 1 && os.Args[1] == programArgument {
		oneTask()
		return
	}
	if len(os.Args) > 2 && os.Args[1] == recoveryArgument {
		recoveryJob(os.Args[2])
		return
	}
	if name := os.Getenv(childVariable); name != "" {
		child(name)
		return
	}
	o := &options{}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.IntVar(&o.mib, "mib", 128, "size of the text of wordcount in MiB")
	flags.Int64Var(&o.rows, "rows", 10_000_000, "records of the generated inputs")
	flags.IntVar(&o.runs, "runs", 3, "runs of each case; the median counts")
	flags.IntVar(&o.rate, "rate", 100_000, "records per second of latency")
	flags.StringVar(&o.checkpoints, "checkpoints", "", "where checkpoint-1gb and recovery-1gb write, such as hdfs://namenode/checkpoints; empty for a folder in -dir")
	flags.StringVar(&o.dir, "dir", os.TempDir(), "where inputs are made")
	flags.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: bench [name ...] [flags]")
		for _, b := range benchmarks {
			fmt.Fprintf(os.Stderr, "  %-17s %s\n", b.name, b.about)
			for _, c := range b.cases {
				if c.target != "" {
					fmt.Fprintf(os.Stderr, "  %-17s   %s: %s\n", "", c.name, c.target)
				}
			}
		}
		flags.PrintDefaults()
	}
	var names []string
	for args := os.Args[1:]; len(args) > 0; { // names and flags in any order
		if strings.HasPrefix(args[0], "-") {
			if err := flags.Parse(args); err != nil {
				os.Exit(2)
			}
			args = flags.Args()
			continue
		}
		names, args = append(names, args[0]), args[1:]
	}
	for _, n := range names {
		if !slices.ContainsFunc(benchmarks, func(b benchmark) bool { return b.name == n }) {
			fmt.Fprintf(os.Stderr, "bench: no benchmark %q\n", n)
			flags.Usage()
			os.Exit(2)
		}
	}
	for i := range benchmarks {
		b := &benchmarks[i]
		if len(names) > 0 && !slices.Contains(names, b.name) {
			continue
		}
		switch err := b.measure(o); {
		case errors.Is(err, errSkipped):
			fmt.Printf("%s: %v\n", b.name, err)
		case err != nil:
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", b.name, err)
			os.Exit(1)
		}
	}
}
