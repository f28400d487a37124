package discard

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

func TestAnythingIsDropped(t *testing.T) {
	ctx := context.Background()
	w, err := NewSink().NewWriter(ctx, sink.Env{})
	require.NoError(t, err)
	require.NoError(t, w.Write(ctx, column.BatchOf([]int{1})))
	cs, err := w.Flush(ctx, true)
	require.NoError(t, err)
	require.Empty(t, cs)
	require.NoError(t, w.Close())
}
