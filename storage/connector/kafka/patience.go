package kafka

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// outage is how long brokers that cannot be reached are waited for, such as while one is restarted.
	outage = 30 * time.Second
	// pause is the time between two tries while a broker is busy, longPause while none can be reached.
	pause     = 20 * time.Millisecond
	longPause = 500 * time.Millisecond
	// spreading is how long it may take until all brokers know of a topic that was just created.
	spreading = 2 * time.Second
)

// patiently repeats a request while brokers say that they are busy.
func patiently(ctx context.Context, request func() error) error {
	for {
		err := request()
		if !kerr.IsRetriable(err) && !errors.Is(err, kerr.ConcurrentTransactions) {
			return err
		}
		if e := sleep(ctx, pause); e != nil {
			return errors.Join(e, err)
		}
	}
}

// persistently repeats requests that the client does not repeat itself, while brokers cannot be reached.
func persistently(ctx context.Context, request func() error) error {
	for end := time.Now().Add(outage); ; {
		err := request()
		if !unreachable(err) || time.Now().After(end) {
			return err
		}
		if e := sleep(ctx, longPause); e != nil {
			return e
		}
	}
}

// listTopics describes topics. If they must be there, those that are not are waited for a little.
func listTopics(ctx context.Context, admin *kadm.Client, must bool, names ...string) (topics kadm.TopicDetails, err error) {
	for end := time.Now().Add(spreading); ; {
		if err := persistently(ctx, func() (err error) {
			topics, err = admin.ListTopics(ctx, names...)
			return err
		}); err != nil {
			return nil, explained(err)
		}
		if !must || !errors.Is(topics.Error(), kerr.UnknownTopicOrPartition) || time.Now().After(end) {
			return topics, nil
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// unreachable tells whether an error says that a broker is not there for now. A name that nobody knows and a
// certificate that is not wanted are no such errors.
func unreachable(err error) bool {
	var name *net.DNSError
	var network *net.OpError
	switch {
	case err == nil:
		return false
	case errors.As(err, &name) && name.IsNotFound, errors.As(err, &network) && network.Op == tlsAlert:
		return false
	}
	return errors.As(err, &network) || kgo.IsRetryableBrokerErr(err) || kerr.IsRetriable(err)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
