package hdfs_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
)

// DataNodes of the pipeline die while a file is written: the others go on, and another takes the place of one if there are too
// few.
func TestDataNodeKilledDuringWrite(t *testing.T) {
	c := ownCluster(t)
	if c.datanodes() < 4 {
		t.Skip("needs up.sh --datanodes 4")
	}
	const part = 4 << 20
	fs, dir, _ := workDir(t)
	w, err := filesystem.CreateAtomic(t.Context(), fs, dir+"/f")
	require.NoError(t, err)
	data := content(1, 4*part)
	for _, lost := range []string{"dn1", "dn2", ""} { // at least one of them is in the pipeline
		_, err = io.CopyN(w, data, part)
		require.NoError(t, err)
		if lost != "" {
			c.kill(lost)
		}
	}
	_, err = io.Copy(w, data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	f, err := fs.Open(t.Context(), dir+"/f")
	require.NoError(t, err)
	checkRest(t, f, 1, 0, 4*part)
	require.NoError(t, f.Close())
}

// A DataNode dies while a file is read: another replica serves the rest.
func TestDataNodeKilledDuringRead(t *testing.T) {
	c := ownCluster(t)
	if c.datanodes() < 3 {
		t.Skip("needs up.sh --datanodes 3")
	}
	const size, first = 32 << 20, 1 << 20
	fs, dir, _ := workDir(t)
	writeFile(t, fs, dir+"/f", 3, size)
	f, err := fs.Open(t.Context(), dir+"/f")
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, f, first)
	require.NoError(t, err)
	c.kill("dn1")
	c.kill("dn2")
	checkRest(t, f, 3, first, size)
	require.NoError(t, f.Close())
}

// The NameNode restarts: open readers go on, those that have not asked it yet too, and the connection comes back.
func TestNameNodeRestartDuringRead(t *testing.T) {
	c := ownCluster(t)
	c.requireOneNameNode()
	const size, first = 32 << 20, 1 << 20
	fs, dir, _ := workDir(t)
	writeFile(t, fs, dir+"/f", 2, size)
	begun, err := fs.Open(t.Context(), dir+"/f")
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, begun, first)
	require.NoError(t, err)
	fresh, err := fs.Open(t.Context(), dir+"/f")
	require.NoError(t, err)

	c.kill("nn")
	checkRest(t, begun, 2, first, size)
	require.NoError(t, begun.Close())
	c.up()
	checkRest(t, fresh, 2, 0, size)
	require.NoError(t, fresh.Close())
	info, err := fs.Stat(t.Context(), dir+"/f")
	require.NoError(t, err)
	require.EqualValues(t, size, info.Size)
}

// The NameNode is away for longer than calls are retried.
func TestNameNodeAway(t *testing.T) {
	c := ownCluster(t)
	c.requireOneNameNode()
	fs, dir, _ := workDir(t)
	c.kill("nn")
	_, err := fs.Stat(t.Context(), dir)
	require.ErrorIs(t, err, filesystem.ErrBusy)
	require.ErrorContains(t, err, "check that the NameNode")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = fs.Stat(ctx, dir)
	require.ErrorIs(t, err, context.Canceled)
}
