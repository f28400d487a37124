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

	"github.com/leatproject/leat/storage/sink"
)

// transactions are those of one writer: at most one is open for records at a time, others wait to be committed.
type transactions struct {
	admin       *kadm.Client
	adminClient *kgo.Client
	newProducer func(extra ...kgo.Opt) (*kgo.Client, error)
	prefix      string
	env         sink.Env
	logger      *slog.Logger
	timeout     time.Duration

	numbers int           // that are used
	waiting []committable // oldest first
	current *kgo.Client   // with the open transaction, of this id
	id      string
}

func newTransactions(client func() (*kgo.Client, error), newProducer func(extra ...kgo.Opt) (*kgo.Client, error), prefix string, env sink.Env,
	logger *slog.Logger) (*transactions, error) {
	c, err := client()
	if err != nil {
		return nil, err
	}
	return &transactions{admin: kadm.NewClient(c), adminClient: c, newProducer: newProducer, prefix: prefix, env: env, logger: logger}, nil
}

// open looks whether transactions can be written as wanted. The first sub-task ends what dead runs of the job have left open.
func (t *transactions) open(ctx context.Context, wanted time.Duration) error {
	var limit time.Duration
	err := persistently(ctx, func() (err error) {
		limit, err = t.longest(ctx)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, kerr.ClusterAuthorizationFailed), errors.Is(err, errUnsaid):
		t.logger.Warn("kafka sink: the brokers' transaction.max.timeout.ms is not known (the right to describe configurations of the cluster is needed)", "error", err)
		limit = 15 * time.Minute
	case err != nil:
		return fmt.Errorf("kafka sink: ask for transaction.max.timeout.ms: %w", explained(err))
	case wanted > limit:
		return fmt.Errorf("kafka sink: property transaction.timeout.ms is %d, but the brokers allow %d (transaction.max.timeout.ms): lower it or raise that; it must be longer than a checkpoint and a restart of the job take",
			wanted.Milliseconds(), limit.Milliseconds())
	}
	if t.timeout = wanted; wanted == 0 {
		t.timeout = min(limit, defaultTimeout)
	}
	if t.env.Subtask > 0 {
		return nil
	}
	return t.takeOver(ctx)
}

// longest is the longest time-out of a transaction that the brokers allow.
func (t *transactions) longest(ctx context.Context) (time.Duration, error) {
	brokers, err := t.admin.ListBrokers(ctx)
	if err != nil {
		return 0, err
	}
	configs, err := t.admin.DescribeBrokerConfigs(ctx, brokers[0].NodeID)
	if err != nil {
		return 0, err
	}
	for _, c := range configs {
		if c.Err != nil {
			return 0, c.Err
		}
		for _, x := range c.Configs {
			if x.Key == "transaction.max.timeout.ms" && x.Value != nil {
				n, err := strconv.ParseInt(*x.Value, 10, 64)
				return time.Duration(n) * time.Millisecond, err
			}
		}
	}
	return 0, errUnsaid
}

var errUnsaid = errors.New("the broker does not say")

// takeOver aborts the transactions of dead runs of the job. Those of a job with another name are an error.
func (t *transactions) takeOver(ctx context.Context) error {
	open, err := openTransactions(ctx, t.admin, t.prefix)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		t.logger.Warn("kafka sink: transactions that dead runs of the job may have left cannot be listed (Kafka 3.0 and the right to describe them are needed); readers wait for them until they time out",
			"error", err)
		return nil
	}
	for id, x := range open {
		switch {
		case x.owner != ownerOf(t.env.JobName):
			return fmt.Errorf("kafka sink: the transactional id prefix %q is used by a job of another name, which has an open transaction (%s): give each job a prefix of its own; if that job is dead, wait until the transaction has timed out",
				t.prefix, id)
		case x.job != t.env.JobID:
			t.logger.Info("kafka sink: a transaction of an earlier run is aborted", "transactional-id", id)
			if err := fence(ctx, t.adminClient, id); err != nil {
				return fmt.Errorf("kafka sink: abort transaction %s of an earlier run: %w", id, err)
			}
		}
	}
	return nil
}

// openTransactions are the open ones with a prefix, by id.
func openTransactions(ctx context.Context, admin *kadm.Client, prefix string) (map[string]transactionalID, error) {
	var all kadm.ListedTransactions
	if err := persistently(ctx, func() (err error) {
		all, err = admin.ListTransactions(ctx, nil, []string{"Ongoing"})
		return err
	}); err != nil {
		return nil, err
	}
	open := map[string]transactionalID{}
	for id, x := range all {
		if t, ok := parseID(prefix, id); ok && x.State == "Ongoing" {
			open[id] = t
		}
	}
	return open, nil
}

// begin returns a client with a new transaction.
func (t *transactions) begin(ctx context.Context) (*kgo.Client, error) {
	id, err := t.free(ctx)
	if err != nil {
		return nil, fmt.Errorf("kafka sink: begin a transaction: %w", explained(err))
	}
	c, err := t.newProducer(kgo.TransactionalID(id), kgo.TransactionTimeout(t.timeout))
	if err != nil {
		return nil, err
	}
	if err := c.BeginTransaction(); err != nil {
		c.Close()
		return nil, fmt.Errorf("kafka sink: begin transaction %s: %w", id, explained(err))
	}
	t.current, t.id = c, id
	return c, nil
}

// free returns an id without a transaction: the oldest one's, if that may be used again.
func (t *transactions) free(ctx context.Context) (string, error) {
	if len(t.waiting) > 1 {
		oldest, next := t.waiting[0], t.waiting[1]
		var now kadm.DescribedTransactions
		if err := persistently(ctx, func() (err error) {
			now, err = t.admin.DescribeTransactions(ctx, oldest.id, next.id)
			return err
		}); err != nil {
			return "", err
		}
		if isCommitted(now, oldest) && isCommitted(now, next) {
			t.waiting = t.waiting[1:]
			return oldest.id, fence(ctx, t.adminClient, oldest.id)
		}
	}
	t.numbers++
	return nameID(t.prefix, t.env, t.numbers-1), nil
}

func isCommitted(now kadm.DescribedTransactions, c committable) bool {
	x, err := now.On(c.id, nil)
	return err == nil && x.Err == nil && x.State == "CompleteCommit" && c.outcomeOf(x.State, x.ProducerID, x.ProducerEpoch) == wasCommitted
}

// prepare leaves the transaction, which is flushed, to whoever commits it.
func (t *transactions) prepare(ctx context.Context) (committable, error) {
	producer, epoch, err := t.current.ProducerID(ctx)
	if err != nil {
		return committable{}, fmt.Errorf("kafka sink: prepare transaction %s: %w", t.id, explained(err))
	}
	c := committable{t.id, producer, epoch}
	t.current.Close()
	t.current = nil
	t.waiting = append(t.waiting, c)
	return c, nil
}

// close aborts the current transaction, if there is one.
func (t *transactions) close() (err error) {
	if t.current != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		if err = t.current.AbortBufferedRecords(ctx); err == nil {
			err = t.current.EndTransaction(ctx, kgo.TryAbort)
		}
		if err != nil {
			t.logger.Warn("kafka sink: a transaction could not be aborted; readers wait for it until it times out or the job is started again",
				"transactional-id", t.id, "error", err)
		}
		t.current.Close()
		t.current = nil
	}
	t.adminClient.Close()
	return nil
}
