package main

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

func TestDetector(t *testing.T) {
	h := datastream.NewHarness()
	in, transactions := datastream.HarnessSource[Transaction](h)
	out := datastream.HarnessSink(h, datastream.KeyedProcessWith(
		datastream.KeyBy(transactions, func(t Transaction) int64 { return t.AccountID }),
		func() datastream.KeyedProcessFunction[int64, Transaction, Alert] { return &detector{} }))
	require.NoError(t, h.Open())
	push := func(account, ms int64, amount float64) []Alert {
		in.PushAt(Transaction{account, ms, amount}, ms)
		require.NoError(t, h.Err())
		return out.Values()
	}

	require.Empty(t, push(1, 0, 600), "a large one alone")
	require.Empty(t, push(1, 1_000, 0.50))
	require.Empty(t, push(2, 2_000, 600), "another account")
	require.Equal(t, []Alert{{Transaction{1, 60_999, 600}}}, push(1, 60_999, 600))
	require.Empty(t, push(1, 61_000, 600), "one alert for a small one")

	push(1, 70_000, 0.99)
	require.Empty(t, push(1, 71_000, 20))
	require.Empty(t, push(1, 72_000, 600), "another one was between them")

	push(1, 80_000, 0.10)
	require.Empty(t, push(1, 140_000, 600), "a minute later, before event time has come there")

	push(1, 200_000, 0.10)
	in.Watermark(259_999)
	require.Len(t, push(1, 259_999, 600), 1)
	push(1, 300_000, 0.10)
	in.Watermark(360_000)
	require.Empty(t, push(1, 359_999, 600), "the timer has fired")
	in.End()
	require.NoError(t, h.Err())
	require.NoError(t, h.Close())
}

// expected looks for fraud in a plain loop over the same transactions.
func expected(seed uint64, n int64) (alerts []string) {
	last := map[int64]Transaction{}
	for i := range n {
		now := transaction(seed, i)
		before, known := last[now.AccountID]
		if known && before.Amount < smallAmount && now.Amount > largeAmount && now.Time-before.Time < oneMinute.Milliseconds() {
			alerts = append(alerts, Alert{now}.String()+"\n")
		}
		last[now.AccountID] = now
	}
	return alerts
}

func TestAlertsAreTheSameInEachMode(t *testing.T) {
	alerts := expected(7, 100_000)
	slices.Sort(alerts)
	require.Greater(t, len(alerts), 50)
	for _, mode := range []string{"BATCH", "STREAMING"} {
		for _, p := range []string{"1", "4"} {
			t.Run(mode+p, func(t *testing.T) {
				var out bytes.Buffer
				require.NoError(t, run(t.Context(), []string{"--seed", "7", "-p", p, "-D", "execution.runtime-mode=" + mode}, &out))
				require.Equal(t, alerts, slices.Sorted(strings.Lines(out.String())))
			})
		}
	}
}

// first ends the job with what is printed first.
type first struct {
	cancel context.CancelFunc
	text   string
}

func (f *first) Write(p []byte) (int, error) {
	if f.text == "" {
		f.text = string(p)
		f.cancel()
	}
	return len(p), nil
}

func TestEndless(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &first{cancel: cancel}
	err := run(ctx, []string{"--transactions", "0"}, out)
	require.Equal(t, 5, datastream.ExitCode(err), err)
	require.NotEmpty(t, out.text)
	require.Subset(t, expected(1, 100_000), slices.Collect(strings.Lines(out.text)))
}

func TestCommandLine(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--help"}, &out))
	require.Contains(t, out.String(), "frauddetection --transactions 0 --rate 100")
	for message, args := range map[string][]string{
		`unexpected argument "x"`:        {"x"},
		"not be negative":                {"--transactions", "-1"},
		"-sed; --help shows the flags":   {"--sed", "1"},
		"invalid value \"a\" for flag -": {"--rate", "a"},
	} {
		err := run(t.Context(), args, io.Discard)
		require.ErrorContains(t, err, message)
		require.Equal(t, 2, datastream.ExitCode(err), err)
	}
}
