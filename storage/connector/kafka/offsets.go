package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Reset says what to do where an offset is missing: the group has none, or its records were deleted.
type Reset string

// The resets, with the names of Kafka's property auto.offset.reset.
const (
	ResetNone     Reset = "none" // fail
	ResetEarliest Reset = "earliest"
	ResetLatest   Reset = "latest"
)

// Offsets says where in each partition reading begins or ends. The zero value is the earliest as a start and none as a stop.
type Offsets struct {
	kind  offsetKind
	at    time.Time
	given map[TopicPartition]int64
	reset Reset
}

type offsetKind int

const (
	unset offsetKind = iota
	earliest
	latest
	committed
	timestamp
	specific
)

// Earliest is the first record that is there.
func Earliest() Offsets { return Offsets{kind: earliest, reset: ResetEarliest} }

// Latest is behind the last record that is there when the job begins. With read_committed it is behind the last one of which
// it is decided whether it counts.
func Latest() Offsets { return Offsets{kind: latest, reset: ResetLatest} }

// Committed are the offsets of the group (group.id), and reset where it has none.
func Committed(reset Reset) Offsets { return Offsets{kind: committed, reset: reset} }

// Timestamp is the first record whose timestamp is at or after t; the end where there is none.
func Timestamp(t time.Time) Offsets { return Offsets{kind: timestamp, at: t, reset: ResetLatest} }

// Specific are the given offsets, and the earliest for other partitions.
func Specific(offsets map[TopicPartition]int64) Offsets {
	return Offsets{kind: specific, given: maps.Clone(offsets), reset: ResetEarliest}
}

func (o Offsets) check(what string, s *settings) error {
	switch {
	case o.kind == committed && s.group == "":
		return fmt.Errorf("kafka source: %s at committed offsets needs the property group.id", what)
	case o.kind == committed && o.reset != ResetNone && o.reset != ResetEarliest && o.reset != ResetLatest:
		return fmt.Errorf("kafka source: %s at committed offsets: reset %q must be none, earliest or latest", what, o.reset)
	}
	return nil
}

// offsetsOf finds offsets of partitions.
type offsetsOf struct {
	admin     *kadm.Client
	group     string
	committed bool // only records that count are read
}

// find returns the offset of each partition.
func (f offsetsOf) find(ctx context.Context, o Offsets, partitions []TopicPartition) (found map[TopicPartition]int64, err error) {
	switch o.kind {
	case latest:
		if f.committed {
			return f.listed(ctx, partitions, func(topics ...string) (kadm.ListedOffsets, error) {
				return f.admin.ListCommittedOffsets(ctx, topics...)
			})
		}
		return f.listed(ctx, partitions, func(topics ...string) (kadm.ListedOffsets, error) { return f.admin.ListEndOffsets(ctx, topics...) })
	case timestamp:
		return f.listed(ctx, partitions, func(topics ...string) (kadm.ListedOffsets, error) {
			return f.admin.ListOffsetsAfterMilli(ctx, o.at.UnixMilli(), topics...)
		})
	case committed:
		found, err = f.ofGroup(ctx)
	case specific:
		found = map[TopicPartition]int64{}
		maps.Copy(found, o.given)
	default:
		return f.listed(ctx, partitions, func(topics ...string) (kadm.ListedOffsets, error) { return f.admin.ListStartOffsets(ctx, topics...) })
	}
	if err != nil {
		return nil, err
	}
	return f.complete(ctx, found, o.reset, partitions)
}

// complete fills in the offsets that are missing.
func (f offsetsOf) complete(ctx context.Context, found map[TopicPartition]int64, reset Reset, partitions []TopicPartition) (map[TopicPartition]int64, error) {
	var missing []TopicPartition
	for _, p := range partitions {
		if _, ok := found[p]; !ok {
			missing = append(missing, p)
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	other := Offsets{kind: earliest}
	switch reset {
	case ResetNone:
		return nil, fmt.Errorf("group %q has no committed offset for %s; choose what to do then: earliest or latest", f.group, missing[0])
	case ResetLatest:
		other.kind = latest
	}
	more, err := f.find(ctx, other, missing)
	maps.Copy(found, more)
	return found, err
}

func (f offsetsOf) ofGroup(ctx context.Context) (map[TopicPartition]int64, error) {
	var all kadm.OffsetResponses
	err := persistently(ctx, func() (err error) {
		all, err = f.admin.FetchOffsets(ctx, f.group)
		return err
	})
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("offsets of group %q: %w", f.group, explained(err))
	}
	found := map[TopicPartition]int64{}
	for topic, ps := range all {
		for p, o := range ps {
			if o.Err != nil {
				return nil, fmt.Errorf("offset of group %q for %s-%d: %w", f.group, topic, p, explained(o.Err))
			}
			if o.At >= 0 {
				found[TopicPartition{topic, p}] = o.At
			}
		}
	}
	return found, nil
}

func (f offsetsOf) listed(ctx context.Context, partitions []TopicPartition, list func(topics ...string) (kadm.ListedOffsets, error)) (map[TopicPartition]int64, error) {
	var topics []string
	for _, p := range partitions {
		if !slices.Contains(topics, p.Topic) {
			topics = append(topics, p.Topic)
		}
	}
	var all kadm.ListedOffsets
	if err := persistently(ctx, func() (err error) {
		all, err = list(topics...)
		return err
	}); err != nil {
		return nil, fmt.Errorf("list offsets: %w", explained(err))
	}
	found := map[TopicPartition]int64{}
	for _, p := range partitions {
		o, ok := all.Lookup(p.Topic, p.Partition)
		switch {
		case !ok:
			return nil, fmt.Errorf("list offsets of %s: the brokers have given none", p)
		case o.Err != nil:
			return nil, fmt.Errorf("list offsets of %s: %w", p, explained(o.Err))
		}
		found[p] = o.Offset
	}
	return found, nil
}
