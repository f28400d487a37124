package collect

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

func TestRowsAreHandedOver(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ch := make(chan []string, 1)
	w, err := To(ch).NewWriter(ctx, sink.Env{})
	require.NoError(t, err)
	rows := []string{"a", "b"}
	require.NoError(t, w.Write(ctx, column.BatchOf([]string(nil))))
	require.NoError(t, w.Write(ctx, column.BatchOf(rows)))
	rows[0] = "changed later"
	require.Equal(t, []string{"a", "b"}, <-ch)
	ch <- nil
	cancel()
	require.ErrorIs(t, w.Write(ctx, column.BatchOf(rows)), context.Canceled)
	_, err = w.Flush(ctx, true)
	require.NoError(t, err)
	require.NoError(t, w.Close())
}
