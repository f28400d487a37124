package network

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// A channel whose barrier has come waits for that of another one of the same task, on the same connection: what it sends
// meanwhile stays within its budget, and the other goes on.
func TestBlockedChannelIsHeldUpAlone(t *testing.T) {
	both(t, func(t *testing.T, start func(testing.TB, int, int, Options) rig) {
		const before, rows = 7, 60
		r := start(t, 2, 1, Options{})
		like := column.NewBatch[text]()
		early, late := r.channel(0, 0, like), r.channel(1, 0, like)
		var group sync.WaitGroup
		early.send(shuffle.Element{Batch: texts(0, 0, before, 10)})
		early.send(shuffle.Element{Kind: shuffle.Barrier, Time: 1})
		c := r.consumer(0)
		for got := 0; ; {
			ch, e, err := c.next()
			require.NoError(t, err)
			if e.Kind == shuffle.Barrier {
				require.Equal(t, []int64{1, before}, []int64{e.Time, int64(got)})
				ch.Block()
				break
			}
			got += e.Batch.Len()
			e.Batch.Release()
		}
		sent := before
		for ; early.Room(early.woke) && sent < 4000; sent++ {
			early.Send(shuffle.Element{Batch: texts(0, sent, 1, 100_000)})
		}
		require.Less(t, sent, 300, "a channel that is blocked holds its producer up")
		group.Go(func() {
			late.send(shuffle.Element{Batch: texts(1, 0, before, 10)})
			for i := range rows {
				late.send(shuffle.Element{Batch: texts(1, before+i, 1, 100_000)})
			}
			late.send(shuffle.Element{Kind: shuffle.Watermark, Time: before + rows})
			late.send(shuffle.Element{Kind: shuffle.End})
		})
		for got := 0; ; {
			ch, e, err := c.next()
			require.NoError(t, err)
			require.Equal(t, 1, ch.Index, "nothing comes out of a blocked channel")
			if e.Kind == shuffle.End {
				require.Equal(t, before+rows, got)
				break
			}
			if e.Batch != nil {
				got += e.Batch.Len()
				e.Batch.Release()
			}
		}
		c.gate.Unblock()
		group.Go(func() { early.send(shuffle.Element{Kind: shuffle.End}) })
		for got := before; ; {
			_, e, err := c.next()
			require.NoError(t, err)
			if e.Kind == shuffle.End {
				require.Equal(t, sent, got)
				break
			}
			for _, row := range column.Rows[text](e.Batch) {
				require.Equal(t, got, row.Number)
				got++
			}
			e.Batch.Release()
		}
		group.Wait()
		r.close(t)
	})
}
