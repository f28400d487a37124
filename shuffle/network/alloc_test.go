package network

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// A batch costs no memory on its way, on either side, once buffers and pools are warm.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	r := startNetwork(t, 1, Options{}, Options{})
	p := r.channel(0, 0, column.NewBatch[[4]int64]())
	pool := column.NewPool[[4]int64]()
	once := func() {
		b := pool.Get()
		column.SetRows(b, append(column.Rows[[4]int64](b), make([][4]int64, 1000)...))
		p.send(shuffle.Element{Batch: b})
		_, e, err := r.consumer(0).next()
		if err != nil {
			t.Error(err)
			return
		}
		e.Batch.Release()
	}
	for range 200 {
		once()
	}
	require.LessOrEqual(t, testing.AllocsPerRun(500, once), 1.0, "one under the race detector, which empties pools")
	p.send(shuffle.Element{Kind: shuffle.End})
	_, _, err := r.consumer(0).next()
	require.NoError(t, err)
	r.close(t)
}
