package nomad_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/scheduler/rest/messages"
)

// replicas are three JobManagers of a session whose one job leaves the time with every record.
type replicas struct {
	t      *testing.T
	client *api.Client
	home   string
	ticks  string
}

func startReplicas(t *testing.T, client *api.Client) *replicas {
	t.Helper()
	dir := folder(t)
	r := &replicas{t, client, t.TempDir(), dir + "/ticks"}
	store, _ := artifacts(t)
	got := leat(t, r.home, "nomad", "session", "-d", "-nm", "replicas", "-Dnomad.artifacts="+store, "-Djobmanager.replicas=3", "-Dhigh-availability.storageDir="+dir+"/ha")
	require.Zero(t, got.code, got.err)
	t.Cleanup(func() {
		_, _, _ = client.Jobs().Deregister("leat-replicas", false, nil) // unless it has ended
	})
	r.whole()
	ran := leat(t, r.home, "run", "-d", "-t", "nomad-session", "-p", "1", binary(t, "ticks"), r.ticks)
	require.Zero(t, ran.code, ran.err)
	r.tick()
	return r
}

// members are the JobManagers as the leader knows them; none while there is no leader.
func (r *replicas) members() []messages.Member { return r.look().Members }

func (r *replicas) look() (m messages.Members) {
	listed := leat(r.t, r.home, "members", "list", "--json", "-t", "nomad-session", "-Dnomad.cluster-id=replicas")
	if listed.code == 0 {
		require.NoError(r.t, json.Unmarshal([]byte(listed.out), &m), listed.out)
	}
	return m
}

// stop ends the session.
func (r *replicas) stop() {
	r.t.Helper()
	stopped := leat(r.t, r.home, "nomad", "session", "--stop", "replicas")
	require.Zero(r.t, stopped.code, stopped.err)
	nothingLeft(r.t, r.client, r.home, "replicas")
	require.NoFileExists(r.t, filepath.Join(r.home, ".leat", ".nomad-properties"))
}

// whole waits until three members answer, all of which Nomad runs.
func (r *replicas) whole() []messages.Member {
	r.t.Helper()
	var all []messages.Member
	until(r.t, "three members", func() bool {
		all = r.members()
		answer := 0
		for _, m := range all {
			if m.Answers && r.allocation(m.Address) != nil {
				answer++
			}
		}
		return answer == 3 && len(all) == 3
	})
	return all
}

// allocation is that of a JobManager with a control address; nil if none runs.
func (r *replicas) allocation(address string) *api.Allocation {
	r.t.Helper()
	return holder(r.t, r.client, "leat-replicas", address)
}

// holder is the allocation of a job that runs and whose control port an address has; nil if there is none.
func holder(t *testing.T, client *api.Client, job, address string) *api.Allocation {
	t.Helper()
	all, _, err := client.Jobs().Allocations(job, false, nil)
	require.NoError(t, err)
	for _, stub := range all {
		if stub.ClientStatus != api.AllocClientStatusRunning || stub.DesiredStatus != api.AllocDesiredStatusRun {
			continue
		}
		a, _, err := client.Allocations().Info(stub.ID, nil)
		require.NoError(t, err)
		for _, p := range a.AllocatedResources.Shared.Ports {
			if p.Label == "control" && strings.HasSuffix(address, ":"+strconv.Itoa(p.Value)) {
				return a
			}
		}
	}
	return nil
}

// leading and following are the allocations of the leader and of one of the others.
func (r *replicas) leading() *api.Allocation   { return r.one(true) }
func (r *replicas) following() *api.Allocation { return r.one(false) }

func (r *replicas) one(leads bool) *api.Allocation {
	r.t.Helper()
	for _, m := range r.whole() {
		if m.Leader == leads {
			if a := r.allocation(m.Address); a != nil {
				return a
			}
		}
	}
	require.Fail(r.t, "nobody")
	return nil
}

// worker is the one that there is.
func (r *replicas) worker() *api.AllocationListStub {
	r.t.Helper()
	var all []*api.AllocationListStub
	until(r.t, "the worker", func() bool {
		all = allocations(r.t, r.client, "replicas", false)
		return len(all) == 1
	})
	return all[0]
}

// tick waits for a record that is newer than this call.
func (r *replicas) tick() {
	r.t.Helper()
	began := time.Now()
	until(r.t, "a record", func() bool {
		times := r.times()
		return len(times) > 0 && times[len(times)-1].After(began)
	})
}

func (r *replicas) times() (all []time.Time) {
	text, _ := os.ReadFile(r.ticks) // it comes with the first record
	for line := range strings.Lines(string(text)) {
		if n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64); err == nil && strings.HasSuffix(line, "\n") {
			all = append(all, time.Unix(0, n))
		}
	}
	return all
}

// gap is the longest time without a record since an instant.
func (r *replicas) gap(since time.Time) (longest time.Duration) {
	r.tick()
	for _, now := range r.times() {
		if now.After(since) {
			longest, since = max(longest, now.Sub(since)), now
		}
	}
	return longest
}

// Three JobManagers survive the loss of any of them, wherever Nomad puts the next; a fourth has to wait.
func TestReplicas(t *testing.T) {
	client := requireNomad(t)
	r := startReplicas(t, client)
	worker := r.worker()

	began, leader := time.Now(), r.leading()
	require.NoError(t, client.Allocations().Signal(leader, nil, "jobmanager", "SIGKILL"))
	until(t, "another leader", func() bool { return len(r.members()) > 0 })
	t.Logf("leader killed: another leads after %s; longest time without a record: %s", time.Since(began).Round(time.Millisecond), r.gap(began).Round(time.Millisecond))
	until(t, "the restart", func() bool {
		a, _, err := client.Allocations().Info(leader.ID, nil)
		return err == nil && a.TaskStates["jobmanager"].Restarts == 1
	})
	r.whole()

	for _, x := range []struct {
		name string
		find func() *api.Allocation
	}{{"leader", r.leading}, {"follower", r.following}} {
		a := x.find()
		began := time.Now()
		_, err := client.Allocations().Stop(a, nil)
		require.NoError(t, err)
		until(t, "the end of the "+x.name, func() bool {
			now, _, err := client.Allocations().Info(a.ID, nil)
			return err == nil && now.ClientStatus == api.AllocClientStatusComplete
		})
		r.whole()
		t.Logf("%s moved: three members after %s; longest time without a record: %s", x.name, time.Since(began).Round(time.Millisecond), r.gap(began).Round(time.Millisecond))
	}

	_, _, err := client.Jobs().Scale("leat-replicas", "jobmanager", new(4), "a fourth", false, nil, nil)
	require.NoError(t, err)
	until(t, "a fourth", func() bool { return len(allocations(t, client, "replicas", true)) == 4 })
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		require.LessOrEqual(t, len(r.members()), 3)
	}
	_, _, err = client.Jobs().Scale("leat-replicas", "jobmanager", new(3), "no more", false, nil, nil)
	require.NoError(t, err)
	until(t, "three", func() bool { return len(allocations(t, client, "replicas", true)) == 3 })
	r.whole()
	r.tick()
	require.Equal(t, worker.ID, r.worker().ID, "the worker has known all leaders")
	r.stop()
}

// When all three are lost at once, those that Nomad starts instead begin a new generation, and the job is run again.
func TestAllReplicasLost(t *testing.T) {
	client := requireNomad(t)
	r := startReplicas(t, client)
	began := time.Now()
	for _, a := range allocations(t, client, "replicas", true) {
		_, err := client.Allocations().Stop(&api.Allocation{ID: a.ID}, nil)
		require.NoError(t, err)
	}
	until(t, "a new generation", func() bool { return r.look().Generation > 1 })
	r.whole()
	t.Logf("three members after %s", time.Since(began).Round(time.Millisecond))
	r.tick()
	t.Logf("a record after %s", time.Since(began).Round(time.Millisecond))
	r.stop()
}

// A machine is lost on which JobManagers may be running on: as long as they answer, those that Nomad starts instead wait.
func TestReplicasOnLostClient(t *testing.T) {
	client := requireNomad(t)
	nomads := agents(t)
	r := startReplicas(t, client)
	before, began := r.whole(), time.Now()
	var lost *api.AllocationListStub
	worker := r.worker()
	for _, a := range allocations(t, client, "replicas", true) {
		if a.NodeID != worker.NodeID { // the job itself could not go on without a checkpoint
			lost = a
		}
	}
	require.NotNil(t, lost, "Nomad spreads what it places")
	require.NoError(t, nomads.Kill(strings.Replace(lost.NodeName, "client-", "c", 1)))
	t.Cleanup(func() { _ = nomads.Up() })
	until(t, "another", func() bool {
		return slices.ContainsFunc(allocations(t, client, "replicas", true), func(a *api.AllocationListStub) bool {
			return a.NodeID != lost.NodeID && a.CreateTime > began.UnixNano()
		})
	})
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if now := r.members(); len(now) > 0 {
			require.ElementsMatch(t, addressesOf(before), addressesOf(now), "they answer")
		}
	}
	r.tick()
	require.NoError(t, nomads.Up())
	r.whole()
	t.Logf("longest time without a record: %s", r.gap(began).Round(time.Millisecond))
	r.stop()
}

func addressesOf(all []messages.Member) (addresses []string) {
	for _, m := range all {
		addresses = append(addresses, m.Address)
	}
	return addresses
}

// A program runs under three JobManagers to its end, and again under the id that its cluster had.
func TestReplicasOfApplications(t *testing.T) {
	client := requireNomad(t)
	dir, home := folder(t), t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/in.txt", []byte("to be or not to be\n"), 0o644))
	for _, out := range []string{dir + "/first", dir + "/second"} {
		ran := leat(t, home, "run", "-t", "nomad-application", "-p", "1", "-Dnomad.cluster-id=again", "-Djobmanager.replicas=3", "-Dhigh-availability.storageDir="+dir+"/ha",
			binary(t, "wordcount"), "--input", dir+"/in.txt", "--output", out)
		require.Zero(t, ran.code, ran.err)
		require.Equal(t, []string{"be,2\n", "not,1\n", "or,1\n", "to,2\n"}, lines(t, out))
		nothingLeft(t, client, home, "again")
		until(t, "the end of what JobManagers share", func() bool {
			kept, err := os.ReadDir(dir + "/ha")
			require.NoError(t, err)
			return len(kept) == 0
		})
	}
}
