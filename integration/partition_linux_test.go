package integration

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/resourcemanager/secret"
)

// TestPartition cuts the network between the leader and everybody else: each JobManager has a network namespace of its own.
func TestPartition(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	n, err := processes.NewNetwork(t)
	if err != nil {
		t.Skip(err)
	}
	r := &replicas{t: t, whole: t, dir: t.TempDir()}
	file := filepath.Join(r.dir, "secret")
	s, err := secret.Create(file)
	require.NoError(t, err)
	r.secret = s
	r.base = []string{"-D", "cluster.secret-file=" + file, "-D", "rest.bind-address=0.0.0.0", "-D", "jobmanager.bind-host=0.0.0.0",
		"-D", "taskmanager.bind-host=0.0.0.0", "-D", "taskmanager.host=" + n.Address(1), "-D", "heartbeat.timeout=2 s"}
	hosts := map[*member]int{}
	for i := range 3 {
		host := 10 + i
		m := r.addMember(n.Address(host))
		m.within = n.Add(host)
		hosts[m] = host
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
	n.Cut(hosts[old], true)
	require.Eventually(t, func() bool {
		o, err := r.client.Overview(t.Context())
		return err == nil && o.Leader != old.control() && o.SlotsTotal == 4
	}, patience, 50*time.Millisecond, "the majority goes on")
	t.Logf("the majority has a leader after %v", time.Since(fault))
	old.Says(t, "leadership lost")
	require.Eventually(t, func() bool {
		return strings.Count(r.workers[0].Text()+r.workers[1].Text(), "a leader has taken this TaskManager in") >= 4
	}, patience, 50*time.Millisecond, "TaskManagers find the new leader")
	ticks.await(t, 500*time.Millisecond)
	now := time.Now()
	all := ticks.times(t)
	before, after, machine := gap(all, began, fault), gap(all, fault, now.Add(-100*time.Millisecond)), gap(beats(), fault, now)
	t.Logf("longest gap between records: %v before, %v after, %v of the machine", before, after, machine)
	require.LessOrEqual(t, after, 200*time.Millisecond+max(before, machine))

	n.Cut(hosts[old], false)
	require.Eventually(t, func() bool {
		out, err := r.leat([]*member{old}, "list")
		return err == nil && strings.Contains(out, job)
	}, patience, 100*time.Millisecond, "it leads to the new leader")
	d := r.awaitJob(job, "RUNNING")
	require.Zero(t, d.Vertices[0].Tasks["FAILED"])
}
