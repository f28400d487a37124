package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/stretchr/testify/require"
)

// cluster runs a JobManager and a TaskManager in this process.
type cluster struct {
	address string // of REST
	secret  string // its file
	log     *sink
	end     func()
}

var addresses = regexp.MustCompile(`rest=http://(\S+) control=(\S+)`)

func startCluster(t *testing.T, settings map[string]string) *cluster {
	t.Helper()
	c := &cluster{secret: filepath.Join(t.TempDir(), "secret"), log: &sink{}}
	_, err := secret.Create(c.secret)
	require.NoError(t, err)
	conf := config.New()
	all := map[string]string{"rest.port": "0", "jobmanager.rpc.port": "0", "rest.bind-port": "0", "cluster.secret-file": c.secret,
		"taskmanager.numberOfTaskSlots": "3", "cluster.work-dir": t.TempDir()}
	for key, value := range settings {
		all[key] = value
	}
	for key, value := range all {
		require.NoError(t, conf.Set(key, value))
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- (&head{conf: conf}).run(ctx, "", streams{err: c.log}) }()
	var found []string
	require.Eventually(t, func() bool {
		c.log.mu.Lock()
		defer c.log.mu.Unlock()
		found = addresses.FindStringSubmatch(c.log.text.String())
		return found != nil
	}, 20*time.Second, 5*time.Millisecond)
	c.address = found[1]
	worker := conf.Clone()
	require.NoError(t, worker.Set("cluster.control-addresses", found[2]))
	go func() { ended <- runTaskManager(ctx, worker, c.log) }()
	c.end = func() {
		stop()
		for range 2 {
			require.NoError(t, <-ended)
		}
	}
	return c
}

// leat runs a verb on the cluster.
func (c *cluster) leat(t *testing.T, verb string, args ...string) result {
	t.Helper()
	return leat(t, append([]string{verb, "-m", c.address, "-Dcluster.secret-file=" + c.secret}, args...)...)
}

func TestClusterAnswers(t *testing.T) {
	c := startCluster(t, nil)
	defer c.end()
	require.Eventually(t, func() bool {
		c.log.mu.Lock()
		defer c.log.mu.Unlock()
		return strings.Contains(c.log.text.String(), "TaskManager registered")
	}, 20*time.Second, 5*time.Millisecond)

	require.Equal(t, result{0, "Waiting for response...\nNo running jobs.\nNo scheduled jobs.\n", ""}, c.leat(t, "list"))
	require.Equal(t, result{0, "Waiting for response...\nNo running jobs.\nNo scheduled jobs.\nNo terminated jobs.\n", ""}, c.leat(t, "list", "-a"))
	require.Equal(t, result{0, "[]\n", ""}, c.leat(t, "list", "--json"))

	missing := "ffffffffffffffffffffffffffffffff"
	got := c.leat(t, "cancel", missing)
	require.Equal(t, 2, got.code)
	require.Equal(t, "Cancelling job "+missing+".\n", got.out)
	require.Contains(t, got.err, "does not exist")
	require.Equal(t, 2, c.leat(t, "logs", missing).code)

	without := leat(t, "list", "-m", c.address)
	require.Equal(t, 4, without.code)
	require.Contains(t, without.err, "cluster.secret-file")
	jar := filepath.Join(t.TempDir(), "x")
	require.NoError(t, os.WriteFile(jar, []byte("#!/bin/sh\n"), 0o700))
	script := c.leat(t, "run", "-d", jar)
	require.Equal(t, 2, script.code)
	require.Contains(t, script.err, "script")

	text, err := os.ReadFile(c.secret)
	require.NoError(t, err)
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	require.NotContains(t, c.log.text.String(), strings.TrimSpace(string(text)))
}

func TestClusterVerbsRefuse(t *testing.T) {
	require.Equal(t, 3, leat(t, "list", "-m", "127.0.0.1:1").code)
	for _, tc := range []struct {
		args    []string
		message string
	}{
		{[]string{"list", "-m", "http://x"}, "expected HOST:PORT"},
		{[]string{"cancel"}, "cancel: which job?"},
		{[]string{"cancel", "-s", "/x", "y", "z"}, "cancel -s takes one job"},
		{[]string{"savepoint"}, "expected JOB [FOLDER]"},
		{[]string{"stop"}, "stop: which job?"},
		{[]string{"logs"}, "logs: which job?"},
		{[]string{"list", "-Dcluster.secret-file=/no/such"}, "reading the cluster's secret"},
		{[]string{"jobmanager", "-Drest.bind-address=0.0.0.0"}, "cluster.secret-file"},
		{[]string{"jobmanager", "-Djobmanager.bind-host=0.0.0.0"}, "cluster.secret-file"},
		{[]string{"taskmanager", "-Dtaskmanager.bind-host=0.0.0.0"}, "cluster.secret-file"},
		{[]string{"jobmanager", "-Djobmanager.rpc.port=0", "-Drest.bind-port=x"}, "no port or range of ports"},
	} {
		got := leat(t, tc.args...)
		require.Equal(t, 2, got.code, "%q: %s", tc.args, got.err)
		require.Contains(t, got.err, tc.message)
	}
}

func TestPortInUse(t *testing.T) {
	c := startCluster(t, nil)
	defer c.end()
	_, port, _ := strings.Cut(c.address, ":")
	got := leat(t, "jobmanager", "-Djobmanager.rpc.port=0", "-Drest.bind-port="+port)
	require.Equal(t, 2, got.code)
	require.Contains(t, got.err, "end what uses the port, or set rest.bind-port to another")
}

func TestListLines(t *testing.T) {
	var out strings.Builder
	section(&out, "------------------ Running/Restarting Jobs -------------------", "No running jobs.", "running", nil)
	require.Equal(t, "No running jobs.\n", out.String())
	for state, kind := range map[string]string{"CREATED": "scheduled", "RUNNING": "running", "RESTARTING": "running", "FAILED": "ended"} {
		require.Equal(t, kind, kindOf(state))
	}
}

func TestReplicatedJobManagers(t *testing.T) {
	t.Run("with the secret", func(t *testing.T) { replicate(t, nil) })
	t.Run("with TLS", func(t *testing.T) { replicate(t, tlsSettings(t, "internal")) })
}

// replicate has three JobManagers agree, loses their leader, and asks another.
func replicate(t *testing.T, settings map[string]string) {
	file := filepath.Join(t.TempDir(), "secret")
	_, err := secret.Create(file)
	require.NoError(t, err)
	var members []string
	var free []net.Listener
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		free, members = append(free, l), append(members, fmt.Sprint("localhost:", l.Addr().(*net.TCPAddr).Port))
	}
	for _, l := range free {
		require.NoError(t, l.Close())
	}
	type member struct {
		log   *sink
		stop  func()
		ended chan error
	}
	all := map[string]*member{}
	shared := t.TempDir()
	for _, control := range members {
		_, port, _ := strings.Cut(control, ":")
		conf := config.New()
		for key, value := range map[string]string{"rest.bind-port": "0", "jobmanager.rpc.port": port, "cluster.secret-file": file,
			"cluster.control-addresses": strings.Join(members, ","), "high-availability.type": "raft", "cluster.state-dir": t.TempDir(),
			"high-availability.storageDir": shared} {
			require.NoError(t, conf.Set(key, value))
		}
		for key, value := range settings {
			require.NoError(t, conf.Set(key, value))
		}
		ctx, stop := context.WithCancel(context.Background())
		m := &member{&sink{}, stop, make(chan error, 1)}
		all[control] = m
		go func() { m.ended <- (&head{conf: conf}).run(ctx, "", streams{err: m.log}) }()
	}
	defer func() {
		for _, m := range all {
			m.stop()
			require.NoError(t, <-m.ended)
		}
	}()
	text := func(m *member) string {
		m.log.mu.Lock()
		defer m.log.mu.Unlock()
		return m.log.text.String()
	}
	leader := func() (control string) {
		require.Eventually(t, func() bool {
			for c, m := range all {
				if strings.Contains(text(m), "msg=leading") && addresses.MatchString(text(m)) {
					control = c
				}
			}
			return control != ""
		}, 2*time.Minute, 10*time.Millisecond)
		return control
	}
	list := func(not string) bool {
		for c, m := range all {
			if found := addresses.FindStringSubmatch(text(m)); c != not && found != nil {
				return leat(t, "list", "-m", found[1], "-Dcluster.secret-file="+file).code == 0
			}
		}
		return false
	}
	first := leader()
	require.Eventually(t, func() bool { return list(first) }, 2*time.Minute, 20*time.Millisecond, "a follower leads to the leader")
	all[first].stop()
	require.NoError(t, <-all[first].ended)
	delete(all, first)
	second := leader()
	require.NotEqual(t, first, second)
	require.Eventually(t, func() bool { return list(second) }, 2*time.Minute, 20*time.Millisecond)
}
