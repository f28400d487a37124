package operator

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/shuffle"
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
	split, err := decodeSplit(reply)
	require.NoError(t, err)
	require.Equal(t, "0-4", split.ID)
	reply, err = c.Handle(context.Background(), 0, splitRequest(0))
	require.NoError(t, err)
	require.Empty(t, reply)
	require.NoError(t, c.Close())
	_, err = decodeSplit([]byte{200})
	require.ErrorContains(t, err, "cannot be read")
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
