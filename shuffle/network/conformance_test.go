package network

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// both runs a test of what every exchange promises with the local and the network exchange.
func both(t *testing.T, f func(t *testing.T, start func(t testing.TB, producers, consumers int, opt Options) rig)) {
	t.Run("local", func(t *testing.T) { f(t, newLocalRig) })
	t.Run("network", func(t *testing.T) { f(t, newNetworkRig) })
	t.Run("network-lz4", func(t *testing.T) {
		f(t, func(t testing.TB, p, c int, opt Options) rig { opt.Compress = true; return newNetworkRig(t, p, c, opt) })
	})
	t.Run("network-small", func(t *testing.T) {
		f(t, func(t testing.TB, p, c int, opt Options) rig {
			opt.Memory = shuffle.NewMemory(1)
			return newNetworkRig(t, p, c, opt)
		})
	})
}

func TestOrderAndControlInBand(t *testing.T) {
	both(t, func(t *testing.T, start func(testing.TB, int, int, Options) rig) {
		r := start(t, 1, 1, Options{})
		p := r.channel(0, 0, column.NewBatch[text]())
		first := texts(0, 0, 3, 5)
		first.Times, first.Hashes = []int64{1, 2, 3}, []uint64{4, 5, 6}
		go func() {
			p.send(shuffle.Element{Batch: first})
			p.send(shuffle.Element{Kind: shuffle.Watermark, Time: -7})
			p.send(shuffle.Element{Kind: shuffle.Idle})
			p.send(shuffle.Element{Kind: shuffle.Active})
			p.send(shuffle.Element{Batch: texts(0, 3, 1, 5)})
			p.send(shuffle.Element{Kind: shuffle.Superstep, Time: 3})
			p.send(shuffle.Element{Kind: shuffle.Barrier, Time: 1<<62 + 1})
			p.send(shuffle.Element{Kind: shuffle.Watermark, Time: shuffle.MaxWatermark})
			p.send(shuffle.Element{Kind: shuffle.End})
		}()
		c := r.consumer(0)
		_, e, err := c.next()
		require.NoError(t, err)
		require.Equal(t, column.Rows[text](texts(0, 0, 3, 5)), column.Rows[text](e.Batch))
		require.Equal(t, []int64{1, 2, 3}, e.Batch.Times)
		require.Equal(t, []uint64{4, 5, 6}, e.Batch.Hashes)
		e.Batch.Release()
		want := []shuffle.Element{{Kind: shuffle.Watermark, Time: -7}, {Kind: shuffle.Idle}, {Kind: shuffle.Active}, {},
			{Kind: shuffle.Superstep, Time: 3}, {Kind: shuffle.Barrier, Time: 1<<62 + 1}, {Kind: shuffle.Watermark, Time: shuffle.MaxWatermark}, {Kind: shuffle.End}}
		for _, w := range want {
			_, e, err := c.next()
			require.NoError(t, err)
			require.Equal(t, w.Kind, e.Kind)
			require.Equal(t, w.Time, e.Time)
		}
		r.close(t)
	})
}

func TestSlowConsumerBoundsMemory(t *testing.T) {
	both(t, func(t *testing.T, start func(testing.TB, int, int, Options) rig) {
		r := start(t, 1, 1, Options{})
		p := r.channel(0, 0, column.NewBatch[text]())
		const most = 4000 // batches of 100 KiB
		sent := make(chan int)
		go func() {
			n := 0
			for ; n < most && p.Room(func() {}); n++ {
				p.Send(shuffle.Element{Batch: texts(0, n*100, 100, 1000)})
			}
			sent <- n
		}()
		n := <-sent
		require.Less(t, n, 300, "a producer that nobody reads stops")
		got := 0
		for got < n*100 {
			_, e, err := r.consumer(0).next()
			require.NoError(t, err)
			for _, row := range column.Rows[text](e.Batch) {
				require.Equal(t, got, row.Number)
				got++
			}
			e.Batch.Release()
		}
		p.Send(shuffle.Element{Kind: shuffle.End})
		_, e, err := r.consumer(0).next()
		require.NoError(t, err)
		require.Equal(t, shuffle.End, e.Kind)
		r.close(t)
	})
}

// One consumer does not read at all; the channels to the other one, from the same producer's worker, go on.
func TestNoHeadOfLineBlocking(t *testing.T) {
	both(t, func(t *testing.T, start func(testing.TB, int, int, Options) rig) {
		r := start(t, 1, 2, Options{})
		like := column.NewBatch[text]()
		stuck, fast := r.channel(0, 0, like), r.channel(0, 1, like)
		n := 0
		for ; n < 4000 && stuck.Room(func() {}); n++ {
			stuck.Send(shuffle.Element{Batch: texts(0, n, 1, 100_000)})
		}
		go func() {
			for i := range 200 {
				fast.send(shuffle.Element{Batch: texts(0, i*10, 10, 10_000)})
			}
			fast.send(shuffle.Element{Kind: shuffle.End})
		}()
		for rows := 0; ; {
			_, e, err := r.consumer(1).next()
			require.NoError(t, err)
			if e.Kind == shuffle.End {
				require.Equal(t, 2000, rows)
				break
			}
			rows += e.Batch.Len()
			e.Batch.Release()
		}
		go func() { stuck.send(shuffle.Element{Kind: shuffle.End}) }()
		for {
			_, e, err := r.consumer(0).next()
			require.NoError(t, err)
			if e.Kind == shuffle.End {
				break
			}
			e.Batch.Release()
		}
		r.close(t)
	})
}

// An element of a random history: n rows of a size, or a watermark when n is zero.
type step struct{ n, size int }

func TestRandomHistories(t *testing.T) {
	both(t, func(t *testing.T, start func(testing.TB, int, int, Options) rig) {
		rapid.Check(t, func(rt *rapid.T) {
			producers, consumers := rapid.IntRange(1, 4).Draw(rt, "producers"), rapid.IntRange(1, 4).Draw(rt, "consumers")
			r := start(t, producers, consumers, Options{})
			var group sync.WaitGroup
			want := make([]int, consumers)
			for from := range producers {
				for to := range consumers {
					history := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
						return step{rapid.IntRange(0, 300).Draw(t, "n"), rapid.SampledFrom([]int{1, 10, 3000}).Draw(t, "size")}
					}), 0, 12).Draw(rt, "history")
					p := r.channel(from, to, column.NewBatch[text]())
					for _, s := range history {
						want[to] += s.n
					}
					group.Go(func() { play(p, from, history) })
				}
			}
			for to := range consumers {
				group.Go(func() { require.Equal(t, want[to], verify(t, r.consumer(to), producers)) })
			}
			group.Wait()
			r.close(t)
		})
	})
}

// play sends a history; watermarks carry the number of rows before them.
func play(p *producer, from int, history []step) {
	sent := 0
	for _, s := range history {
		if s.n == 0 {
			p.send(shuffle.Element{Kind: shuffle.Watermark, Time: int64(sent)})
			continue
		}
		p.send(shuffle.Element{Batch: texts(from, sent, s.n, s.size)})
		sent += s.n
	}
	p.send(shuffle.Element{Kind: shuffle.End})
}

// verify receives to the end and returns the number of rows. Each channel's rows are numbered from 0.
func verify(t testing.TB, c *consumer, channels int) (total int) {
	next := make([]int, channels)
	for open := channels; open > 0; {
		ch, e, err := c.next()
		require.NoError(t, err)
		switch e.Kind {
		case shuffle.Batch:
			for _, row := range column.Rows[text](e.Batch) {
				require.Equal(t, next[ch.Index], row.Number)
				next[ch.Index]++
				total++
			}
			e.Batch.Release()
		case shuffle.Watermark:
			require.EqualValues(t, next[ch.Index], e.Time, "a watermark stays between the rows where it was sent")
		case shuffle.End:
			open--
		}
	}
	return total
}

func TestClosedConsumerFreesProducer(t *testing.T) {
	r := newNetworkRig(t, 1, 1, Options{}).(*networkRig)
	p := r.channel(0, 0, column.NewBatch[text]())
	full := make(chan struct{})
	go func() {
		for p.Room(func() {}) {
			p.Send(shuffle.Element{Batch: texts(0, 0, 100, 1000)})
		}
		close(full)
		p.send(shuffle.Element{Batch: texts(0, 0, 100, 1000)}) // waits until the consumer has gone
		p.lost <- nil
	}()
	<-full
	r.inputs[0].Close()
	require.NoError(t, <-p.lost)
	r.close(t)
}

// With many channels and nobody who reads, both sides hold about what the pools allow, and then everything arrives.
func TestManyChannelsShareThePools(t *testing.T) {
	const channels, pool = 500, 1 << 20
	r := startNetwork(t, 1, Options{Memory: shuffle.NewMemory(pool)}, Options{Memory: shuffle.NewMemory(2 * pool)})
	like := column.NewBatch[text]()
	var producers []*producer
	sent := make([]int, channels)
	for from := range channels {
		producers = append(producers, r.channel(from, 0, like))
	}
	stuck := 0
	for stuck < channels {
		stuck = 0
		for from, p := range producers {
			if !p.Room(p.woke) || sent[from] >= 300 {
				stuck++
				continue
			}
			p.Send(shuffle.Element{Batch: texts(from, sent[from], 1, 2000)})
			sent[from]++
		}
	}
	most := 0
	for _, n := range sent {
		most = max(most, n)
	}
	require.Less(t, most, 300, "everybody stops")
	// A channel has at least minQueue and minWindow, and each may be overdrawn by a frame.
	require.LessOrEqual(t, r.near.Metrics().QueuedBytes, int64(channels*(minQueue+3000)))
	require.LessOrEqual(t, r.far.Metrics().UnreadBytes, int64(pool+channels*(minWindow+3000)))
	var group sync.WaitGroup
	for _, p := range producers {
		group.Go(func() { p.send(shuffle.Element{Kind: shuffle.End}) })
	}
	total := 0
	for _, n := range sent {
		total += n
	}
	require.Equal(t, total, verify(t, r.consumer(0), channels))
	group.Wait()
	r.close(t)
}
