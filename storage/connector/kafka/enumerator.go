package kafka

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/source"
)

// enumerator finds partitions. Its position is those that it has found.
type enumerator struct {
	topics      []string
	pattern     *regexp.Regexp
	partitions  []TopicPartition
	start, stop Offsets
	interval    time.Duration // 0: look once
	logger      *slog.Logger
	clock       clock.Clock
	client      *kgo.Client
	offsets     offsetsOf

	looked bool // once at least, in an earlier life or in this one
	asked  bool // in this one
	known  map[TopicPartition]bool
	gone   map[TopicPartition]bool
}

// Next implements source.Enumerator.
func (e *enumerator) Next(ctx context.Context) ([]source.Split, error) {
	if e.interval == 0 {
		if e.looked {
			return nil, source.ErrDone
		}
		splits, err := e.look(ctx)
		if err != nil {
			return nil, err
		}
		return splits, source.ErrDone
	}
	for {
		if e.asked {
			if err := e.wait(ctx); err != nil {
				return nil, err
			}
		}
		splits, err := e.look(ctx)
		switch {
		case err == nil && len(splits) > 0:
			return splits, nil
		case err != nil && (!e.looked || ctx.Err() != nil):
			return nil, err
		case err != nil:
			e.logger.Warn("new partitions could not be looked for; it is tried again", "in", e.interval, "error", err)
		}
	}
}

func (e *enumerator) wait(ctx context.Context) error {
	due := make(chan struct{})
	stop := e.clock.AfterFunc(e.interval, func() { close(due) })
	defer stop()
	select {
	case <-due:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// look returns splits of the partitions that are new: the first time where Start says, later from the beginning.
func (e *enumerator) look(ctx context.Context) ([]source.Split, error) {
	e.asked = true
	there, err := e.list(ctx)
	if err != nil {
		return nil, fmt.Errorf("kafka source: %w", err)
	}
	e.notice(there)
	if e.pattern != nil && len(there) == 0 && !e.looked {
		e.logger.Warn("no topic matches the pattern, or none that the user may see", "pattern", e.pattern.String())
	}
	fresh := slices.DeleteFunc(there, func(p TopicPartition) bool { return e.known[p] })
	start := e.start
	if e.looked {
		start = Earliest()
	}
	splits, err := e.splits(ctx, start, fresh)
	if err != nil {
		return nil, fmt.Errorf("kafka source: %w", err)
	}
	for _, p := range fresh {
		e.known[p] = true
	}
	if e.looked && len(fresh) > 0 {
		e.logger.Info("new partitions are read", "partitions", fmt.Sprint(fresh))
	}
	e.looked = true
	return splits, nil
}

// list returns the partitions that are to be read.
func (e *enumerator) list(ctx context.Context) (all []TopicPartition, err error) {
	topics := slices.Clone(e.topics)
	for _, p := range e.partitions {
		if !slices.Contains(topics, p.Topic) {
			topics = append(topics, p.Topic)
		}
	}
	details, err := listTopics(ctx, e.offsets.admin, !e.looked && e.pattern == nil, topics...)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	for _, d := range details.Sorted() {
		switch {
		case e.pattern != nil && !e.pattern.MatchString(d.Topic):
			continue
		case errors.Is(d.Err, kerr.UnknownTopicOrPartition) && !e.looked && e.pattern == nil:
			return nil, fmt.Errorf("topic %q does not exist: create it or correct its name", d.Topic)
		case errors.Is(d.Err, kerr.UnknownTopicOrPartition):
			continue
		case d.Err != nil:
			return nil, fmt.Errorf("topic %q: %w", d.Topic, explained(d.Err))
		}
		for _, p := range d.Partitions.Sorted() {
			all = append(all, TopicPartition{d.Topic, p.Partition})
		}
	}
	if e.partitions == nil {
		return all, nil
	}
	for _, p := range e.partitions {
		if !slices.Contains(all, p) && !e.looked {
			return nil, fmt.Errorf("partition %s does not exist", p)
		}
	}
	return slices.DeleteFunc(all, func(p TopicPartition) bool { return !slices.Contains(e.partitions, p) }), nil
}

// notice tells of partitions that are not there any more, once.
func (e *enumerator) notice(there []TopicPartition) {
	gone := map[TopicPartition]bool{}
	for _, p := range slices.SortedFunc(maps.Keys(e.known), comparePartitions) {
		if slices.Contains(there, p) {
			continue
		}
		gone[p] = true
		if !e.gone[p] {
			e.logger.Warn("a partition that is read is not there any more: nothing will come of it", "partition", p.String())
		}
	}
	e.gone = gone
}

func (e *enumerator) splits(ctx context.Context, start Offsets, partitions []TopicPartition) (splits []source.Split, err error) {
	if len(partitions) == 0 {
		return nil, nil
	}
	from, err := e.offsets.find(ctx, start, partitions)
	if err != nil {
		return nil, err
	}
	to := map[TopicPartition]int64{}
	if e.stop.kind != unset {
		if to, err = e.offsets.find(ctx, e.stop, partitions); err != nil {
			return nil, err
		}
	}
	for _, p := range partitions {
		s := split{p, from[p], noStop}
		if stop, bounded := to[p]; bounded {
			s.stop = stop
		}
		if s.next < s.stop {
			splits = append(splits, s.split())
		}
	}
	return splits, nil
}

// Assign implements source.Assigner: the partitions of a topic go round the readers.
func (e *enumerator) Assign(s source.Split, readers int) int {
	at, err := decodeSplit(s)
	if err != nil {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(at.partition.Topic)) //nolint:errcheck // a hash does not fail
	return int((uint64(h.Sum32()) + uint64(at.partition.Partition)) % uint64(readers))
}

// Snapshot implements source.Enumerator: each partition as number, length of the topic's name, and name.
func (e *enumerator) Snapshot() ([]byte, error) {
	if !e.looked {
		return nil, nil
	}
	b := []byte{1}
	for _, p := range slices.SortedFunc(maps.Keys(e.known), comparePartitions) {
		b = binary.AppendUvarint(b, uint64(p.Partition))
		b = binary.AppendUvarint(b, uint64(len(p.Topic)))
		b = append(b, p.Topic...)
	}
	return b, nil
}

func comparePartitions(a, b TopicPartition) int {
	return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
}

// Restore implements source.Enumerator.
func (e *enumerator) Restore(position []byte) error {
	if len(position) == 0 {
		return nil
	}
	damaged := fmt.Errorf("kafka source: enumerator position of %d bytes: %w", len(position), errDamaged)
	if position[0] != 1 {
		return damaged
	}
	known := map[TopicPartition]bool{}
	for b := position[1:]; len(b) > 0; {
		p, n := binary.Uvarint(b)
		length, m := binary.Uvarint(b[max(n, 0):])
		if n <= 0 || m <= 0 || length > uint64(len(b)-n-m) || p > 1<<31-1 {
			return damaged
		}
		b = b[n+m:]
		known[TopicPartition{string(b[:length]), int32(p)}] = true
		b = b[length:]
	}
	e.known, e.looked = known, true
	return nil
}

// Close implements source.Enumerator.
func (e *enumerator) Close() error {
	e.client.Close()
	return nil
}
