package network

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// Rows of 1 MiB through 8 x 8 channels: what is under way is what the memory allows and two rows for each channel, one that waits to
// be written and one that has arrived, however long nobody reads. Then all of them arrive.
func TestWideRowsStayWithinTheMemory(t *testing.T) {
	const tasks, each, row, memory = 8, 8, 1 << 20, 16 << 20
	near, far := shuffle.NewMemory(memory), shuffle.NewMemory(memory)
	r := startNetwork(t, tasks, Options{Memory: near}, Options{Memory: far})
	for _, c := range r.consumers {
		c.gate = shuffle.NewGate(far, c.wake)
	}
	text := strings.Repeat("x", row)
	var writers []*shuffle.Writer
	var producers []*producer
	for from := range tasks {
		p := newProducer(nil)
		var channels []shuffle.Sender
		for to := range tasks {
			channels = append(channels, r.channel(from, to, column.NewBatch[string]()).Sender)
		}
		producers = append(producers, p)
		writers = append(writers, shuffle.NewWriter(shuffle.Rebalance, shuffle.NewRoundRobin(from), channels, near, p.woke))
	}
	write := func(w *shuffle.Writer) { require.NoError(t, w.Write(column.BatchOf([]string{text}), time.Time{})) }
	sent := make([]int, tasks)
	for stuck := 0; stuck < tasks; {
		stuck = 0
		for i, w := range writers {
			if sent[i] == each*tasks/2 || !w.Room() {
				stuck++
				continue
			}
			write(w)
			sent[i]++
		}
		requireWithin(t, r, near, far, tasks*tasks*(row+1<<10))
	}
	var group sync.WaitGroup
	for i, w := range writers {
		require.Less(t, sent[i], each*tasks/2, "everybody stops")
		group.Go(func() {
			for ; sent[i] < each*tasks; sent[i]++ {
				for !w.Room() {
					<-producers[i].free
				}
				write(w)
			}
			w.Control(shuffle.Element{Kind: shuffle.End})
			w.Close()
		})
	}
	for _, c := range r.consumers {
		group.Go(func() {
			rows := 0
			for ended := 0; ended < tasks; {
				_, e, err := c.next()
				require.NoError(t, err)
				if e.Kind == shuffle.End {
					ended++
					continue
				}
				rows += e.Batch.Len()
				e.Batch.Release()
				requireWithin(t, r, near, far, tasks*tasks*(row+1<<10))
			}
			require.Equal(t, each*tasks, rows)
		})
	}
	group.Wait()
	r.close(t)
}

// requireWithin checks both sides against their memory and what one row for each channel may overdraw.
func requireWithin(t *testing.T, r *networkRig, near, far *shuffle.Memory, overdrawn int64) {
	require.LessOrEqual(t, r.near.Metrics().QueuedBytes, near.Share()+overdrawn)
	var unread int64
	for _, c := range r.consumers {
		bytes, _ := c.gate.Usage()
		unread += bytes
	}
	require.LessOrEqual(t, unread, int64(len(r.consumers))*far.Share()+overdrawn)
}
