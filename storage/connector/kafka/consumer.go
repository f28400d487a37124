package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/storage/source"
)

// recordBytes is about what a record takes beside its key and value.
const recordBytes = 192

// consumer fetches the partitions of a sub-task with one client. It asks for more while a reader waits; a partition whose
// reader does not come (it is ahead of the others in event time) is left out meanwhile. Safe for concurrent use.
type consumer struct {
	client *kgo.Client
	logger *slog.Logger
	stable bool // lag is counted to the last stable offset
	// room is how many bytes wait for their readers before a partition that has more than its part of them is fetched no more. That is
	// to be rare: what is on its way of the partition is thrown away.
	room   int
	users  int // belongs to the source
	metric metrics
	cancel context.CancelFunc
	done   chan struct{}
	hungry chan struct{} // has a token when a reader has begun to wait

	mu      sync.Mutex
	feeds   map[TopicPartition]*feed
	held    int // bytes in feeds
	waiting int // readers
}

// feed is what was fetched of a partition and not yet taken by its reader.
type feed struct {
	partition TopicPartition
	from      int64
	ready     chan struct{} // has a token when the reader that waits has something
	chunks    []chunk
	held      int // bytes in chunks
	waiting   bool
	paused    bool
	lag       int64
	err       error
}

// chunk is what one fetch has brought of a partition.
type chunk struct {
	records []*kgo.Record
	bytes   int
	end     int64 // of the partition
}

func bytesOf(records []*kgo.Record) (n int) {
	for _, r := range records {
		n += len(r.Key) + len(r.Value) + recordBytes
	}
	return n
}

func newConsumer(s *settings, logger *slog.Logger, env source.Env) (*consumer, error) {
	isolation := kgo.ReadUncommitted()
	if s.committed {
		isolation = kgo.ReadCommitted()
	}
	// Control records show how far a partition is read where the records behind do not count.
	opts := append([]kgo.Opt{kgo.WithLogger(clientLogger{logger}), kgo.FetchIsolationLevel(isolation), kgo.KeepControlRecords(),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), kgo.WithHooks(metrics{env.Counters})}, s.common...)
	client, err := kgo.NewClient(append(opts, s.consumer...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka source: %w", err)
	}
	c := &consumer{client: client, logger: logger, stable: s.committed, room: s.room, metric: metrics{env.Counters}, done: make(chan struct{}), hungry: make(chan struct{}, 1),
		feeds: map[TopicPartition]*feed{}}
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(context.Background())
	go c.poll(ctx)
	return c, nil
}

func (c *consumer) close() {
	c.cancel()
	<-c.done
	c.client.Close()
}

// add begins to fetch a partition; false says that it is being read already.
func (c *consumer) add(f *feed) bool {
	c.mu.Lock()
	_, twice := c.feeds[f.partition]
	if !twice {
		c.feeds[f.partition] = f
	}
	c.mu.Unlock()
	if !twice {
		c.begin(f)
	}
	return !twice
}

// begin fetches a partition from where its feed begins.
func (c *consumer) begin(f *feed) {
	p := f.partition
	c.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{p.Topic: {p.Partition: kgo.NewOffset().At(f.from)}})
}

// seek fetches a partition from another offset on.
func (c *consumer) seek(f *feed, offset int64) {
	p := f.partition
	c.client.RemoveConsumePartitions(map[string][]int32{p.Topic: {p.Partition}})
	c.mu.Lock()
	c.forget(f)
	f.from, f.err = offset, nil
	c.mu.Unlock()
	c.begin(f)
}

// remove ends the fetching of a partition.
func (c *consumer) remove(f *feed) {
	c.mu.Lock()
	delete(c.feeds, f.partition)
	c.forget(f)
	c.lagging()
	paused := f.paused
	c.mu.Unlock()
	one := map[string][]int32{f.partition.Topic: {f.partition.Partition}}
	c.client.RemoveConsumePartitions(one)
	if paused {
		c.client.ResumeFetchPartitions(one)
	}
}

// forget drops what a feed has. It is called with mu held.
func (c *consumer) forget(f *feed) {
	c.held -= f.held
	f.chunks, f.held = nil, 0
}

func (c *consumer) poll(ctx context.Context) {
	defer close(c.done)
	for {
		c.mu.Lock()
		wanted := c.waiting > 0
		c.mu.Unlock()
		if !wanted {
			select {
			case <-c.hungry:
				continue
			case <-ctx.Done():
				return
			}
		}
		fetches := c.client.PollFetches(ctx)
		if ctx.Err() != nil {
			return
		}
		fetches.EachPartition(c.fetched)
	}
}

// fetched puts what came of a partition into its feed.
func (c *consumer) fetched(p kgo.FetchTopicPartition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.feeds[TopicPartition{p.Topic, p.Partition}]
	switch {
	case p.Err != nil && p.Topic == "":
		for _, f := range c.feeds {
			c.failed(f, p.Err)
		}
		return
	case f == nil:
		return
	case p.Err != nil:
		c.failed(f, p.Err)
		return
	case len(p.Records) == 0:
		return
	}
	end := p.HighWatermark
	if c.stable {
		end = p.LastStableOffset
	}
	next := chunk{p.Records, bytesOf(p.Records), end}
	f.chunks = append(f.chunks, next)
	f.held += next.bytes
	c.held += next.bytes
	if c.held > c.room && f.held > c.room/len(c.feeds) && !f.paused {
		f.paused = true
		c.client.PauseFetchPartitions(map[string][]int32{p.Topic: {p.Partition}})
	}
	c.serve(f)
	f.lag = max(end-1-p.Records[len(p.Records)-1].Offset, 0)
	c.lagging()
}

// failed notes an error of a partition, unless it is one that goes away.
func (c *consumer) failed(f *feed, err error) {
	var lost *kgo.ErrDataLoss
	if kerr.IsRetriable(err) || kgo.IsRetryableBrokerErr(err) || errors.As(err, &lost) {
		c.logger.Warn("fetching a partition has failed; it is tried again", "partition", f.partition.String(), "error", err)
		return
	}
	f.err = err
	c.serve(f)
}

// serve wakes the reader of a feed.
func (c *consumer) serve(f *feed) {
	if f.waiting {
		f.waiting = false
		c.waiting--
		f.ready <- struct{}{}
	}
}

// take waits for the next chunk of a feed.
func (c *consumer) take(ctx context.Context, f *feed) (chunk, error) {
	for {
		c.mu.Lock()
		if len(f.chunks) > 0 {
			next := f.chunks[0]
			f.chunks = f.chunks[1:]
			f.held -= next.bytes
			c.held -= next.bytes
			resume := f.paused && len(f.chunks) == 0
			f.paused = f.paused && !resume
			c.mu.Unlock()
			if resume {
				c.client.ResumeFetchPartitions(map[string][]int32{f.partition.Topic: {f.partition.Partition}})
			}
			return next, nil
		}
		if err := f.err; err != nil {
			f.err = nil
			c.mu.Unlock()
			return chunk{}, err
		}
		f.waiting = true
		c.waiting++
		c.mu.Unlock()
		select {
		case c.hungry <- struct{}{}:
		default:
		}
		select {
		case <-f.ready:
		case <-ctx.Done():
			c.mu.Lock()
			if f.waiting {
				f.waiting = false
				c.waiting--
			} else {
				<-f.ready
			}
			c.mu.Unlock()
			return chunk{}, context.Cause(ctx)
		}
	}
}

// lagging tells how many records are not fetched. It is called with mu held.
func (c *consumer) lagging() {
	greatest, all := int64(0), int64(0)
	for _, f := range c.feeds {
		greatest = max(greatest, f.lag)
		all += f.lag
	}
	c.metric.set("KafkaSourceReader.KafkaConsumer.records-lag-max", greatest)
	c.metric.set("pendingRecords", all)
}
