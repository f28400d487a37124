package operator

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	connector "github.com/leatproject/leat/storage/connector/slice"
	"github.com/leatproject/leat/storage/source"
)

func TestResetSubtasksReadTheirSplitsAgain(t *testing.T) {
	c := &SplitCoordinator{Sources: []source.Source{connector.FromSequence(1, 10)}}
	require.NoError(t, c.Start(t.Context(), 2))
	read := func() (splits []string) {
		for subtask := range 2 {
			for {
				reply, err := c.Handle(context.Background(), subtask, splitRequest(0))
				require.NoError(t, err)
				if reply == nil {
					break
				}
				split, err := decodeSplit(reply)
				require.NoError(t, err)
				splits = append(splits, split.ID)
			}
		}
		return splits
	}
	first := read()
	require.Len(t, first, 2)
	require.Empty(t, read())
	c.Reset(0)
	c.Reset(1)
	require.ElementsMatch(t, first, read())
	require.NoError(t, c.Close())
}

func TestSplitsOfFinishedSubtasksStayTheirs(t *testing.T) {
	sources := []source.Source{connector.FromSequence(1, 10), connector.FromSequence(11, 20)}
	first, second := &SplitCoordinator{Sources: sources}, &SplitCoordinator{Sources: sources}
	require.NoError(t, first.Start(t.Context(), 2))
	defer first.Close()
	take := func(c *SplitCoordinator, subtask, number int) (ids []uint64) {
		for {
			request := splitRequest(number)
			answer, err := c.Handle(t.Context(), subtask, request)
			require.NoError(t, err)
			id, ok := c.Taken(request, answer)
			if !ok {
				return ids
			}
			ids = append(ids, id)
			if len(ids) == 1 && number == 0 {
				return ids
			}
		}
	}
	// Sub-task 0 reads one split and then nothing; sub-task 1 is to read the rest.
	mine := take(first, 0, 0)
	require.Len(t, mine, 1)
	second.Resume(0, mine)
	require.NoError(t, second.Start(t.Context(), 2))
	defer second.Close()
	var theirs []uint64
	for {
		next := take(second, 1, 0)
		if next == nil {
			break
		}
		theirs = append(theirs, next...)
	}
	require.NotContains(t, theirs, mine[0])
	require.NotEmpty(t, theirs)
	require.NotEmpty(t, take(second, 1, 1), "the other sub-task does not come any more")
	second.Reset(0)
	require.Equal(t, mine, take(second, 0, 0))
}
