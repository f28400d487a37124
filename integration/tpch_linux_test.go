package integration

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/integration/tpch"
)

// Flags of TestTPCH, with which it is run by hand at other sizes:
//
//	go test ./integration -run TPCH -timeout 1h -args -tpch.scale 1 -tpch.memory 256mb -tpch.managed 32mb
var (
	tpchScale   = flag.String("tpch.scale", "0.01", "about how many GB the tables of TPC-H have")
	tpchMemory  = flag.String("tpch.memory", "512mb", "of each TaskManager")
	tpchManaged = flag.String("tpch.managed", "1mb", "for sorting and hashing, of each slot; what needs more spills")
	tpchQueries = flag.String("tpch.queries", "q", "prefix of the queries' names")
)

// tpchRun is the queries over tables, each as a statement that writes a file.
type tpchRun struct {
	t       *testing.T
	data    string
	queries []string
}

func newTPCH(t *testing.T) *tpchRun {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir, err := tpch.Data("..", *tpchScale, *tpchScale != "0.01")
	if errors.Is(err, tpch.ErrMissing) {
		t.Skip(err)
	}
	require.NoError(t, err)
	r := &tpchRun{t: t, data: dir}
	for _, name := range tpch.Names() {
		if strings.HasPrefix(name, *tpchQueries) {
			r.queries = append(r.queries, name)
		}
	}
	return r
}

// script writes the script whose results go to a directory.
func (r *tpchRun) script(out string) string {
	text := tpch.Views(r.data)
	for _, name := range r.queries {
		text += fmt.Sprintf("INSERT INTO '%s' %s;\n", filepath.Join(out, name+".csv"), tpch.Query(name))
	}
	return write(r.t, out+".sql", text)
}

// check compares the results in a directory with the answers.
func (r *tpchRun) check(out string) {
	r.t.Helper()
	for _, name := range r.queries {
		f, err := os.Open(filepath.Join(out, name+".csv"))
		require.NoError(r.t, err, name)
		got, err := csv.NewReader(f).ReadAll()
		require.NoError(r.t, err, name)
		require.NoError(r.t, f.Close())
		want, err := tpch.Answer(r.data, name)
		require.NoError(r.t, err, name)
		require.NoError(r.t, tpch.Compare(got, want), name)
	}
}

func TestTPCHLocal(t *testing.T) {
	r := newTPCH(t)
	out := filepath.Join(t.TempDir(), "out")
	sqlClient(t, exec.Command(command(t, "leat"), "sql", "-q", "-p", "2", "-D", "taskmanager.memory.managed.size="+*tpchManaged, "-f", r.script(out)), out)
	r.check(out)
}

// TestTPCHOnCluster runs the queries on two TaskManagers, which decide when stages have finished what is broadcast; workers of some of them are
// killed when a part of the job is done.
func TestTPCHOnCluster(t *testing.T) {
	r := newTPCH(t)
	c := &cluster{t: t, dir: t.TempDir(), rest: processes.FreePort(t), rpc: processes.FreePort(t)}
	c.jobManager = c.start("jobmanager", "-D", patient)
	for i := range 2 {
		c.taskManagers = append(c.taskManagers, c.start("taskmanager", "-D", "taskmanager.numberOfTaskSlots=2", "-D", patient,
			"-D", "taskmanager.memory.process.size="+*tpchMemory, "-D", "io.tmp.dirs="+filepath.Join(c.dir, fmt.Sprint("tm", i))))
	}
	require.Eventually(t, func() bool { return c.slots() == 4 }, processes.Patience, 50*time.Millisecond, "the TaskManagers did not come")
	out := filepath.Join(c.dir, "out")
	stop, killed := make(chan struct{}), make(chan int)
	go func() { killed <- c.killWorkers(stop) }()
	script := exec.Command(command(t, "leat"), "sql", "-q", "-p", "4", "-m", fmt.Sprint("127.0.0.1:", c.rest), "-f", r.script(out),
		"-D", "taskmanager.memory.managed.size="+*tpchManaged, "-D", "restart-strategy.type=fixed-delay",
		"-D", "table.optimizer.adaptive-broadcast-join.strategy=runtime_only",
		"-D", "restart-strategy.fixed-delay.attempts=100", "-D", "restart-strategy.fixed-delay.delay=10 ms")
	sqlClient(t, script, out)
	close(stop)
	n := <-killed
	t.Log("workers killed:", n)
	require.NotZero(t, n)
	r.check(out)
}

// killWorkers kills the workers of one TaskManager in every third job, when a vertex has finished, until it is stopped. It says how often.
func (c *cluster) killWorkers(stop <-chan struct{}) (killed int) {
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", c.rest)}})
	if err != nil {
		return 0
	}
	seen := map[string]bool{}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return killed
		case <-tick.C:
		}
		jobs, err := client.List(c.t.Context())
		if err != nil {
			continue
		}
		for _, j := range jobs {
			if j.State != "RUNNING" || j.Tasks.Finished == 0 || seen[j.JID] {
				continue
			}
			if seen[j.JID] = true; len(seen)%3 != 1 {
				continue
			}
			pids := c.taskManagers[killed%2].Children()
			for _, pid := range pids {
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
			}
			if len(pids) > 0 {
				killed++
			}
		}
	}
}
