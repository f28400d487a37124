package hdfs_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/ipc"
)

// requireHA returns a cluster with two NameNodes.
func requireHA(t *testing.T) cluster {
	t.Helper()
	c := ownCluster(t)
	if _, err := os.Stat(filepath.Join(c.dir, "run", "nn2.pid")); err != nil {
		t.Skip("there is one NameNode; run scripts/hadoop/up.sh --ha yes")
	}
	return c
}

// administrator speaks Hadoop's protocol for fail-over with one NameNode.
func administrator(t *testing.T, id string) *ipc.Client {
	t.Helper()
	nn, err := connect(t, nil, false)
	require.NoError(t, err)
	site, err := conf.Load("", nil)
	require.NoError(t, err)
	admin, err := ipc.New(ipc.Options{
		Service: "NameNode", Protocol: "org.apache.hadoop.ha.HAServiceProtocol", Addresses: []string{site["dfs.namenode.rpc-address.leat."+id]},
		Login: nn.Login(),
	})
	require.NoError(t, err)
	t.Cleanup(admin.Close)
	return admin
}

// isActive reads the first field of GetServiceStatusResponseProto.
func isActive(ctx context.Context, admin *ipc.Client) bool {
	answer, err := admin.CallEncoded(ctx, "getServiceStatus", nil)
	return err == nil && len(answer) >= 2 && answer[0] == 0x08 && answer[1] == 1
}

func makeActive(t *testing.T, id string) {
	t.Helper()
	toActive := []byte{0x0a, 0x02, 0x08, 0x01} // reqInfo { reqSource: REQUEST_BY_USER_FORCED }
	_, err := administrator(t, id).CallEncoded(t.Context(), "transitionToActive", toActive)
	require.NoError(t, err)
}

// The active NameNode dies and the other takes its place: clients that read, write and rename go on.
func TestNameNodeFailover(t *testing.T) {
	c := requireHA(t)
	active, standby := "nn1", "nn2"
	if !isActive(t.Context(), administrator(t, active)) {
		active, standby = standby, active
	}
	fs, dir, _ := workDir(t)
	writeFile(t, fs, dir+"/before", 1, 1<<20)
	f, err := fs.Open(t.Context(), dir+"/before")
	require.NoError(t, err)

	c.kill(active)
	failed := make(chan error, 1)
	ctx := t.Context()
	go func() { failed <- fs.MkdirAll(ctx, dir+"/during") }()
	makeActive(t, standby)
	require.NoError(t, <-failed)
	checkRest(t, f, 1, 0, 1<<20)
	require.NoError(t, f.Close())
	writeFile(t, fs, dir+"/after", 2, 1<<20)
	require.NoError(t, fs.Rename(t.Context(), dir+"/after", dir+"/renamed"))
	require.ErrorIs(t, fs.Rename(t.Context(), dir+"/before", dir+"/renamed"), filesystem.ErrExist)

	c.up() // the other is back, as a standby
	require.False(t, isActive(t.Context(), administrator(t, active)))
	_, err = fs.Stat(t.Context(), dir+"/renamed")
	require.NoError(t, err)
}

// A call to a standby NameNode alone is an exception that says so.
func TestStandbyAlone(t *testing.T) {
	requireHA(t)
	for _, id := range []string{"nn1", "nn2"} {
		if isActive(t.Context(), administrator(t, id)) {
			continue
		}
		site, err := conf.Load("", nil)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		nn, err := connect(t, map[string]string{"fs.defaultFS": "hdfs://" + site["dfs.namenode.rpc-address.leat."+id]}, false)
		require.NoError(t, err)
		_, err = nn.Stat(ctx, "/")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, ipc.StandbyException)
	}
}
