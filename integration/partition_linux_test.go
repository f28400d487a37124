package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/secret"
)

// TestPartition cuts the network between the leader and everybody else: each JobManager has a network namespace of its own.
func TestPartition(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	n := newNetwork(t)
	r := &replicas{t: t, whole: t, dir: t.TempDir()}
	file := filepath.Join(r.dir, "secret")
	s, err := secret.Create(file)
	require.NoError(t, err)
	r.secret = s
	r.base = []string{"-D", "cluster.secret-file=" + file, "-D", "rest.bind-address=0.0.0.0", "-D", "jobmanager.bind-host=0.0.0.0",
		"-D", "taskmanager.bind-host=0.0.0.0", "-D", "taskmanager.host=" + n.host(1), "-D", "heartbeat.timeout=2 s"}
	for i := range 3 {
		m := r.addMember(n.host(10 + i))
		m.within = []string{"ip", "netns", "exec", n.space(t, i, m.host)}
	}
	r.configure()
	beats := metronome(t)
	r.startAll(2)
	ticks := trace(filepath.Join(r.dir, "ticks"))
	job := r.runDetached("-p", "2", command(t, "ticks"), string(ticks))
	r.awaitJob(job, "RUNNING")
	ticks.await(t, time.Second)
	began := ticks.times(t)[0]

	old := r.leader()
	fault := time.Now()
	n.cut(t, old.host, true)
	require.Eventually(t, func() bool {
		o, err := r.client.Overview(t.Context())
		return err == nil && o.Leader != old.control() && o.SlotsTotal == 4
	}, patience, 50*time.Millisecond, "the majority goes on")
	t.Logf("the majority has a leader after %v", time.Since(fault))
	old.says(t, "leadership lost")
	require.Eventually(t, func() bool {
		return strings.Count(r.workers[0].text()+r.workers[1].text(), "a leader has taken this TaskManager in") >= 4
	}, patience, 50*time.Millisecond, "TaskManagers find the new leader")
	ticks.await(t, 500*time.Millisecond)
	now := time.Now()
	all := ticks.times(t)
	before, after, machine := gap(all, began, fault), gap(all, fault, now.Add(-100*time.Millisecond)), gap(beats(), fault, now)
	t.Logf("longest gap between records: %v before, %v after, %v of the machine", before, after, machine)
	require.LessOrEqual(t, after, 200*time.Millisecond+max(before, machine))

	n.cut(t, old.host, false)
	require.Eventually(t, func() bool {
		out, err := r.leat([]*member{old}, "list")
		return err == nil && strings.Contains(out, job)
	}, patience, 100*time.Millisecond, "it leads to the new leader")
	d := r.awaitJob(job, "RUNNING")
	require.Zero(t, d.Vertices[0].Tasks["FAILED"])
}

// network is a bridge on this machine with namespaces behind it.
type network struct{ name, prefix string }

func newNetwork(t *testing.T) *network {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("network namespaces need the command ip")
	}
	id := os.Getpid() % 10000
	n := &network{name: fmt.Sprint("leat", id), prefix: fmt.Sprintf("10.%d.%d.", 128+id/250%100, id%250)}
	if out, err := exec.Command("ip", "link", "add", n.name, "type", "bridge").CombinedOutput(); err != nil {
		t.Skipf("network namespaces: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "link", "del", n.name).Run() })
	n.ip(t, "addr", "add", n.host(1)+"/24", "dev", n.name)
	n.ip(t, "link", "set", n.name, "up")
	return n
}

func (n *network) host(i int) string { return n.prefix + fmt.Sprint(i) }

func (n *network) ip(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.Command("ip", args...).CombinedOutput()
	require.NoError(t, err, "ip %s: %s", strings.Join(args, " "), out)
}

// port is the end of a host's cable at the bridge.
func (n *network) port(host string) string {
	return n.name + "." + host[strings.LastIndexByte(host, '.')+1:]
}

// space makes a namespace with an address.
func (n *network) space(t *testing.T, i int, host string) string {
	t.Helper()
	name := fmt.Sprint(n.name, "-", i)
	n.ip(t, "netns", "add", name)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() })
	n.ip(t, "link", "add", n.port(host), "type", "veth", "peer", "name", "eth0", "netns", name)
	n.ip(t, "link", "set", n.port(host), "master", n.name, "up")
	n.ip(t, "-n", name, "addr", "add", host+"/24", "dev", "eth0")
	n.ip(t, "-n", name, "link", "set", "eth0", "up")
	n.ip(t, "-n", name, "link", "set", "lo", "up")
	return name
}

// cut takes a host off the network, or puts it back.
func (n *network) cut(t *testing.T, host string, off bool) {
	t.Helper()
	state := "up"
	if off {
		state = "down"
	}
	n.ip(t, "link", "set", n.port(host), state)
}

// TestFullDiskOfALeader fills the disk of the leader's own folder: it steps down and leads again only when there is space.
func TestFullDiskOfALeader(t *testing.T) {
	r := newReplicas(t)
	for _, m := range r.members {
		m.state = smallDisk(t, "size=128m")
	}
	r.base = []string{"-D", "web.upload.dir=" + filepath.Join(r.dir, "uploads")}
	r.configure()
	r.startAll(1)
	full := r.leader()
	ids := map[string]bool{r.runDetached(command(t, "ticks"), filepath.Join(r.dir, "ticks")): true} // it keeps the program from now on
	filler := filepath.Join(full.state, "filler")
	fill(t, filler)
	leads := func(m *member) int { return strings.Count(m.text(), "msg=leading") }
	began := leads(full)
	for range 5 {
		ids[r.runDetached(command(t, "ticks"), filepath.Join(r.dir, "ticks"))] = true
		fill(t, filler)
	}
	require.NotEqual(t, full, r.leader(), "it cannot take entries")
	full.says(t, "leadership lost")
	require.Contains(t, full.text(), "no space left")
	require.Equal(t, began, leads(full))
	all, err := r.client.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, len(ids), "each was taken once")

	require.NoError(t, os.Remove(filler))
	for _, m := range r.others(full) {
		m.kill()
		require.NoError(t, os.RemoveAll(filepath.Join(m.state, "filler")))
		r.start(m)
	}
	require.Eventually(t, func() bool {
		o, err := r.client.Members(t.Context())
		answer := 0
		for _, m := range o.Members {
			if m.Answers {
				answer++
			}
		}
		return err == nil && answer == 3
	}, patience, 50*time.Millisecond)
	again, err := r.client.List(t.Context())
	require.NoError(t, err)
	require.Len(t, again, len(ids))
}

// fill writes until there is no space left.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(t, err)
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
}
