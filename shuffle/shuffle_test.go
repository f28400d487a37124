package shuffle

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/column"
)

func batchOf(rows ...int) *column.Batch { return column.BatchOf(rows) }

// drain receives all that waits and returns the rows by channel.
func drain(g *Gate) map[int][]int {
	r := map[int][]int{}
	for {
		c, e, ok := g.Receive()
		if !ok {
			return r
		}
		if e.Kind == Batch {
			r[c.Index] = append(r[c.Index], column.Rows[int](e.Batch)...)
			e.Batch.Release()
		}
	}
}

func TestChannelsKeepOrderAndWakeOnce(t *testing.T) {
	wakes := 0
	g := NewGate(nil, func() { wakes++ })
	a, b := g.Connect(0), g.Connect(1)
	a.Send(Element{Batch: batchOf(1, 2)})
	b.Send(Element{Batch: batchOf(10)})
	a.Send(Element{Batch: batchOf(3)})
	require.Equal(t, 1, wakes)
	require.Equal(t, map[int][]int{0: {1, 2, 3}, 1: {10}}, drain(g))
	a.Send(Element{Kind: End})
	require.Equal(t, 2, wakes)
}

func TestCreditStopsAndFreesProducers(t *testing.T) {
	g := NewGate(nil, func() {})
	c := g.Connect(0)
	woken := 0
	room := func() bool { return c.Room(func() { woken++ }) }
	sent := 0
	for room() {
		c.Send(Element{Batch: column.BatchOf(make([]int, column.MaxRows))})
		sent++
		require.Less(t, sent, 10)
	}
	require.Equal(t, 2, sent)
	_, e, _ := g.Receive()
	e.Batch.Release()
	require.Zero(t, woken, "half of the credit is free before the producer is called")
	_, e, _ = g.Receive()
	e.Batch.Release()
	require.Equal(t, 1, woken)
	require.True(t, room())
}

func TestSmallElementsAreBoundedToo(t *testing.T) {
	g := NewGate(nil, func() {})
	c := g.Connect(0)
	n := 0
	for c.Room(func() {}) {
		c.Send(Element{Kind: Watermark, Time: int64(n)})
		n++
		require.LessOrEqual(t, n, creditElements)
	}
}

func TestClosedGateFreesProducersAndDrops(t *testing.T) {
	g := NewGate(nil, func() {})
	c := g.Connect(0)
	for c.Room(func() {}) {
		c.Send(Element{Batch: batchOf(1)})
	}
	woken := 0
	require.False(t, c.Room(func() { woken++ }))
	g.Close()
	require.Equal(t, 1, woken)
	require.True(t, c.Room(func() {}))
	c.Send(Element{Batch: batchOf(1)})
	require.True(t, g.Empty())
}

func TestWriterCollectsSmallBatches(t *testing.T) {
	g := NewGate(nil, func() {})
	now := time.Unix(0, 0)
	w := NewWriter(Forward, nil, []Sender{g.Connect(0)}, nil, func() {})
	require.NoError(t, w.Write(batchOf(1, 2), now))
	require.NoError(t, w.Write(batchOf(3), now.Add(time.Millisecond)))
	require.True(t, g.Empty())
	since, waiting := w.Waiting()
	require.True(t, waiting)
	require.Equal(t, now, since)
	w.Control(Element{Kind: Watermark, Time: 5})
	_, e, _ := g.Receive()
	require.Equal(t, []int{1, 2, 3}, column.Rows[int](e.Batch))
	require.Equal(t, 24, e.Bytes)
	_, e, _ = g.Receive()
	require.Equal(t, Element{Kind: Watermark, Time: 5}, e)
	rows, bytes, buffers := w.Written()
	require.Equal(t, []int64{3, 24, 1}, []int64{rows, bytes, buffers})
}

func TestWriterKeepsTimesAndSpreads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "channels")
		g := NewGate(nil, func() {})
		var cs []Sender
		for range n {
			cs = append(cs, g.Connect(0))
		}
		w := NewWriter(Rebalance, NewRoundRobin(0), cs, nil, func() {})
		total := 0
		for _, size := range rapid.SliceOf(rapid.IntRange(1, 300)).Draw(t, "sizes") {
			b := column.NewBatch[int]()
			timed := rapid.Bool().Draw(t, "timed")
			for range size {
				column.SetRows(b, append(column.Rows[int](b), total))
				if timed {
					b.Times = append(b.Times, int64(total))
				}
				total++
			}
			require.NoError(t, w.Write(b, time.Time{}))
		}
		w.Flush()
		got := 0
		for {
			c, e, ok := g.Receive()
			if !ok {
				break
			}
			for i, v := range column.Rows[int](e.Batch) {
				require.Equal(t, c.Index, v%n, "dealt out in turn")
				if tm := e.Batch.Time(i); tm != column.NoTime {
					require.EqualValues(t, v, tm)
				}
				got++
			}
		}
		require.Equal(t, total, got)
	})
}

func TestBroadcastGivesEachChannelItsOwn(t *testing.T) {
	g := NewGate(nil, func() {})
	w := NewWriter(Broadcast, nil, []Sender{g.Connect(0), g.Connect(0), g.Connect(0)}, nil, func() {})
	require.NoError(t, w.Write(batchOf(7, 8), time.Time{}))
	require.Equal(t, map[int][]int{0: {7, 8}, 1: {7, 8}, 2: {7, 8}}, drain(g))
}

func TestKeyGroupsPartitionTheHashes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		maxP := rapid.IntRange(1, 32768).Draw(t, "max")
		p := rapid.IntRange(1, min(maxP, 300)).Draw(t, "parallelism")
		hash := rapid.Uint64().Draw(t, "hash")
		group := KeyGroup(hash, maxP)
		require.GreaterOrEqual(t, group, 0)
		require.Less(t, group, maxP)
		s := Subtask(group, maxP, p)
		from, to := KeyGroups(s, maxP, p)
		require.True(t, from <= group && group < to)
		first, last := Prefixes(s, maxP, p)
		require.True(t, uint16(hash>>48) >= first && uint16(hash>>48) <= last, "%x to %x", first, last)
		by := &ByHash{MaxParallelism: maxP, Hashes: func(_ *column.Batch, out []uint64) error { out[0] = hash; return nil }}
		var c [1]uint32
		require.NoError(t, by.Select(batchOf(1), c[:], p))
		require.EqualValues(t, s, c[0])
	})
}

func TestManyProducersOneConsumer(t *testing.T) {
	woken := make(chan struct{}, 1)
	g := NewGate(nil, func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	const producers, each = 8, 2000
	var cs []*Channel
	for range producers {
		cs = append(cs, g.Connect(0))
	}
	var group sync.WaitGroup
	for _, c := range cs {
		group.Add(1)
		go func() {
			defer group.Done()
			free := make(chan struct{}, 1)
			for i := range each {
				for !c.Room(func() { free <- struct{}{} }) {
					<-free
				}
				c.Send(Element{Batch: batchOf(i)})
			}
			c.Send(Element{Kind: End})
		}()
	}
	next, ended := make([]int, producers), 0
	for ended < producers {
		c, e, ok := g.Receive()
		if !ok {
			<-woken
			continue
		}
		if e.Kind == End {
			ended++
			require.Equal(t, each, next[c.Index])
			continue
		}
		require.Equal(t, next[c.Index], column.Rows[int](e.Batch)[0])
		next[c.Index]++
	}
	group.Wait()
}

// The shares of the sub-tasks follow each other without a gap.
func TestPrefixesCoverAllHashes(t *testing.T) {
	for _, maxP := range []int{1, 7, 128, 4096, 30_000, 32_768} {
		for _, p := range []int{1, 2, 3, 5, 7, 100, maxP} {
			next := 0
			for s := range min(p, maxP) {
				first, last := Prefixes(s, maxP, min(p, maxP))
				require.EqualValues(t, next, first)
				next = int(last) + 1
			}
			require.Equal(t, 1<<16, next)
		}
	}
}
