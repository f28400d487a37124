// Command wordcount counts the words of files or of a socket.
//
//	go run ./cmd/examples/wordcount --input cmd/examples/wordcount/text.txt
//	go run ./cmd/examples/wordcount --socket localhost:9999        # and: nc -lk 9999
//	go run ./cmd/examples/wordcount --input a.txt b.txt --output counts
//
// Words are separated by white space and kept as they are. It prints a line "(word, n)" for each word, or in STREAMING
// mode for each word read, with the count so far. With --output it writes CSV files DIR/part-* with lines word,count.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/connector/printer"
	_ "github.com/leatproject/leat/storage/filesystem/hdfs" // paths that begin with hdfs://
)

const help = `Counts words. It prints a line (word, n) for each word; in STREAMING mode for each word read, with the count so far.

  wordcount --input text.txt                            files, directories, patterns; also .gz, .zst and .bz2
  wordcount --input a.txt 'logs/*.gz' --output counts   CSV files counts/part-* with lines word,count
  wordcount --input hdfs://namenode:8020/logs --output hdfs://namenode:8020/counts
  wordcount --socket localhost:9999                     lines from a server, for example: nc -lk 9999
  wordcount -D execution.runtime-mode=STREAMING --input text.txt

`

// WordCount is a word and how often it has come.
type WordCount struct {
	Word  string
	Count int64
}

// String is how a count is printed.
func (w WordCount) String() string { return fmt.Sprintf("(%s, %d)", w.Word, w.Count) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		stop()
		datastream.Exit(err)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("wordcount", flag.ContinueOnError)
	var inputs []string
	flags.Func("input", "read `PATH`s: files, directories or patterns; further paths may follow it", func(s string) error {
		inputs = append(inputs, s)
		return nil
	})
	address := flags.String("socket", "", "read lines from `HOST:PORT` until it is closed")
	output := flags.String("output", "", "write CSV files into `DIR` instead of printing")
	overwrite := flags.Bool("overwrite", false, "replace what --output has written before")
	options := datastream.RegisterFlags(flags)
	flags.SetOutput(io.Discard)
	for rest := args; len(rest) > 0; {
		switch err := flags.Parse(rest); {
		case errors.Is(err, flag.ErrHelp):
			fmt.Fprint(out, help)
			flags.SetOutput(out)
			flags.PrintDefaults()
			return nil
		case err != nil:
			return refuse("%w; --help shows the flags", err)
		}
		rest = flags.Args()
		if len(rest) > 0 { // a path after --input PATH
			inputs, rest = append(inputs, rest[0]), rest[1:]
		}
	}

	env := datastream.NewEnvironment(options)
	lines, err := source(env, inputs, *address)
	if err != nil {
		return err
	}
	words := datastream.FlatMap(lines, func(line string, out *datastream.Collector[WordCount]) {
		for word := range strings.FieldsSeq(line) {
			out.Collect(WordCount{word, 1})
		}
	}).Name("Split").UID("split")
	counts := datastream.Sum(datastream.KeyBy(words, func(w WordCount) string { return w.Word }),
		func(w *WordCount) *int64 { return &w.Count }).Name("Sum").UID("sum")
	if *output != "" {
		datastream.WriteCSV(counts, *output, datastream.CSVSinkOptions{FileSinkOptions: datastream.FileSinkOptions{Overwrite: *overwrite}})
	} else { // one printer, so that no line begins with the number of its sub-task
		counts.WriteTo(printer.NewSink[WordCount](out, ""), "Print").Parallelism(1)
	}
	_, err = env.Execute(ctx, "Word Count")
	return err
}

func source(env *datastream.Environment, inputs []string, address string) (*datastream.Stream[string], error) {
	switch {
	case len(inputs) > 0 && address != "":
		return nil, refuse("give --input or --socket, not both")
	case len(inputs) > 0:
		return datastream.ReadTextFile(env, inputs...), nil
	case address != "":
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, refuse("--socket: %w; give HOST:PORT", err)
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			return nil, refuse("--socket %s: %q is not a port number", address, port)
		}
		return datastream.SocketText(env, host, n), nil
	}
	return nil, refuse("nothing to read: give --input PATH... or --socket HOST:PORT; --help shows examples")
}

// refuse is the error of a command line that cannot run; the program ends with exit code 2.
func refuse(format string, args ...any) error {
	return &datastream.RejectedError{Err: fmt.Errorf(format, args...)}
}
