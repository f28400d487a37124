package operator

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	sliceconnector "github.com/leatproject/leat/storage/connector/slice"
	"github.com/leatproject/leat/storage/source"
)

// reportTo tells a coordinator a watermark and returns the least of the group.
func reportTo(t *testing.T, c *SplitCoordinator, subtask int, mark int64) int64 {
	reply, err := c.Handle(context.Background(), subtask, alignmentRequest(mark))
	require.NoError(t, err)
	least, err := decodeMark(reply)
	require.NoError(t, err)
	return least
}

func TestAlignmentGroup(t *testing.T) {
	ctx := context.Background()
	group := NewAlignmentGroup()
	a := &SplitCoordinator{Sources: []source.Source{sliceconnector.FromSequence(1, 4)}, Alignment: group}
	b := &SplitCoordinator{Sources: []source.Source{sliceconnector.FromSequence(1, 4)}, Alignment: group}
	require.NoError(t, a.Start(ctx, 2))
	require.NoError(t, b.Start(ctx, 1))
	require.Equal(t, shuffle.MinWatermark, reportTo(t, a, 0, 100), "nobody runs ahead before all have a watermark")
	require.Equal(t, shuffle.MinWatermark, reportTo(t, a, 1, 50))
	require.Equal(t, int64(20), reportTo(t, b, 0, 20))
	require.Equal(t, int64(20), reportTo(t, a, 0, 100))
	require.Equal(t, int64(50), reportTo(t, b, 0, shuffle.MaxWatermark), "idle members do not count")
	_, err := a.Handle(ctx, 1, []byte{requestLeave})
	require.NoError(t, err)
	require.Equal(t, int64(90), reportTo(t, b, 0, 90))
	require.NoError(t, a.Close())
	require.Equal(t, int64(95), reportTo(t, b, 0, 95), "a source that has gone does not count")
	require.NoError(t, b.Close())
	require.Empty(t, group.members)
}

func TestAlignmentLimit(t *testing.T) {
	require.Equal(t, int64(15), limitOf(10, 5))
	require.Equal(t, shuffle.MaxWatermark, limitOf(shuffle.MaxWatermark, 5))
	require.Less(t, limitOf(shuffle.MinWatermark, 5), int64(0))
}

func TestSplitCoordinatorRequests(t *testing.T) {
	c := &SplitCoordinator{Sources: []source.Source{sliceconnector.FromSequence(1, 4)}}
	require.NoError(t, c.Start(context.Background(), 1))
	for _, bad := range [][]byte{nil, {requestSplit, 1}, {requestLeave}, binary.BigEndian.AppendUint64([]byte{requestAlignment}, 1), {99}} {
		_, err := c.Handle(context.Background(), 0, bad)
		require.ErrorContains(t, err, "cannot be read")
	}
	reply, err := c.Handle(context.Background(), 0, splitRequest(0))
	require.NoError(t, err)
	splits, err := decodeSplits(reply)
	require.NoError(t, err)
	require.Equal(t, "0-4", splits[0].ID)
	reply, err = c.Handle(context.Background(), 0, splitRequest(0))
	require.NoError(t, err)
	require.Empty(t, reply)
	require.NoError(t, c.Close())
	for _, bad := range [][]byte{{200}, {1, 200}} {
		_, err = decodeSplits(bad)
		require.ErrorContains(t, err, "cannot be read")
	}
}

// broken is a source whose enumerator cannot be made, or fails.
type broken struct {
	source.Source
	late bool
}

func (b broken) NewEnumerator(context.Context, int) (source.Enumerator, error) {
	if b.late {
		return brokenEnumerator{}, nil
	}
	return nil, errors.New("no such place")
}

type brokenEnumerator struct{ source.Enumerator }

func (brokenEnumerator) Next(context.Context) ([]source.Split, error) { panic("lost") }
func (brokenEnumerator) Close() error                                 { return nil }

func TestSplitCoordinatorFailures(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	first := &SplitCoordinator{Sources: []source.Source{broken{}}}
	require.ErrorContains(t, first.Start(ctx, 1), "no such place")
	require.NoError(t, first.Close())

	second := &SplitCoordinator{Sources: []source.Source{sliceconnector.FromSequence(2, 1), broken{}}}
	require.NoError(t, second.Start(ctx, 1))
	_, err := second.Handle(ctx, 0, splitRequest(1))
	require.ErrorContains(t, err, "no such place")
	require.NoError(t, second.Close())

	panics := &SplitCoordinator{Sources: []source.Source{broken{late: true}}}
	require.NoError(t, panics.Start(ctx, 1))
	_, err = panics.Handle(ctx, 0, splitRequest(0))
	require.ErrorContains(t, err, "split enumerator: panic: lost")
	require.NoError(t, panics.Close())
}

// oneRecord reads splits of one record, the time of which is 100 in a, 5 in any other; the others have it when released.
type oneRecord struct {
	released chan struct{}
	split    source.Split
	read     bool
}

func (r *oneRecord) Open(_ context.Context, s source.Split) error { r.split = s; return nil }
func (r *oneRecord) Close() error                                 { return nil }

func (r *oneRecord) Fetch(ctx context.Context, out *column.Batch) (source.Split, error) {
	at := int64(100)
	if r.split.ID != "a" {
		at = 5
	}
	wait := r.released
	if r.read {
		wait = nil
	} else if r.split.ID == "a" {
		wait = closed
	}
	select {
	case <-wait:
	case <-ctx.Done():
		return source.Split{}, context.Cause(ctx)
	}
	r.read = true
	column.SetRows(out, append(column.Rows[int64](out), at))
	return r.split, nil
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// TestSplitsBeginTogether: old records of a split that has not been read yet are not late.
func TestSplitsBeginTogether(t *testing.T) {
	for _, x := range []struct{ bounded, restarted bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		released := make(chan struct{})
		sources := []source.Source{parted{bounded: x.bounded, bound: true, splits: 3, reader: func() source.Reader { return &oneRecord{released: released} }}}
		c, states := &SplitCoordinator{Sources: sources}, States{}
		if x.restarted {
			states = oneHasBegun(t, c)
		}
		require.NoError(t, c.Start(t.Context(), 1))
		trace, wakes := new(markTrace), make(chan struct{}, 100)
		clk := clock.NewVirtual(time.UnixMilli(0))
		ctx := &Context{Context: t.Context(), Parallelism: 1, Clock: clk, Logger: slog.Default(), Metrics: new(Metrics), AutoWatermarkInterval: 200,
			WakeAt: func(int64) {}, Wake: func() { wakes <- struct{}{} }, Outputs: []*Output{trace.output()}, States: states,
			Ask: func(ctx context.Context, request []byte) ([]byte, error) { return c.Handle(ctx, 0, request) }}
		op := &Source[int64]{Sources: sources, Watermarks: &WatermarkStrategy[int64]{Timestamp: func(v, _ int64) int64 { return v }}}
		require.NoError(t, op.Open(ctx))
		read := func(batches int) {
			for n := 0; n < batches; {
				a, err := op.Poll()
				require.NoError(t, err)
				if n = strings.Count(trace.String(), "rows"); a == Waiting && n < batches {
					<-wakes
				}
			}
			clk.Advance(200 * time.Millisecond)
			_, err := op.Tick(ctx.Now())
			require.NoError(t, err)
		}
		read(1)
		require.Equal(t, "rows 100@100\n", trace.String())
		close(released)
		read(3)
		require.Equal(t, "rows 100@100\nrows 5@5\nrows 5@5\nwatermark 4\n", trace.String())
		require.NoError(t, op.Close())
		require.NoError(t, c.Close())
	}
}

// oneHasBegun restores a coordinator from a checkpoint before which the first of three splits has begun, and returns the state of the
// sub-task.
func oneHasBegun(t *testing.T, c *SplitCoordinator) States {
	before := &SplitCoordinator{Sources: c.Sources}
	require.NoError(t, before.Start(t.Context(), 1))
	defer before.Close()
	answer, err := before.Handle(t.Context(), 0, splitRequest(0))
	require.NoError(t, err)
	splits, err := decodeSplits(answer)
	require.NoError(t, err)
	require.NoError(t, before.barrier(0, []byte{1, 1}))
	state, err := before.Snapshot(t.Context(), 1, []int{0})
	require.NoError(t, err)
	require.NoError(t, c.Restore(state))
	return States{On: true, Restored: map[string]RestoredList{splitsState: {Elements: [][]byte{append([]byte{0}, encodeSplit(splits[0])...)}}}}
}
