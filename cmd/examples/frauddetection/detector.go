package main

import (
	"fmt"
	"time"

	"github.com/leatproject/leat/client/datastream"
)

const (
	smallAmount = 1.00   // a transaction below is a test of the card
	largeAmount = 500.00 // one above is what the test was for
	oneMinute   = time.Minute
)

// Transaction is money spent from an account.
type Transaction struct {
	AccountID int64
	Time      int64 // milliseconds since the epoch
	Amount    float64
}

// Alert is a transaction that looks like fraud.
type Alert struct{ Transaction }

// String is how an alert is printed.
func (a Alert) String() string {
	return fmt.Sprintf("%s account %d: %.2f follows a small transaction", time.UnixMilli(a.Time).UTC().Format(time.RFC3339), a.AccountID, a.Amount)
}

// detector raises an alert for a large transaction that comes right after a small one of the same account, within a minute.
type detector struct {
	// flag is set while the account's last transaction was a small one: the time in milliseconds at which it no longer
	// counts, which is also the time of its timer.
	flag *datastream.Value[int64]
}

// Open declares the state: it belongs to the account of the current transaction.
func (d *detector) Open(ctx *datastream.Context) error {
	d.flag = datastream.ValueState[int64](ctx, datastream.StateDescriptor{Name: "flag"})
	return nil
}

// ProcessElement sees the transactions of all accounts, each account's in the order in which they came.
func (d *detector) ProcessElement(ctx *datastream.KeyedContext[int64], t Transaction, out *datastream.Collector[Alert]) error {
	if until, flagged := d.flag.Value(); flagged {
		// The timer may still be to come: event time moves in steps, and in BATCH only when the account's transactions are
		// through.
		if t.Amount > largeAmount && t.Time < until {
			out.Collect(Alert{t})
		}
		ctx.DeleteEventTimeTimer(until)
		d.flag.Clear()
	}
	if t.Amount < smallAmount {
		until := t.Time + oneMinute.Milliseconds()
		d.flag.Update(until)
		ctx.RegisterEventTimeTimer(until)
	}
	return nil
}

// OnTimer forgets the small transaction: without it, an account that is not used again would be kept for ever.
func (d *detector) OnTimer(*datastream.KeyedContext[int64], int64, *datastream.Collector[Alert]) error {
	d.flag.Clear()
	return nil
}
