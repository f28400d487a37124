package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

// SourceOptions are the options of a Source: one of Topics, Pattern and Partitions, the property bootstrap.servers and
// Deserialize are needed.
type SourceOptions[T any] struct {
	// Topics are read with all of their partitions.
	Topics []string
	// Pattern is a regular expression that whole names of topics match (RE2).
	Pattern string
	// Partitions are read and no others.
	Partitions []TopicPartition
	// Properties are Kafka's, and of Flink's partition.discovery.interval.ms (300000; 0 and less: only when the job begins) and
	// commit.offsets.on.checkpoint (true). Partitions that are found later are read from their beginning. isolation.level is
	// read_committed if it is not said. auto.offset.reset says what to do when the next record to be read has been deleted;
	// without it that follows from Start.
	Properties map[string]string
	// Start is where reading begins, where no checkpoint says it; Stop where it ends, which makes the source bounded. Partitions
	// that are found later are not read then.
	Start, Stop Offsets
	// Deserialize makes rows of records. Their timestamps are those of the records.
	Deserialize Deserializer[T]
	// Malformed is the policy for records that Deserialize refuses.
	Malformed format.Policy
	// Logger is told of partitions that come and go and of trouble with brokers; the default one when nil. Clock measures the
	// discovery interval; the machine's when nil.
	Logger *slog.Logger
	Clock  clock.Clock
}

// Source reads rows of type T from topics.
type Source[T any] struct {
	options  SourceOptions[T]
	settings *settings
	pattern  *regexp.Regexp

	mu        sync.Mutex
	consumers map[int][]*consumer // by sub-task
}

var (
	_ source.Source            = (*Source[string])(nil)
	_ source.PositionCommitter = (*Source[string])(nil)
)

// NewSource checks the options. No broker is asked before reading starts.
func NewSource[T any](o SourceOptions[T]) (*Source[T], error) {
	ways := 0
	for _, given := range []bool{len(o.Topics) > 0, o.Pattern != "", len(o.Partitions) > 0} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return nil, errors.New("kafka source: give one of Topics, Pattern and Partitions")
	}
	if o.Deserialize == nil {
		return nil, errors.New("kafka source: Deserialize is missing: Strings, Bytes, Records, JSON or a function of your own")
	}
	if o.Start.kind == unset {
		o.Start = Earliest()
	}
	s := &Source[T]{options: o, consumers: map[int][]*consumer{}}
	var err error
	if o.Pattern != "" {
		if s.pattern, err = regexp.Compile(`\A(?:` + o.Pattern + `)\z`); err != nil {
			return nil, fmt.Errorf("kafka source: Pattern: %w", err)
		}
	}
	if s.settings, err = parse(o.Properties); err != nil {
		return nil, err
	}
	if s.settings.reset == "" {
		s.settings.reset = o.Start.reset
	}
	if err := errors.Join(o.Start.check("Start", s.settings), o.Stop.check("Stop", s.settings)); err != nil {
		return nil, err
	}
	if s.options.Logger == nil {
		s.options.Logger = slog.Default()
	}
	if s.options.Clock == nil {
		s.options.Clock = clock.Real
	}
	return s, nil
}

// Boundedness implements source.Source.
func (s *Source[T]) Boundedness() source.Boundedness {
	if s.options.Stop.kind != unset {
		return source.Bounded
	}
	return source.Unbounded
}

// NewEnumerator implements source.Source.
func (s *Source[T]) NewEnumerator(context.Context, int) (source.Enumerator, error) {
	for _, name := range s.settings.ignored {
		s.options.Logger.Warn("this property has no meaning here", "property", name)
	}
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.WithLogger(clientLogger{s.options.Logger})}, s.settings.common...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka source: %w", err)
	}
	o := s.options
	e := &enumerator{topics: o.Topics, pattern: s.pattern, partitions: o.Partitions, start: o.Start, stop: o.Stop, logger: o.Logger, clock: o.Clock,
		interval: s.settings.discovery, client: c, known: map[TopicPartition]bool{}}
	if o.Stop.kind != unset {
		e.interval = 0
	}
	e.offsets = offsetsOf{kadm.NewClient(c), s.settings.group, s.settings.committed}
	return e, nil
}

// NewReader implements source.Source. Readers of one sub-task share a client.
func (s *Source[T]) NewReader(_ context.Context, env source.Env) (source.Reader, error) {
	return &reader[T]{source: s, env: env, metrics: metrics{env.Counters}, malformed: s.options.Malformed.Handler(env)}, nil
}

// CommitPositions implements source.PositionCommitter.
func (s *Source[T]) CommitPositions(ctx context.Context, env source.Env, splits []source.Split) error {
	if s.settings.group == "" || !s.settings.commitOffsets {
		return nil
	}
	offsets := kadm.Offsets{}
	for _, x := range splits {
		at, err := decodeSplit(x)
		if err != nil {
			return err
		}
		offsets.AddOffset(at.partition.Topic, at.partition.Partition, at.next, -1)
	}
	c, err := s.acquire(env, nil)
	if err != nil {
		return err
	}
	defer s.release(env, c)
	m := metrics{env.Counters}
	if err := kadm.NewClient(c.client).CommitAllOffsets(ctx, s.settings.group, offsets); err != nil {
		m.add("KafkaSourceReader.commitsFailed", 1)
		return fmt.Errorf("kafka source: commit offsets of group %q: %w", s.settings.group, explained(err))
	}
	m.add("KafkaSourceReader.commitsSucceeded", 1)
	offsets.Each(func(o kadm.Offset) {
		m.set(partitionMetric(TopicPartition{o.Topic, o.Partition}, "committedOffset"), o.At)
	})
	return nil
}

// acquire returns a consumer of a sub-task that does not read a partition yet, if one is meant, and adds that.
func (s *Source[T]) acquire(env source.Env, f *feed) (*consumer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.consumers[env.Subtask] {
		if f == nil || c.add(f) {
			c.users++
			return c, nil
		}
	}
	c, err := newConsumer(s.settings, s.options.Logger, env)
	if err != nil {
		return nil, err
	}
	if f != nil {
		c.add(f)
	}
	c.users++
	s.consumers[env.Subtask] = append(s.consumers[env.Subtask], c)
	return c, nil
}

// release gives back a consumer. The last one closes it.
func (s *Source[T]) release(env source.Env, c *consumer) {
	s.mu.Lock()
	c.users--
	last := c.users == 0
	if last {
		kept := s.consumers[env.Subtask][:0]
		for _, x := range s.consumers[env.Subtask] {
			if x != c {
				kept = append(kept, x)
			}
		}
		s.consumers[env.Subtask] = kept
	}
	s.mu.Unlock()
	if last {
		c.close()
	}
}

// clientLogger takes what the client has to say.
type clientLogger struct{ to *slog.Logger }

// Level implements kgo.Logger.
func (clientLogger) Level() kgo.LogLevel { return kgo.LogLevelWarn }

// Log implements kgo.Logger. What the client calls an error is mostly something that it tries again.
func (l clientLogger) Log(_ kgo.LogLevel, message string, pairs ...any) {
	l.to.Warn("kafka client: "+message, pairs...)
}
