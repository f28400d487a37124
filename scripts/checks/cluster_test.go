package checks

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// installed is a folder as the release has it, with a cluster on free ports.
type installed struct {
	t      *testing.T
	folder string
}

func install(t *testing.T) installed {
	t.Helper()
	x := installed{t, t.TempDir()}
	require.NoError(t, os.Mkdir(filepath.Join(x.folder, "bin"), 0o700))
	run(t, "go", "build", "-o", filepath.Join(x.folder, "bin", "leat"), "./cmd/leat")
	scripts, err := filepath.Glob(filepath.Join(root(t), "scripts", "*.sh"))
	require.NoError(t, err)
	for _, s := range scripts {
		content, err := os.ReadFile(s)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(x.folder, "bin", filepath.Base(s)), content, 0o700))
	}
	web, control := freePort(t), freePort(t)
	x.write("conf/config.yaml", fmt.Sprintf("rest.port: %d\nrest.bind-port: %d\njobmanager.rpc.port: %d\n", web, web, control))
	x.write("conf/masters", fmt.Sprintf("localhost:%d\n", web))
	x.write("conf/workers", "# two on this machine\nlocalhost\nlocalhost\n")
	return x
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (x installed) write(name, content string) {
	path := filepath.Join(x.folder, name)
	require.NoError(x.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(x.t, os.WriteFile(path, []byte(content), 0o600))
}

func (x installed) run(name string, args ...string) (string, error) {
	c := exec.Command(filepath.Join(x.folder, "bin", name), args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "LEAT_") {
			c.Env = append(c.Env, v)
		}
	}
	if name != "leat" {
		c.Env = append(c.Env, "LEAT_PID_DIR="+filepath.Join(x.folder, "pid"))
	}
	out, err := c.CombinedOutput()
	return string(out), err
}

// A cluster starts as in Flink, answers, refuses to start twice, stops, and has a secret that nobody else can read.
func TestClusterScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the binary")
	}
	x := install(t)
	out, err := x.run("start-cluster.sh")
	t.Cleanup(func() {
		_, _ = x.run("taskmanager.sh", "stop-all")
		_, _ = x.run("jobmanager.sh", "stop-all")
	})
	require.NoError(t, err, out)
	require.Equal(t, 2, strings.Count(out, "Starting taskmanager daemon on host"), out)
	info, err := os.Stat(filepath.Join(x.folder, "conf", "secret"))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	secret, err := os.ReadFile(filepath.Join(x.folder, "conf", "secret"))
	require.NoError(t, err)
	require.Len(t, strings.TrimSpace(string(secret)), 64)

	out, err = x.run("leat", "list")
	require.NoError(t, err, out)
	require.Contains(t, out, "No running jobs.")
	out, err = x.run("jobmanager.sh", "start")
	require.Error(t, err)
	require.Contains(t, out, "end what uses the port, or set jobmanager.rpc.port to another")

	out, err = x.run("stop-cluster.sh")
	require.NoError(t, err, out)
	require.Equal(t, 3, strings.Count(out, "Stopping "), out)
	out, err = x.run("stop-cluster.sh")
	require.NoError(t, err, out)
	require.Contains(t, out, "No jobmanager daemon to stop on host")
	_, err = x.run("leat", "list")
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 3, exit.ExitCode())
	logs, err := filepath.Glob(filepath.Join(x.folder, "log", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, logs)
	for _, name := range logs {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NotContains(t, string(content), strings.TrimSpace(string(secret)))
	}
}

func TestSeveralMastersWantReplication(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the binary")
	}
	x := install(t)
	x.write("conf/masters", "a:8081\nb:8081\n")
	out, err := x.run("start-cluster.sh")
	require.Error(t, err)
	require.Contains(t, out, "cluster.control-addresses")
	_, err = os.Stat(filepath.Join(x.folder, "conf", "secret"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}
