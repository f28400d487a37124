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
