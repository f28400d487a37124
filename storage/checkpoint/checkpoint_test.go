package checkpoint_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/checkpoint/checkpointtest"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/faultfs"
	"github.com/leatproject/leat/storage/filesystem/memfs"
)

func TestInMemory(t *testing.T) {
	checkpointtest.Run(t, func(*testing.T) checkpointtest.Place { return checkpointtest.Place{FS: memfs.New(time.Now), Dir: "/c"} }, 1)
}

func TestLocally(t *testing.T) {
	checkpointtest.Run(t, func(t *testing.T) checkpointtest.Place {
		return checkpointtest.Place{FS: filesystem.Local(), Dir: t.TempDir()}
	}, 5)
}

// TestFullDisk: a file that could not be written is of no use, and says so each time.
func TestFullDisk(t *testing.T) {
	fs := faultfs.New(memfs.New(time.Now))
	w, err := checkpoint.Create(context.Background(), fs, "/job/shared/1-a", checkpoint.None)
	require.NoError(t, err)
	fs.LimitSpace(100)
	_, err = w.Append(make([]byte, 1000))
	require.ErrorIs(t, err, filesystem.ErrNoSpace)
	fs.LimitSpace(1 << 20)
	_, again := w.Append([]byte{1})
	require.Equal(t, err, again)
	require.Equal(t, err, w.Close())
	require.NoError(t, w.Abort())
	_, err = fs.Stat(t.Context(), "/job/shared/1-a")
	require.ErrorIs(t, err, filesystem.ErrNotExist)
}
