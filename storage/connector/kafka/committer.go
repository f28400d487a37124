package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/leatproject/leat/storage/sink"
)

const (
	// commitsAtOnce is how many transactions are ended at a time.
	commitsAtOnce = 16
	// endTimeout is how long the end of a transaction is tried.
	endTimeout = 2 * time.Minute
)

// committer ends transactions.
type committer struct {
	client *kgo.Client
	admin  *kadm.Client
	prefix string
	logger *slog.Logger
}

// Commit implements sink.Committer.
func (c *committer) Commit(ctx context.Context, cs []sink.Committable) error {
	return c.each(ctx, cs, c.commit)
}

// Recommit implements sink.Recommitter.
func (c *committer) Recommit(ctx context.Context, cs []sink.Committable) error {
	return c.each(ctx, cs, c.recommit)
}

// Abort implements sink.Committer.
func (c *committer) Abort(ctx context.Context, cs []sink.Committable) error {
	return c.each(ctx, cs, c.abort)
}

func (c *committer) each(ctx context.Context, cs []sink.Committable, do func(context.Context, committable) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, endTimeout, fmt.Errorf("the brokers have not answered for %v", endTimeout))
	defer cancel()
	var group sync.WaitGroup
	errs, places := make([]error, len(cs)), make(chan struct{}, commitsAtOnce)
	for i, b := range cs {
		x, err := decodeCommittable(b)
		if err != nil {
			errs[i] = err
			continue
		}
		places <- struct{}{}
		group.Go(func() {
			errs[i] = do(ctx, x)
			<-places
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func (c *committer) commit(ctx context.Context, x committable) error {
	err := c.end(ctx, x, true)
	if err == nil {
		return nil
	}
	o, told := c.outcome(ctx, x, err)
	switch o {
	case wasCommitted:
		return nil
	case superseded:
		return &supersededError{x.id, err}
	case wasAborted:
		return fmt.Errorf("kafka sink: transaction %s was aborted before it could be committed, its records are lost: it took longer than transaction.timeout.ms from its first record on; raise that, and begin again from an earlier checkpoint (%w)", x.id, err)
	}
	return fmt.Errorf("kafka sink: commit transaction %s: %w", x.id, told)
}

// supersededError says that an id has been used again since, or was fenced.
type supersededError struct {
	id    string
	cause error
}

// Error implements error.
func (e *supersededError) Error() string {
	return fmt.Sprintf("kafka sink: transaction %s cannot be committed: %v; another run of the job with the same transactional id prefix has aborted it: stop one of them", e.id, e.cause)
}

// Unwrap returns the cause.
func (e *supersededError) Unwrap() error { return e.cause }

// recommit is commit where the id may have been used again, which it is only after a commit.
func (c *committer) recommit(ctx context.Context, x committable) error {
	err := c.commit(ctx, x)
	var s *supersededError
	if !errors.As(err, &s) {
		return err
	}
	c.logger.Warn("kafka sink: a transaction of an old checkpoint is not known any more: it was committed when the job went on from there",
		"transactional-id", x.id, "error", s.cause)
	return nil
}

func (c *committer) abort(ctx context.Context, x committable) error {
	err := c.end(ctx, x, false)
	if err == nil {
		return nil
	}
	if o, told := c.outcome(ctx, x, err); o == undecided {
		return fmt.Errorf("kafka sink: abort transaction %s: %w", x.id, told)
	}
	return nil
}

// outcome asks what became of a transaction that could not be ended; told is why that is not known.
func (c *committer) outcome(ctx context.Context, x committable, err error) (o outcome, told error) {
	switch {
	case errors.Is(err, kerr.InvalidProducerIDMapping), errors.Is(err, kerr.TransactionalIDNotFound):
		return superseded, nil
	case !errors.Is(err, kerr.InvalidTxnState) && !errors.Is(err, kerr.InvalidProducerEpoch) && !errors.Is(err, kerr.ProducerFenced):
		return undecided, err
	}
	var all kadm.DescribedTransactions
	problem := persistently(ctx, func() (err error) {
		all, err = c.admin.DescribeTransactions(ctx, x.id)
		return err
	})
	if problem != nil {
		return undecided, errors.Join(err, problem)
	}
	now, problem := all.On(x.id, nil)
	switch {
	case errors.Is(problem, kerr.TransactionalIDNotFound), errors.Is(now.Err, kerr.TransactionalIDNotFound):
		return superseded, nil
	case problem != nil || now.Err != nil:
		return undecided, errors.Join(err, problem, now.Err)
	}
	return x.outcomeOf(now.State, now.ProducerID, now.ProducerEpoch), err
}

// end commits or aborts a transaction by the names that it was given, whoever has begun it.
func (c *committer) end(ctx context.Context, x committable, commit bool) error {
	return patiently(ctx, func() error {
		request := kmsg.NewPtrEndTxnRequest()
		request.TransactionalID, request.ProducerID, request.ProducerEpoch, request.Commit = x.id, x.producer, x.epoch, commit
		reply, err := request.RequestWith(ctx, c.client)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(reply.ErrorCode)
	})
}

// fence aborts what is open under a transactional id and lets its producers write no more.
func fence(ctx context.Context, client *kgo.Client, id string) error {
	return patiently(ctx, func() error {
		request := kmsg.NewPtrInitProducerIDRequest()
		request.TransactionalID, request.TransactionTimeoutMillis = &id, int32(time.Minute.Milliseconds())
		request.ProducerID, request.ProducerEpoch = -1, -1
		reply, err := request.RequestWith(ctx, client)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(reply.ErrorCode)
	})
}

// Clean implements sink.Cleaner: it aborts what attempts of the job have left open.
func (c *committer) Clean(ctx context.Context, jobID string) error {
	return c.clean(ctx, func(x transactionalID) bool { return x.job == jobID })
}

// CleanSubtask implements sink.SubtaskCleaner.
func (c *committer) CleanSubtask(ctx context.Context, jobID string, subtask int) error {
	return c.clean(ctx, func(x transactionalID) bool { return x.job == jobID && x.subtask == strconv.Itoa(subtask) })
}

func (c *committer) clean(ctx context.Context, left func(transactionalID) bool) error {
	if c.prefix == "" {
		return nil
	}
	open, err := openTransactions(ctx, c.admin, c.prefix)
	if err != nil {
		return fmt.Errorf("kafka sink: list open transactions: %w", err)
	}
	for id, x := range open {
		if !left(x) {
			continue
		}
		if err := fence(ctx, c.client, id); err != nil {
			return fmt.Errorf("kafka sink: abort transaction %s: %w", id, err)
		}
	}
	return nil
}

// Close implements sink.Committer.
func (c *committer) Close() error {
	c.client.Close()
	return nil
}
