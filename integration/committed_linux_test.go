package integration

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// committed is a topic of one partition, of which it reads what is committed.
type committed struct {
	t      *testing.T
	name   string
	reader *kgo.Client
	next   int64
	values map[string]int
}

func newCommitted(t *testing.T, brokers, kind string) *committed {
	c := &committed{t: t, name: fmt.Sprintf("%s-%d-%d", kind, os.Getpid(), time.Now().UnixNano()), values: map[string]int{}}
	admin, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(brokers, ",")...))
	require.NoError(t, err)
	t.Cleanup(admin.Close)
	_, err = kadm.NewClient(admin).CreateTopic(t.Context(), 1, -1, nil, c.name)
	require.NoError(t, err)
	t.Cleanup(func() {
		if _, err := kadm.NewClient(admin).DeleteTopic(context.Background(), c.name); err != nil {
			t.Log(err)
		}
	})
	c.reader, err = kgo.NewClient(kgo.SeedBrokers(strings.Split(brokers, ",")...), kgo.ConsumeTopics(c.name), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	t.Cleanup(c.reader.Close)
	return c
}

// lines is how often each record is there.
func (c *committed) lines() map[string]int {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	ends, err := kadm.NewClient(c.reader).ListCommittedOffsets(ctx, c.name)
	require.NoError(c.t, err)
	end, ok := ends.Lookup(c.name, 0)
	require.True(c.t, ok)
	require.NoError(c.t, end.Err)
	for c.next < end.Offset {
		fetches := c.reader.PollFetches(ctx)
		require.NoError(c.t, fetches.Err0())
		fetches.EachRecord(func(r *kgo.Record) {
			c.next = r.Offset + 1
			if !r.Attrs.IsControl() {
				c.values[string(r.Value)]++
			}
		})
	}
	return c.values
}
