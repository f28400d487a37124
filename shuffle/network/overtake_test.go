package network

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

// A barrier that overtakes leaves the rows that wait at the sender to whoever saves them, and reaches the receiver in front of
// them: what comes before it and what was saved are all the rows, in their order.
func TestBarrierOvertakesWhatWaitsAtTheSender(t *testing.T) {
	for _, compress := range []bool{false, true} {
		r := startNetwork(t, 1, Options{Compress: compress}, Options{Compress: compress})
		p := r.channel(0, 0, column.NewBatch[text]())
		sent := 0
		for ; p.Room(p.woke); sent++ {
			p.Send(shuffle.Element{Batch: texts(0, sent, 1, 100_000)})
		}
		c := r.consumer(0)
		_, e, err := c.next() // the receiver is there
		require.NoError(t, err)
		e.Batch.Release()
		for ; p.Room(p.woke); sent++ {
			p.Send(shuffle.Element{Batch: texts(0, sent, 1, 100_000)})
		}
		p.Send(shuffle.Element{Kind: shuffle.Barrier, Time: 7})
		s := p.Sender.(shuffle.Overtaker)
		require.True(t, s.Departs(7, func() { t.Error("the barrier was overtaken") }))
		var saved []int
		s.Overtake(7, func(frames []byte) {
			var d wire.Decoder
			for len(frames) > 0 {
				h, err := wire.ParseHeader(frames)
				require.NoError(t, err)
				b := column.NewBatch[text]()
				require.NoError(t, d.Batch(h, frames[wire.HeaderSize:h.Size()], b))
				for _, row := range column.Rows[text](b) {
					saved = append(saved, row.Number)
				}
				frames = frames[h.Size():]
			}
		})
		require.NotEmpty(t, saved)
		p.Send(shuffle.Element{Kind: shuffle.End})
		var before, behind []int
		for barriers := 0; ; {
			_, e, err := c.next()
			require.NoError(t, err)
			if e.Kind == shuffle.End {
				require.Equal(t, 2, barriers, "the one that overtook, and the one in its place")
				break
			}
			if e.Kind == shuffle.Barrier {
				require.EqualValues(t, 7, e.Time)
				barriers++
				continue
			}
			for _, row := range column.Rows[text](e.Batch) {
				if barriers == 0 {
					before = append(before, row.Number)
				} else {
					behind = append(behind, row.Number)
				}
			}
			e.Batch.Release()
		}
		require.Equal(t, saved, behind)
		for i, n := range append(before, saved...) {
			require.Equal(t, i+1, n)
		}
		require.Equal(t, sent-1, len(before)+len(saved))
		_, urgent, _ := c.gate.Barriers()
		require.EqualValues(t, 7, urgent)
		r.close(t)
	}
}

// Whoever need not overtake is told when the barrier has left.
func TestBarrierDeparts(t *testing.T) {
	r := startNetwork(t, 1, Options{}, Options{})
	p := r.channel(0, 0, column.NewBatch[text]())
	sent := 0
	for ; p.Room(p.woke); sent++ {
		p.Send(shuffle.Element{Batch: texts(0, sent, 1, 100_000)})
	}
	p.Send(shuffle.Element{Kind: shuffle.Barrier, Time: 7})
	left := make(chan struct{})
	s := p.Sender.(shuffle.Overtaker)
	require.False(t, s.Departs(6, func() {}))
	require.True(t, s.Departs(7, func() { close(left) }))
	p.Send(shuffle.Element{Kind: shuffle.End})
	for {
		_, e, err := r.consumer(0).next()
		require.NoError(t, err)
		if e.Kind == shuffle.End {
			break
		}
		if e.Batch != nil {
			e.Batch.Release()
		}
	}
	<-left
	require.False(t, s.Departs(7, func() {}))
	r.close(t)
}
