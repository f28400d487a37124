package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

// closeTimeout is how long a writer that is closed tries to abort its transaction.
const closeTimeout = 5 * time.Second

// writer writes the records of one sub-task.
type writer[T any] struct {
	sink         *Sink[T]
	env          sink.Env
	metrics      metrics
	client       *kgo.Client   // nil between two transactions
	transactions *transactions // nil if there are none
	failure      atomic.Pointer[error]
	record       Record
}

// Write implements sink.Writer.
func (w *writer[T]) Write(ctx context.Context, b *column.Batch) error {
	if w.client == nil {
		var err error
		if w.client, err = w.transactions.begin(ctx); err != nil {
			return err
		}
	}
	rows := column.Rows[T](b)
	records, bytes, written := make([]kgo.Record, len(rows)), 0, w.written
	for i := range rows {
		w.record = Record{Topic: w.sink.options.Topic, Partition: -1, Timestamp: b.Time(i)}
		if err := w.sink.options.Serialize(&rows[i], &w.record); err != nil {
			return fmt.Errorf("kafka sink: serialize record: %w", err)
		}
		if w.record.Topic == "" {
			return errors.New("kafka sink: a record has no topic: set Topic, or let Serialize set it")
		}
		w.record.into(&records[i])
		bytes += len(w.record.Key) + len(w.record.Value)
		w.client.Produce(ctx, &records[i], written)
	}
	w.metrics.add("numRecordsSend", int64(len(rows)))
	w.metrics.add("numBytesSend", int64(bytes))
	return w.failed()
}

// into makes k the record to be written.
func (r *Record) into(k *kgo.Record) {
	k.Topic, k.Partition, k.Key, k.Value = r.Topic, r.Partition, r.Key, r.Value
	if r.Timestamp != column.NoTime {
		k.Timestamp = time.UnixMilli(r.Timestamp)
	}
	for _, h := range r.Headers {
		k.Headers = append(k.Headers, kgo.RecordHeader(h))
	}
}

// written notes that a record is written, or why it is not.
func (w *writer[T]) written(r *kgo.Record, err error) {
	if err == nil {
		return
	}
	w.metrics.add("numRecordsSendErrors", 1)
	err = fmt.Errorf("kafka sink: write to topic %s: %w", r.Topic, explained(err))
	w.failure.CompareAndSwap(nil, &err)
}

// failed returns the first error of a record.
func (w *writer[T]) failed() error {
	if err := w.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Flush implements sink.Writer.
func (w *writer[T]) Flush(ctx context.Context, end bool) ([]sink.Committable, error) {
	if w.client == nil || w.sink.options.Guarantee == NoGuarantee && !end {
		return nil, w.failed()
	}
	limit := w.sink.settings.delivery
	limited, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("brokers have not acknowledged what was written within %v (delivery.timeout.ms)", limit))
	defer cancel()
	if err := w.client.Flush(limited); err != nil {
		return nil, fmt.Errorf("kafka sink: flush: %w", context.Cause(limited))
	}
	if err := w.failed(); err != nil || w.transactions == nil {
		return nil, err
	}
	c, err := w.transactions.prepare(ctx)
	if err != nil {
		return nil, err
	}
	w.client = nil
	return []sink.Committable{c.encode()}, nil
}

// Close implements sink.Writer: a transaction that was not flushed is aborted.
func (w *writer[T]) Close() error {
	if w.transactions != nil {
		return w.transactions.close()
	}
	if w.client != nil {
		w.client.Close()
		w.client = nil
	}
	return nil
}
