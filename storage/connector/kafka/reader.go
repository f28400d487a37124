package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

// reader reads one partition at a time.
type reader[T any] struct {
	source    *Source[T]
	env       source.Env
	malformed func(raw []byte, err *format.RecordError) error

	at       split
	id       string
	consumer *consumer // nil when no partition is open
	feed     *feed
	chunk    chunk
	record   Record

	metrics      metrics
	offsetMetric string
}

// Open implements source.Reader.
func (r *reader[T]) Open(_ context.Context, s source.Split) (err error) {
	if err := r.Close(); err != nil {
		return err
	}
	if r.at, err = decodeSplit(s); err != nil {
		return err
	}
	r.id, r.chunk = s.ID, chunk{}
	r.record = Record{Topic: r.at.partition.Topic, Partition: r.at.partition.Partition}
	r.offsetMetric = partitionMetric(r.at.partition, "currentOffset")
	if r.at.next >= r.at.stop {
		return nil
	}
	r.feed = &feed{partition: r.at.partition, from: r.at.next, ready: make(chan struct{}, 1)}
	r.consumer, err = r.source.acquire(r.env, r.feed)
	return err
}

// Fetch implements source.Reader.
func (r *reader[T]) Fetch(ctx context.Context, out *column.Batch) (source.Split, error) {
	if r.at.next < r.at.stop {
		if err := r.fill(ctx); err != nil {
			return source.Split{}, err
		}
		if err := r.rows(out); err != nil {
			return source.Split{}, err
		}
		// The offset of the last record that was taken.
		r.metrics.set(r.offsetMetric, r.at.next-1)
	}
	after := source.Split{ID: r.id, Data: r.at.encode()}
	if r.at.next >= r.at.stop {
		if err := r.Close(); err != nil {
			return source.Split{}, err
		}
		return after, source.ErrDone
	}
	return after, nil
}

// fill waits until there are records.
func (r *reader[T]) fill(ctx context.Context) error {
	for len(r.chunk.records) == 0 && r.at.next < r.at.stop {
		next, err := r.take(ctx)
		switch {
		case errors.Is(err, kerr.OffsetOutOfRange):
			if err := r.reset(ctx); err != nil {
				return err
			}
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("kafka source: read %s at offset %d: %w", r.at.partition, r.at.next, explained(err))
		}
		r.chunk = next
	}
	return nil
}

// take takes the next chunk. Of a split with an end it may be an empty one, when that has turned out to be nearer.
func (r *reader[T]) take(ctx context.Context) (chunk, error) {
	if r.at.stop == noStop {
		return r.consumer.take(ctx, r.feed)
	}
	limited, cancel := context.WithTimeout(ctx, probeAfter)
	next, err := r.consumer.take(limited, r.feed)
	cancel()
	if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
		return next, err
	}
	nothing, err := r.consumer.probe(ctx, r.at.partition, r.at.next)
	if err != nil {
		r.source.options.Logger.Warn("looking for the end of a partition has failed; it is tried again", "partition", r.at.partition.String(), "error", err)
		return chunk{}, nil
	}
	if nothing >= r.at.stop {
		r.at.next = r.at.stop
	}
	return chunk{}, nil
}

// rows moves records into out until it is full or there are no more.
func (r *reader[T]) rows(out *column.Batch) error {
	rows, limit := column.Rows[T](out), out.RowLimit()
	deserialize, times := r.source.options.Deserialize, out.Times
	records, taken := r.chunk.records, 0
	var err error
	for taken < len(records) && len(rows) < limit && r.at.next < r.at.stop {
		k := records[taken]
		taken++
		if k.Offset < r.at.next {
			continue
		}
		r.at.next = k.Offset + 1
		if k.Offset >= r.at.stop || k.Attrs.IsControl() {
			continue
		}
		r.record.set(k)
		before := len(rows)
		if rows, err = deserialize(&r.record, rows); err != nil {
			rows = rows[:before]
			if err = r.refuse(err); err != nil {
				break
			}
		}
		for range len(rows) - before {
			times = append(times, r.record.Timestamp)
		}
	}
	r.chunk.records = records[taken:]
	column.SetRows(out, rows)
	out.Times = times
	return err
}

// refuse does what the policy says about the current record.
func (r *reader[T]) refuse(cause error) error {
	at := fmt.Sprintf("kafka record %s@%d", r.at.partition, r.record.Offset)
	var problem *format.RecordError
	if !errors.As(cause, &problem) {
		problem = &format.RecordError{Err: cause}
	}
	problem.Path = at
	if r.malformed == nil {
		return problem
	}
	return r.malformed(r.record.Value, problem)
}

// reset goes on elsewhere when the records that come next have been deleted.
func (r *reader[T]) reset(ctx context.Context) error {
	p, reset := r.at.partition, r.source.settings.reset
	var o Offsets
	switch reset {
	case ResetEarliest:
		o = Earliest()
	case ResetLatest:
		o = Latest()
	default:
		return fmt.Errorf("kafka source: offset %d of %s is not there any more, retention has deleted it, or not yet: start somewhere else, or set the property auto.offset.reset", r.at.next, p)
	}
	find := offsetsOf{kadm.NewClient(r.consumer.client), r.source.settings.group, r.source.settings.committed}
	found, err := find.find(ctx, o, []TopicPartition{p})
	if err != nil {
		return fmt.Errorf("kafka source: %w", err)
	}
	r.source.options.Logger.Warn("the records to be read next are not there: reading goes on elsewhere (auto.offset.reset)",
		"partition", p.String(), "missing", r.at.next, "next", found[p])
	r.at.next = found[p]
	if r.at.next < r.at.stop {
		r.consumer.seek(r.feed, r.at.next)
	}
	return nil
}

// Close implements source.Reader.
func (r *reader[T]) Close() error {
	if r.consumer != nil {
		r.consumer.remove(r.feed)
		r.source.release(r.env, r.consumer)
		r.consumer = nil
	}
	return nil
}
