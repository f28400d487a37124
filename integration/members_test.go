package integration

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// part runs a part of a test.
func (r *replicas) part(name string, f func(*testing.T)) {
	r.whole.Run(name, func(t *testing.T) {
		r.t = t
		f(t)
	})
	r.t = r.whole
}

// patience is how long these tests wait for what must happen, on a machine under any load.
const patience = 3 * time.Minute

// replicas are JobManagers that replicate each other, and TaskManagers, as processes.
type replicas struct {
	t       *testing.T // of what is going on
	whole   *testing.T // with whose end the processes end
	made    int        // members
	dir     string
	members []*member
	workers []*processes.Process
	base    []string // flags of every process, whoever the members are
	common  []string // and with them
	client  *rest.Client
	secret  secret.Secret
}

// member is one JobManager, dead or alive.
type member struct {
	*processes.Process
	host      string
	rpc, rest int
	state     string
	within    []string // the command that its own goes after: of a network namespace
}

func (m *member) control() string { return net.JoinHostPort(m.host, fmt.Sprint(m.rpc)) }
func (m *member) web() string     { return net.JoinHostPort(m.host, fmt.Sprint(m.rest)) }

// newReplicas prepares three members on loopback, none of which runs yet.
func newReplicas(t *testing.T) *replicas {
	if testing.Short() {
		t.Skip("starts processes")
	}
	r := &replicas{t: t, whole: t, dir: t.TempDir()}
	for range 3 {
		r.addMember("127.0.0.1")
	}
	r.configure()
	return r
}

func (r *replicas) addMember(host string) *member {
	rpc := processes.FreePorts(r.t, 3)
	m := &member{host: host, rpc: rpc, rest: rpc + 2, state: filepath.Join(r.dir, fmt.Sprint("state", r.made))}
	r.made++
	r.members = append(r.members, m)
	return m
}

// configure makes the flags and the client of the members that there are.
func (r *replicas) configure() {
	var control, web []string
	opt := rest.Options{Patience: patience, Secret: r.secret}
	for _, m := range r.members {
		control, web = append(control, m.control()), append(web, m.web())
		opt.Members = append(opt.Members, "http://"+m.web())
	}
	r.common = append(slices.Clone(r.base), "-D", "cluster.control-addresses="+strings.Join(control, ","), "-D", "cluster.masters="+strings.Join(web, ","),
		"-D", "high-availability.type=raft", "-D", "high-availability.storageDir="+filepath.Join(r.dir, "shared"))
	var err error
	r.client, err = rest.New(opt)
	require.NoError(r.t, err)
}

// start starts a member, again if it has run before.
func (r *replicas) start(m *member) {
	r.t.Helper()
	args := append(append(slices.Clone(m.within), command(r.t, "leat"), "jobmanager"), r.common...)
	args = append(args, "-D", "jobmanager.rpc.address="+m.host, "-D", fmt.Sprint("jobmanager.rpc.port=", m.rpc), "-D", "rest.address="+m.host,
		"-D", fmt.Sprint("rest.bind-port=", m.rest), "-D", "cluster.state-dir="+m.state)
	m.Process = processes.Start(r.whole, m.state+".log", args...)
}

// startAll starts all members and TaskManagers of two slots, and waits until the slots are there.
func (r *replicas) startAll(workers int) {
	r.t.Helper()
	for _, m := range r.members {
		r.start(m)
	}
	for range workers {
		r.startWorker()
	}
	r.awaitSlots(2 * workers)
}

func (r *replicas) startWorker() {
	r.workers = append(r.workers, nil)
	r.replaceWorker(len(r.workers) - 1)
}

// replaceWorker starts a TaskManager, in place of one that has ended.
func (r *replicas) replaceWorker(i int) {
	name := filepath.Join(r.dir, fmt.Sprint("worker", i))
	require.NoError(r.t, os.MkdirAll(name, 0o700))
	r.workers[i] = processes.Start(r.whole, name+".log", append([]string{command(r.t, "leat"), "taskmanager", "-D", "taskmanager.numberOfTaskSlots=2",
		"-D", "cluster.work-dir=" + name}, r.common...)...)
}

func (r *replicas) awaitSlots(n int) {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		o, err := r.client.Overview(r.t.Context())
		return err == nil && o.SlotsTotal == n
	}, patience, 20*time.Millisecond, "%d slots", n)
}

// leader waits for one and returns it.
func (r *replicas) leader() *member {
	r.t.Helper()
	o, err := r.client.Overview(r.t.Context())
	require.NoError(r.t, err)
	for _, m := range r.members {
		if m.control() == o.Leader {
			return m
		}
	}
	require.Fail(r.t, "the leader is a stranger", o.Leader)
	return nil
}

// others are the members beside some.
func (r *replicas) others(not ...*member) (rest []*member) {
	for _, m := range r.members {
		other := true
		for _, n := range not {
			other = other && n != m
		}
		if other {
			rest = append(rest, m)
		}
	}
	return rest
}

// leat runs a verb on the cluster, by some of its members.
func (r *replicas) leat(by []*member, verb string, args ...string) (out string, err error) {
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	var web []string
	for _, m := range by {
		web = append(web, m.web())
	}
	all := append([]string{verb}, r.common...)
	all = append(append(all, "-m", strings.Join(web, ",")), args...)
	b, err := exec.CommandContext(ctx, command(r.t, "leat"), all...).CombinedOutput()
	return string(b), err
}

// awaitJob waits until a job is in a state.
func (r *replicas) awaitJob(id, state string) messages.JobDetails {
	r.t.Helper()
	var d messages.JobDetails
	require.Eventually(r.t, func() bool {
		var err error
		d, err = r.client.Job(r.t.Context(), id)
		return err == nil && d.State == state
	}, patience, 20*time.Millisecond, "job %s is not %s", id, state)
	return d
}

// trace is what a job writes, a line of nanoseconds since the epoch for each record.
type trace string

// times are when records have passed so far.
func (f trace) times(t *testing.T) (all []time.Time) {
	b, err := os.ReadFile(string(f))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	b = b[:bytes.LastIndexByte(b, '\n')+1] // the last line may be half there
	for line := range bytes.Lines(b) {
		var n int64
		_, err := fmt.Sscan(string(line), &n)
		require.NoError(t, err)
		all = append(all, time.Unix(0, n))
	}
	return all
}

// await waits until records have passed for some time from now on.
func (f trace) await(t *testing.T, some time.Duration) {
	t.Helper()
	until := time.Now().Add(some)
	require.Eventually(t, func() bool {
		all := f.times(t)
		return len(all) > 0 && all[len(all)-1].After(until)
	}, patience, 20*time.Millisecond, "no records")
}

// gap is the longest time without a record between two moments.
func gap(all []time.Time, from, to time.Time) (longest time.Duration) {
	last := from
	for _, at := range append(all, to) {
		if at.After(to) {
			at = to
		}
		if at.Before(from) {
			continue
		}
		longest, last = max(longest, at.Sub(last)), at
	}
	return longest
}

// metronome notes the time every few milliseconds until the test ends: what gaps it has are the machine's.
func metronome(t *testing.T) func() []time.Time {
	var beats []time.Time
	ask, stop := make(chan chan []time.Time), make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				beats = append(beats, time.Now())
			case answer := <-ask:
				answer <- append([]time.Time(nil), beats...)
			case <-stop:
				return
			}
		}
	}()
	return func() []time.Time {
		answer := make(chan []time.Time)
		ask <- answer
		return <-answer
	}
}
