// Command several is the program of the tests in which one program has several jobs: the second is made of what the first has
// collected, and the third, which writes into a folder, of what the second has.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/leatproject/leat/client/datastream"
	_ "github.com/leatproject/leat/storage/filesystem/hdfs" // folders that begin with hdfs://
)

func main() {
	fail := flag.Bool("fail", false, "have the second job fail")
	proceed := flag.Bool("proceed", false, "run the third job nevertheless")
	output := flag.String("output", "", "folder that gets the number of rows of the first job and of the second one")
	flag.Parse()
	err := run(context.Background(), *fail, *proceed, *output)
	if err != nil {
		fmt.Fprintln(os.Stderr, "several:", err)
	}
	os.Exit(datastream.ExitCode(err))
}

func run(ctx context.Context, fail, proceed bool, output string) error {
	env := datastream.NewEnvironment()
	squares, err := datastream.ExecuteAndCollect(ctx, datastream.Map(datastream.FromSequence(env, 1, 100), func(n int64) int64 { return n * n }), "squares")
	if err != nil {
		return err
	}
	even, err := datastream.ExecuteAndCollect(ctx, datastream.FlatMapContext(datastream.FromSlice(env, squares...), func(_ *datastream.Context, n int64, out *datastream.Collector[int64]) error {
		if fail {
			return errors.New("the second job fails on purpose")
		}
		if n%2 == 0 {
			out.Collect(n)
		}
		return nil
	}), "even")
	if err != nil && !proceed {
		return err
	}
	datastream.WriteText(datastream.FromSlice(env, len(squares), len(even)), output)
	_, err = env.Execute(ctx, "write")
	return err
}
