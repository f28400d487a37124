package hdfs_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/storage/filesystem"
	_ "github.com/leatproject/leat/storage/filesystem/hdfs"
)

func requireHDFS(t *testing.T) (root string) {
	t.Helper()
	root = os.Getenv("LEAT_TEST_HDFS")
	if root == "" {
		t.Skip("LEAT_TEST_HDFS is not set; run scripts/hadoop/up.sh")
	}
	return root
}

// workDir returns the file system under test, an empty directory in it and the URL of that directory. The directory is
// removed after the test.
func workDir(t *testing.T) (fs filesystem.FileSystem, dir, url string) {
	t.Helper()
	root := requireHDFS(t)
	var unique [8]byte
	rand.Read(unique[:]) // never fails
	url = strings.TrimSuffix(root, "/") + "/tmp/leat-test/" + hex.EncodeToString(unique[:])
	fs, dir, err := filesystem.For(t.Context(), url)
	require.NoError(t, err)
	require.NoError(t, fs.MkdirAll(t.Context(), dir))
	t.Cleanup(func() { removeAll(t, fs, dir) })
	return fs, dir, url
}

func removeAll(t *testing.T, fs filesystem.FileSystem, p string) {
	ctx := context.WithoutCancel(t.Context()) // which has ended in Cleanup
	info, err := fs.Stat(ctx, p)
	if err != nil {
		return
	}
	if info.IsDir {
		entries, err := fs.List(ctx, p)
		require.NoError(t, err)
		for _, e := range entries {
			removeAll(t, fs, e.Path)
		}
	}
	require.NoError(t, fs.Remove(ctx, p))
}

// cluster is the one that scripts/hadoop/up.sh has started.
type cluster struct {
	t   *testing.T
	dir string
}

func ownCluster(t *testing.T) cluster {
	t.Helper()
	requireHDFS(t)
	dir := os.Getenv("LEAT_HADOOP_DIR")
	if dir == "" {
		t.Skip("LEAT_HADOOP_DIR is not set; run scripts/hadoop/up.sh")
	}
	return cluster{t, dir}
}

func (c cluster) datanodes() int { return len(c.daemons().Names("dn")) }

// requireOneNameNode skips tests that are for a cluster without fail-over.
func (c cluster) requireOneNameNode() {
	c.t.Helper()
	if _, err := os.Stat(filepath.Join(c.dir, "run", "nn.pid")); err != nil {
		c.t.Skip("there are two NameNodes; run scripts/hadoop/up.sh without --ha")
	}
}

// kill ends a daemon at once and makes sure that it runs again after the test.
func (c cluster) kill(daemon string) {
	c.t.Helper()
	c.t.Cleanup(c.up)
	require.NoError(c.t, c.daemons().Kill(daemon))
}

// pauseDataNodes makes them do nothing until the test is over.
func (c cluster) pauseDataNodes() {
	c.t.Helper()
	c.t.Cleanup(c.up)
	for _, daemon := range c.daemons().Names("dn") {
		c.t.Cleanup(func() { require.NoError(c.t, c.daemons().Signal(daemon, syscall.SIGCONT)) })
		require.NoError(c.t, c.daemons().Signal(daemon, syscall.SIGSTOP))
	}
}

func (c cluster) daemons() processes.Daemons {
	return processes.Daemons{Script: "../../scripts/hadoop/up.sh", Dir: c.dir}
}

// up starts what is not running and waits until the cluster is healthy.
func (c cluster) up() {
	c.t.Helper()
	require.NoError(c.t, c.daemons().Up())
}

// webhdfs does an administrator's operation for which the library has no call.
func (c cluster) webhdfs(path, operation string) {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, "conf", "hdfs-site.xml"))
	require.NoError(c.t, err)
	var site struct {
		Property []struct {
			Name  string `xml:"name"`
			Value string `xml:"value"`
		} `xml:"property"`
	}
	require.NoError(c.t, xml.Unmarshal(text, &site))
	address := ""
	for _, p := range site.Property {
		if p.Name == "dfs.namenode.http-address" {
			address = p.Value
		}
	}
	me, err := user.Current()
	require.NoError(c.t, err)
	url := "http://" + address + "/webhdfs/v1" + path + "?user.name=" + me.Username + "&op=" + operation
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPut, url, nil)
	require.NoError(c.t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(c.t, err)
	defer resp.Body.Close() // read only
	body, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, resp.StatusCode, string(body))
}
