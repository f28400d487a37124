package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/leatproject/leat/integration/processes"
)

// patience is how long is waited for what must happen, on a machine under any load.
const patience = 2 * time.Minute

// daemons are the brokers that up.sh has started.
func daemons(t testing.TB) processes.Daemons {
	return processes.Daemons{Script: "../../scripts/kafka/up.sh", Dir: directory(t)}
}

// leaders are those of a topic's partitions.
func leaders(ctx context.Context, admin *kadm.Client, topic string) (map[int32]int32, error) {
	topics, err := admin.ListTopics(ctx, topic)
	if err != nil {
		return nil, err
	}
	of := map[int32]int32{}
	for _, p := range topics[topic].Partitions {
		of[p.Partition] = p.Leader
	}
	return of, topics.Error()
}

// transactionsTopic is where coordinators keep transactions: who leads a partition of it coordinates those that are in it.
const transactionsTopic = "__transaction_state"

// giveBack lets a broker that was killed lead partitions of the coordinators again.
func giveBack(ctx context.Context, admin *kadm.Client, broker int32) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("broker %d leads nothing again", broker))
	defer cancel()
	for ctx.Err() == nil {
		// What is not needed, or not possible before the broker has caught up, is an error of a partition.
		if _, err := admin.ElectLeaders(ctx, kadm.ElectPreferredReplica, nil); err != nil {
			return err
		}
		of, err := leaders(ctx, admin, transactionsTopic)
		if err != nil {
			return err
		}
		for _, leader := range of {
			if leader == broker {
				return nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return context.Cause(ctx)
}

// step is what happens to the brokers when readers of a pipeline's output have seen so many records.
type step struct {
	after int
	do    func(ctx context.Context) error
}

// TestExactlyOnceWhileBrokersDie: of brokers that replicate each other the leader of a partition of the output dies, coordinators
// move to it when it is back, and then that of an open transaction dies. One broker alone is away for a while.
func TestExactlyOnceWhileBrokersDie(t *testing.T) {
	all := daemons(t)
	p := newPipeline(t, uint64(time.Now().UnixNano()))
	p.failures = 3
	admin := kadm.NewClient(client(t))
	var dead int32
	t.Cleanup(func() { require.NoError(t, all.Up()) })
	lose := func(broker int32) error {
		t.Logf("broker %d dies", broker)
		if dead = broker; dead == 0 {
			return errors.New("there is no broker to kill")
		}
		err := all.Kill(fmt.Sprint("broker-", broker))
		if err == nil && len(brokers(t)) == 1 {
			err = all.Up()
		}
		return err
	}
	back := func(context.Context) error { return all.Up() }
	p.during = []step{
		{6000, func(ctx context.Context) error {
			of, err := leaders(ctx, admin, p.out)
			return errors.Join(err, lose(of[0]))
		}},
		{12_000, back},
		{18_000, func(ctx context.Context) error { return giveBack(ctx, admin, dead) }},
		{24_000, func(ctx context.Context) error {
			open, err := admin.ListTransactions(ctx, nil, nil)
			for id, x := range open {
				if strings.HasPrefix(id, p.out) {
					return errors.Join(err, lose(x.Coordinator))
				}
			}
			return errors.Join(err, errors.New("there is no transaction"))
		}},
		{30_000, back},
	}
	p.run()
	p.check()
	require.Empty(t, p.during)
}
