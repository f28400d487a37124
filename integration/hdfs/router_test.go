package hdfs_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/storage/checkpoint/checkpointtest"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/filesystem/fstest"
)

// federated has the tests of this package use a Router, and below its mount point.
func federated(t *testing.T) {
	t.Helper()
	router := os.Getenv("LEAT_TEST_ROUTER")
	if router == "" {
		t.Skip("LEAT_TEST_ROUTER is not set; run scripts/hadoop/up.sh --router yes")
	}
	t.Setenv("LEAT_TEST_HDFS", router+"/mounted")
}

func TestRouterConformance(t *testing.T) {
	federated(t)
	fstest.Run(t, func(t *testing.T) (filesystem.FileSystem, string) {
		fs, dir, _ := workDir(t)
		return fs, dir
	})
}

func TestRouterCheckpointStore(t *testing.T) {
	federated(t)
	checkpointtest.Run(t, func(t *testing.T) checkpointtest.Place {
		fs, dir, _ := workDir(t)
		return checkpointtest.Place{FS: fs, Dir: dir}
	}, 10)
}

// What is below the mount point is elsewhere to the NameNode, and may be moved from one to the other.
func TestRouterMountPoint(t *testing.T) {
	direct := requireHDFS(t)
	federated(t)
	through, dir, url := workDir(t)
	writeFile(t, through, dir+"/a", 1, 5<<20)
	nameNode, _, err := filesystem.For(t.Context(), direct+"/")
	require.NoError(t, err)
	within := "/data" + dir[len("/mounted"):]
	info, err := nameNode.Stat(t.Context(), within+"/a")
	require.NoError(t, err, url)
	require.EqualValues(t, 5<<20, info.Size)

	require.NoError(t, through.Rename(t.Context(), dir+"/a", within+"/b"))
	f, err := through.Open(t.Context(), dir+"/b")
	require.NoError(t, err)
	checkRest(t, f, 1, 0, 5<<20)
	require.NoError(t, f.Close())
}

// A file is written on, and completed, after the Router has died and come back.
func TestRouterRestart(t *testing.T) {
	c := ownCluster(t)
	federated(t)
	s := newStateFile(t)
	require.NoError(t, s.append(10))
	require.NoError(t, c.daemons().Kill("router"))
	up := make(chan error, 1)
	go func(all processes.Daemons) { up <- all.Up() }(c.daemons())
	require.NoError(t, s.append(10))
	require.NoError(t, s.commit(t.Context()))
	require.NoError(t, <-up)
	s.check(t)
}
