package operator

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
)

// TestAsyncCallsComeBack: records whose results are not out are in the snapshot, those before them are not; after a restart they
// are called for again, in their order and with their timestamps.
func TestAsyncCallsComeBack(t *testing.T) {
	for _, ordered := range []bool{true, false} {
		mail := make(chan func() (bool, error), 16)
		answer := map[string]chan struct{}{"a": make(chan struct{}), "b": make(chan struct{}), "c": make(chan struct{})}
		start := func(restored map[string]RestoredList) *rig {
			op := &AsyncMap[row, row]{Ordered: ordered, Capacity: 8, Function: func(ctx context.Context, v row) ([]row, error) {
				select {
				case <-answer[v.Key]:
					return []row{{strings.ToUpper(v.Key), v.N}}, nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}}
			r := newRig(t, Streaming, 1, op, 1<<20)
			r.ctx.Post = func(f func() (bool, error)) { mail <- f }
			r.ctx.States = States{On: true, Restored: restored}
			require.NoError(t, op.Open(r.ctx))
			return r
		}
		handle := func(r *rig) { require.NoError(t, r.call((<-mail)())) }

		r := start(nil)
		b := column.BatchOf([]row{{"a", 1}, {"b", 2}, {"c", 3}})
		b.Times = []int64{10, 20, 30}
		require.NoError(t, r.call(r.op.Process(0, b)))
		close(answer["a"])
		handle(r)
		require.Equal(t, []string{"A:1@10"}, r.out)
		saved, err := r.ctx.States.Lists[0].Save()
		require.NoError(t, err)
		require.Len(t, saved, 2)
		require.NoError(t, r.op.Close())
		for range 2 {
			<-mail // of the calls that were given up
		}

		r = start(map[string]RestoredList{asyncState: {Elements: saved, Row: r.ctx.States.Lists[0].Row}})
		close(answer["c"])
		handle(r)
		if ordered {
			require.Empty(t, r.out)
		} else {
			require.Equal(t, []string{"C:3@30"}, r.out)
		}
		close(answer["b"])
		handle(r)
		require.ElementsMatch(t, []string{"B:2@20", "C:3@30"}, r.out)
		require.Equal(t, ordered, r.out[0] == "B:2@20")
		require.NoError(t, r.op.Close())
	}
}
