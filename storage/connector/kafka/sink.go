package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/leatproject/leat/storage/sink"
)

// Guarantee says what is in the topics after failures.
type Guarantee int

// The guarantees, as Flink's DeliveryGuarantee.
const (
	// AtLeastOnce: every record, some perhaps twice. At a barrier all that was written is acknowledged.
	AtLeastOnce Guarantee = iota
	// NoGuarantee: records may be missing or there twice.
	NoGuarantee
	// ExactlyOnce: every record once, for those who read committed records only. Records become visible when a checkpoint is
	// complete, or at the end of a job without checkpoints, which must come before transaction.timeout.ms.
	ExactlyOnce
)

// String returns Flink's name of the guarantee.
func (g Guarantee) String() string {
	return [...]string{"at-least-once", "none", "exactly-once"}[g]
}

// defaultTimeout is Flink's default of transaction.timeout.ms; the brokers' maximum if that is less.
const defaultTimeout = time.Hour

// SinkOptions are the options of a Sink. The property bootstrap.servers and Serialize are needed.
type SinkOptions[T any] struct {
	// Topic is where records go whose Serialize names no other.
	Topic string
	// Properties are Kafka's.
	Properties map[string]string
	Guarantee  Guarantee
	// TransactionalIDPrefix begins the transactional ids of ExactlyOnce. Every sink of every job that writes to the same Kafka
	// needs one of its own, which stays the same when the job is started again.
	TransactionalIDPrefix string
	// Serialize makes records of rows.
	Serialize Serializer[T]
	// Logger is told of trouble with brokers; the default one when nil.
	Logger *slog.Logger
}

// Sink writes rows of type T to topics.
type Sink[T any] struct {
	options  SinkOptions[T]
	settings *settings
}

var (
	_ sink.TwoPhase  = (*Sink[string])(nil)
	_ sink.Exclusive = (*Sink[string])(nil)
)

// NewSink checks the options. No broker is asked before writing starts.
func NewSink[T any](o SinkOptions[T]) (*Sink[T], error) {
	if o.Serialize == nil {
		return nil, errors.New("kafka sink: Serialize is missing: Values or a function of your own")
	}
	if o.Guarantee < AtLeastOnce || o.Guarantee > ExactlyOnce {
		return nil, fmt.Errorf("kafka sink: there is no guarantee %d", o.Guarantee)
	}
	settings, err := parse(o.Properties)
	if err != nil {
		return nil, err
	}
	exactly := o.Guarantee == ExactlyOnce
	switch {
	case exactly && o.TransactionalIDPrefix == "":
		return nil, errors.New("kafka sink: exactly-once needs a TransactionalIDPrefix that no other sink has, such as the name of the job")
	case exactly && (settings.acks != kgo.AllISRAcks() || !settings.idempotent):
		return nil, errors.New("kafka sink: exactly-once needs the properties acks=all and enable.idempotence=true, which are their defaults")
	case exactly && settings.timeout != 0 && settings.timeout < time.Second:
		return nil, errors.New("kafka sink: property transaction.timeout.ms: a transaction lives from checkpoint to checkpoint, so less than a second is of no use")
	case settings.acks != kgo.AllISRAcks() && settings.idempotent && o.Properties["enable.idempotence"] == "true":
		return nil, errors.New("kafka sink: property enable.idempotence=true needs acks=all")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Sink[T]{o, settings}, nil
}

// Owns implements sink.Exclusive.
func (s *Sink[T]) Owns() string {
	if s.options.Guarantee != ExactlyOnce {
		return ""
	}
	return "kafka transactional id prefix " + strconv.Quote(s.options.TransactionalIDPrefix)
}

// NewWriter implements sink.Sink.
func (s *Sink[T]) NewWriter(ctx context.Context, env sink.Env) (sink.Writer, error) {
	if env.Subtask == 0 {
		for _, name := range s.settings.ignored {
			s.options.Logger.Warn("this property has no meaning here", "property", name)
		}
	}
	w := &writer[T]{sink: s, env: env, metrics: metrics{env.Counters}}
	newProducer := func(extra ...kgo.Opt) (*kgo.Client, error) {
		return s.newProducer(append(extra, kgo.WithHooks(w.metrics))...)
	}
	var err error
	if s.options.Guarantee != ExactlyOnce {
		if w.client, err = newProducer(); err != nil {
			return nil, err
		}
		if err := s.check(ctx, w.client, env.Subtask); err != nil {
			return nil, errors.Join(err, w.Close())
		}
		return w, nil
	}
	if w.transactions, err = newTransactions(s.client, newProducer, s.options.TransactionalIDPrefix, env, s.options.Logger); err != nil {
		return nil, err
	}
	err = s.check(ctx, w.transactions.adminClient, env.Subtask)
	if err == nil {
		err = w.transactions.open(ctx, s.settings.timeout)
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// check looks for the topic before the first record does. One sub-task asks.
func (s *Sink[T]) check(ctx context.Context, client *kgo.Client, subtask int) error {
	if subtask > 0 || s.options.Topic == "" {
		return nil
	}
	topics, err := listTopics(ctx, kadm.NewClient(client), true, s.options.Topic)
	if err != nil {
		return fmt.Errorf("kafka sink: look for topic %s: %w", s.options.Topic, err)
	}
	if err := topics.Error(); err != nil && !kerr.IsRetriable(err) || errors.Is(err, kerr.UnknownTopicOrPartition) {
		return fmt.Errorf("kafka sink: topic %s: %w", s.options.Topic, explained(err))
	}
	return nil
}

// NewCommitter implements sink.TwoPhase.
func (s *Sink[T]) NewCommitter(context.Context) (sink.Committer, error) {
	client, err := s.client()
	if err != nil {
		return nil, err
	}
	return &committer{client: client, admin: kadm.NewClient(client), prefix: s.options.TransactionalIDPrefix, logger: s.options.Logger}, nil
}

// client returns one that asks and orders.
func (s *Sink[T]) client() (*kgo.Client, error) {
	// From version 5 on EndTxn raises the epoch, so that it would not be idempotent for long.
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(26, 4)
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.WithLogger(clientLogger{s.options.Logger}), kgo.MaxVersions(versions)}, s.settings.common...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka sink: %w", err)
	}
	return client, nil
}

// newProducer returns a client that writes.
func (s *Sink[T]) newProducer(extra ...kgo.Opt) (*kgo.Client, error) {
	opts := append([]kgo.Opt{kgo.WithLogger(clientLogger{s.options.Logger}), kgo.RequiredAcks(s.settings.acks), kgo.RecordPartitioner(newPartitioner()),
		kgo.MaxBufferedRecords(1 << 18), kgo.MaxBufferedBytes(32 << 20), kgo.ProducerLinger(5 * time.Millisecond)},
		s.settings.common...)
	if !s.settings.idempotent || s.settings.acks != kgo.AllISRAcks() {
		opts = append(opts, kgo.DisableIdempotentWrite())
	}
	client, err := kgo.NewClient(append(append(opts, s.settings.producer...), extra...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka sink: %w", err)
	}
	return client, nil
}
