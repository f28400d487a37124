package checks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeSSH writes each call as a line into calls, and what it is given to read into a file of the host's name.
const fakeSSH = `#!/usr/bin/env bash
here=$(dirname "${BASH_SOURCE[0]}")
echo "$*" >>"$here/calls"
while [ "$1" != -- ]; do [ "$1" != -n ] || silent=1; shift; done
[ -n "${silent:-}" ] || cat >"$here/$2.read"
`

// On other hosts the scripts do by ssh what they do here, each host gets the secret once, and nobody sees it in an argument.
func TestClusterScriptsOnOtherHosts(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the binary")
	}
	x := install(t)
	x.write("conf/masters", "head:8091\n")
	x.write("conf/workers", "worker1\nworker2\nworker1\n")
	x.write("ssh/ssh", fakeSSH)
	require.NoError(t, os.Chmod(filepath.Join(x.folder, "ssh", "ssh"), 0o700))
	t.Setenv("PATH", filepath.Join(x.folder, "ssh")+":"+os.Getenv("PATH"))
	t.Setenv("SSH_OPTS", "-p 2222")
	calls := func() []string {
		b, err := os.ReadFile(filepath.Join(x.folder, "ssh", "calls"))
		require.NoError(t, err)
		require.NoError(t, os.Remove(filepath.Join(x.folder, "ssh", "calls")))
		return strings.Split(strings.TrimSpace(string(b)), "\n")
	}

	out, err := x.run("start-cluster.sh")
	require.NoError(t, err, out)
	secret, err := os.ReadFile(filepath.Join(x.folder, "conf", "secret"))
	require.NoError(t, err)
	got := calls()
	require.Len(t, got, 7, "%q", got)
	for i, host := range []string{"head", "worker1", "worker2"} {
		require.Contains(t, got[i], "-p 2222 -- "+host+" umask 077 && cat >")
		read, err := os.ReadFile(filepath.Join(x.folder, "ssh", host+".read"))
		require.NoError(t, err)
		require.Equal(t, secret, read)
	}
	for i, want := range []string{"jobmanager.sh start head 8091", "taskmanager.sh start", "taskmanager.sh start", "taskmanager.sh start"} {
		require.Contains(t, got[3+i], want)
		require.Contains(t, got[3+i], "-n -p 2222 -- ")
	}
	for _, call := range got {
		require.NotContains(t, call, strings.TrimSpace(string(secret)))
	}

	out, err = x.run("stop-cluster.sh")
	require.NoError(t, err, out)
	got = calls()
	require.Len(t, got, 4, "%q", got)
	for i, want := range []string{"worker1", "worker2", "worker1", "head"} {
		require.Contains(t, got[i], "-- "+want+" ")
		require.Contains(t, got[i], "manager.sh stop")
	}
}
