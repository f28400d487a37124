// Command frauddetection looks for a small transaction that is followed, within a minute, by a large one of the same
// account: somebody tries a stolen card before using it. It is the walkthrough of Flink's DataStream API.
//
//	go run ./cmd/examples/frauddetection                              # a hundred thousand made-up transactions
//	go run ./cmd/examples/frauddetection --transactions 0 --rate 100  # for ever, 100 a second
//
// The transactions are always the same: they are made from --seed. Start reading at detector.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/connector/printer"
)

const help = `Prints an alert for each transaction above 500.00 that follows, within a minute, one below 1.00 of the same account.

  frauddetection                                  a hundred thousand made-up transactions
  frauddetection --transactions 1000 --seed 7     others
  frauddetection --transactions 0 --rate 100      for ever, 100 a second, until Ctrl-C

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
	flags := flag.NewFlagSet("frauddetection", flag.ContinueOnError)
	count := flags.Int64("transactions", 100_000, "make so `MANY` transactions; 0 is no end")
	rate := flags.Float64("rate", 0, "make so many transactions `PER_SECOND`; 0 is as fast as can be")
	seed := flags.Uint64("seed", 1, "`NUMBER` that the transactions are made from")
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
	}

	env := datastream.NewEnvironment(options)
	transactions := datastream.Generate(env, func(i int64) Transaction { return transaction(*seed, i) },
		datastream.GeneratorOptions{Count: *count, Rate: datastream.Rate{PerSecond: *rate}}).
		Watermarks(datastream.ForMonotonousTimestamps[Transaction]().
									WithTimestampAssigner(func(t Transaction, _ int64) int64 { return t.Time })).
		Name("Transactions").UID("transactions").Parallelism(1) // one source keeps them in order
	alerts := datastream.KeyedProcessWith(datastream.KeyBy(transactions, func(t Transaction) int64 { return t.AccountID }),
		func() datastream.KeyedProcessFunction[int64, Transaction, Alert] { return &detector{} }).
		Name("Fraud Detector").UID("fraud-detector")
	alerts.WriteTo(printer.NewSink[Alert](out, ""), "Alerts").Parallelism(1)
	_, err := env.Execute(ctx, "Fraud Detection")
	return err
}

const accounts = 50

// began is the time of the first transaction.
var began = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// transaction makes transaction number i: one each second, of any account, sometimes very small or very large.
func transaction(seed uint64, i int64) Transaction {
	random := rand.New(rand.NewPCG(seed, uint64(i)))
	t := Transaction{AccountID: 1 + random.Int64N(accounts), Time: began.Add(time.Duration(i) * time.Second).UnixMilli()}
	switch random.IntN(20) {
	case 0:
		t.Amount = 0.01 + random.Float64()*0.98
	case 1:
		t.Amount = 500.01 + random.Float64()*499
	default:
		t.Amount = 1 + random.Float64()*499
	}
	return t
}

// refuse is the error of a command line that cannot run; the program ends with exit code 2.
func refuse(format string, args ...any) error {
	return &datastream.RejectedError{Err: fmt.Errorf(format, args...)}
}
