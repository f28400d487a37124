package integration

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/integration/processes"
)

var jobID = regexp.MustCompile(`[0-9a-f]{32}`)

// runDetached submits a program and returns the ID of its job.
func (r *replicas) runDetached(args ...string) string {
	r.t.Helper()
	out, err := r.leat(r.members, "run", append([]string{"-d"}, args...)...)
	require.NoError(r.t, err, "%s", out)
	return jobID.FindString(out)
}

// TestFailover lets JobManagers die, hang and lose everything while a streaming job runs.
func TestFailover(t *testing.T) {
	r := newReplicas(t)
	beats := metronome(t)
	r.startAll(2)
	ticks := trace(filepath.Join(r.dir, "ticks"))
	job := r.runDetached("-p", "2", command(t, "ticks"), string(ticks))
	r.awaitJob(job, "RUNNING")
	ticks.await(t, time.Second)
	began := ticks.times(t)[0]

	// undisturbed requires that the job has noticed nothing since a moment, beside what the machine itself does.
	undisturbed := func(t *testing.T, since time.Time) {
		t.Helper()
		ticks.await(t, 500*time.Millisecond)
		now := time.Now()
		all := ticks.times(t)
		before, after, machine := gap(all, began, since), gap(all, since, now.Add(-100*time.Millisecond)), gap(beats(), since, now)
		t.Logf("longest gap between records: %v before, %v after, %v of the machine", before, after, machine)
		require.LessOrEqual(t, after, 200*time.Millisecond+max(before, machine))
		d := r.awaitJob(job, "RUNNING")
		require.Zero(t, d.Vertices[0].Tasks["FAILED"])
	}

	r.part("the leader dies", func(t *testing.T) {
		dir := filepath.Join(r.dir, "sums")
		type outcome struct {
			out string
			err error
		}
		ran := make(chan outcome, 1)
		go func() {
			out, err := r.leat(r.members, "run", "-D", "execution.runtime-mode=BATCH", command(t, "ticks"), "1000", dir)
			ran <- outcome{out, err}
		}()
		require.Eventually(t, func() bool {
			o, err := r.client.Overview(t.Context())
			return err == nil && o.JobsRunning == 2 && o.SlotsAvailable == 0
		}, patience, 10*time.Millisecond)
		old := r.leader()
		fault := time.Now()
		old.Kill()
		_, err := r.client.Overview(t.Context())
		require.NoError(t, err)
		took := time.Since(fault)
		t.Logf("the next leader answers after %v", took)
		require.Less(t, took, 3*time.Second+gap(beats(), fault, time.Now()))
		for _, m := range r.others(old) {
			out, err := r.leat([]*member{m}, "list")
			require.NoError(t, err, out)
			require.Contains(t, out, job)
		}
		out, err := r.leat([]*member{old, r.others(old)[0]}, "list")
		require.NoError(t, err, out)
		undisturbed(t, fault)
		end := <-ran
		require.NoError(t, end.err, end.out)
		require.Equal(t, expectedSums(1000), sumsIn(t, dir))
		r.start(old)
		old.Says(t, "members of the cluster")
	})

	r.part("the leader hangs", func(t *testing.T) {
		old := r.leader()
		fault := time.Now()
		old.Signal(syscall.SIGSTOP)
		_, err := r.client.Overview(t.Context()) // of another: the one that hangs does not answer
		require.NoError(t, err)
		t.Logf("another leads after %v", time.Since(fault))
		undisturbed(t, fault)
		r.awaitSlots(4)
		old.Signal(syscall.SIGCONT)
		old.Says(t, "leadership lost")
		undisturbed(t, fault)
		require.NotEqual(t, old, r.leader())
	})

	r.part("two of three die", func(t *testing.T) {
		alive := r.leader()
		dead := r.others(alive)
		fault := time.Now()
		for _, m := range dead {
			m.Kill()
		}
		alive.Says(t, "leadership lost")
		out, err := r.leat(r.members, "run", "-d", command(t, "ticks"), string(ticks)+"2")
		require.Error(t, err, "nothing is accepted")
		t.Log(out)
		r.start(dead[0])
		undisturbed(t, fault)
		all, err := r.client.List(t.Context())
		require.NoError(t, err)
		for _, j := range all {
			require.True(t, j.JID == job || j.State == "FINISHED", "%+v", j)
		}
		r.start(dead[1])
	})

	r.part("members change", func(t *testing.T) { r.membersChange(t, undisturbed) })

	r.part("the majority is lost for good", func(t *testing.T) {
		alive := r.leader()
		for _, m := range r.others(alive) {
			m.Kill()
			require.NoError(t, os.RemoveAll(m.state))
		}
		again := r.others(alive)[0]
		r.start(again)
		again.Says(t, "its state is lost")
		own := "cluster.state-dir=" + again.state
		out, err := r.leat(r.members, "members", "recover", "-D", own)
		require.Error(t, err)
		require.Contains(t, out, "--yes")
		out, err = r.leat(r.members, "members", "recover", "-D", own, "--yes")
		require.NoError(t, err, out)
		require.Contains(t, out, job)
		fault := time.Now()
		<-alive.Done()
		require.Contains(t, alive.Text(), "a newer generation of the cluster has begun")
		for _, m := range r.others(again) {
			r.start(m)
		}
		for _, w := range r.workers {
			w.Says(t, "a new generation of the JobManager has begun")
		}
		r.awaitSlots(4)
		r.awaitJob(job, "RUNNING")
		ticks.await(t, time.Second)
		t.Logf("the job runs in the new generation after %v", time.Since(fault))
		all, err := r.client.Members(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 2, all.Generation)
	})
}

// membersChange replaces a member that has died by another, moves that one, and removes and refuses what would do harm.
func (r *replicas) membersChange(t *testing.T, undisturbed func(*testing.T, time.Time)) {
	began := time.Now()
	leader := r.leader()
	dead, other := r.others(leader)[0], r.others(leader)[1]
	dead.Kill()
	refused := func(about string, args ...string) {
		t.Helper()
		out, err := r.leat(r.members, "members", args...)
		require.Error(t, err, out)
		require.Contains(t, out, about)
	}
	require.Eventually(t, func() bool {
		out, _ := r.leat(r.members, "members", "remove", other.control())
		return strings.Contains(out, "which is no majority")
	}, patience, 100*time.Millisecond, "the one that answers is needed")
	refused("is none", "remove", "localhost:1")

	r.members = r.others(dead)
	fresh := r.addMember("127.0.0.1")
	r.configure()
	refused("start it first", "add", fresh.control())
	r.start(fresh)
	fresh.Says(t, "no member of the cluster yet")
	refused("remove a dead member before", "add", fresh.control())
	for _, args := range [][]string{{"remove", dead.control()}, {"add", fresh.control()}} {
		out, err := r.leat(r.members, "members", args...)
		require.NoError(t, err, out)
	}
	refused("is one already", "add", fresh.control())
	fresh.Says(t, "members of the cluster")
	for _, w := range r.workers {
		w.Says(t, fresh.control())
	}

	// The new one moves to other ports.
	fresh.Signal(syscall.SIGTERM)
	<-fresh.Done()
	id := fresh.control()
	fresh.rpc = processes.FreePorts(t, 3)
	fresh.rest = fresh.rpc + 2
	r.configure()
	r.start(fresh)
	require.Eventually(t, func() bool {
		out, err := r.leat(r.members, "members", "add", fresh.control())
		return err == nil && strings.Contains(out, id)
	}, patience, 100*time.Millisecond)
	all, err := r.client.Members(t.Context())
	require.NoError(t, err)
	require.Len(t, all.Members, 3)
	undisturbed(t, began)

	// The dead one comes back: it learns that it was removed. It takes the place of the new one again.
	r.members = append(r.others(fresh), dead)
	r.configure()
	r.start(dead)
	dead.Says(t, "was removed from the cluster")
	require.Eventually(t, func() bool {
		out, err := r.leat(r.members, "members", "remove", fresh.control())
		return err == nil || strings.Contains(out, "is none")
	}, patience, 100*time.Millisecond)
	fresh.Says(t, "no member of the cluster any more")
	out, err := r.leat(r.members, "members", "add", dead.control())
	require.NoError(t, err, out)
	fresh.Signal(syscall.SIGTERM)
	<-fresh.Done()
	undisturbed(t, began)
}

func expectedSums(count int64) map[int64]bool {
	sums := map[int64]int64{}
	for n := range count {
		sums[n%10] += n
	}
	set := map[int64]bool{}
	for _, n := range sums {
		set[n] = true
	}
	return set
}

// sumsIn are the numbers in the files of a folder.
func sumsIn(t *testing.T, dir string) map[int64]bool {
	t.Helper()
	set := map[int64]bool{}
	for _, path := range files(t, dir) {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		for word := range strings.FieldsSeq(string(b)) {
			n, err := strconv.ParseInt(word, 10, 64)
			require.NoError(t, err)
			require.False(t, set[n], "%d was written twice", n)
			set[n] = true
		}
	}
	return set
}
