package nomad_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/resourcemanager/nomad"
)

const patience = 2 * time.Minute

func requireNomad(t *testing.T) *api.Client {
	t.Helper()
	if os.Getenv("LEAT_TEST_NOMAD") == "" {
		t.Skip("LEAT_TEST_NOMAD is not set; run scripts/nomad/up.sh --clients 2")
	}
	client, err := nomad.Connect()
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// agents are those of Nomad: s, the server, c1 and c2.
func agents(t *testing.T) processes.Daemons {
	t.Helper()
	dir := os.Getenv("LEAT_TEST_NOMAD_DIR")
	if dir == "" {
		t.Skip("LEAT_TEST_NOMAD_DIR is not set: the agents are not the test's")
	}
	return processes.Daemons{Script: "../../scripts/nomad/up.sh", Dir: dir}
}

// built is a folder with the command leat and programs.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "leat-nomad-")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", dir+"/", "./cmd/leat", "./cmd/examples/wordcount", "./integration/ticks", "./integration/exactly", "./integration/daily")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return dir, &exec.Error{Name: string(out), Err: err}
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if os.Getenv("LEAT_TEST_NOMAD") != "" {
		if dir, err := built(); err == nil {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

func binary(t *testing.T, name string) string {
	t.Helper()
	dir, err := built()
	require.NoError(t, err)
	return filepath.Join(dir, name)
}

// folder is a new one that tasks may write to, whoever they run as, up to the end of the test and while Nomad ends them.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", strings.ReplaceAll(t.Name(), "/", "-"))
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o777))
	t.Cleanup(func() {
		until(t, "the end of those who write to "+dir, func() bool { return os.RemoveAll(dir) == nil })
	})
	return dir
}

// ran is how a command has ended.
type ran struct {
	code     int
	out, err string
}

// command is leat with those arguments, its home folder being the test's. TaskManagers are small, so that a client has room for
// some, and processes of the host, since nothing says that this machine can isolate them.
func command(t *testing.T, home string, args ...string) *exec.Cmd {
	t.Helper()
	leat := binary(t, "leat") // building it is not what is waited for
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, leat, args...)
	c.Env = append(os.Environ(), "HOME="+home, "LEAT_NOMAD_DRIVER=raw_exec", "LEAT_TASKMANAGER_MEMORY_PROCESS_SIZE=1g", "LEAT_JOBMANAGER_MEMORY_PROCESS_SIZE=512m",
		"LEAT_NOMAD_TASKMANAGER_CPU=0.5")
	c.Stdout, c.Stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return c
}

func result(c *exec.Cmd) ran {
	return ran{c.ProcessState.ExitCode(), c.Stdout.(*bytes.Buffer).String(), c.Stderr.(*bytes.Buffer).String()}
}

func leat(t *testing.T, home string, args ...string) ran {
	t.Helper()
	c := command(t, home, args...)
	_ = c.Run() // the exit code tells
	return result(c)
}

// until waits for something, for as long as a busy machine may need.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(50 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "%s has not come", what)
	}
}

// lines are those of all files in a folder, sorted.
func lines(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(dir + "/part-*")
	require.NoError(t, err)
	var all []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all = slices.AppendSeq(all, strings.Lines(string(text)))
	}
	slices.Sort(all)
	return all
}

// allocations are those of a cluster that run, of its JobManager (true) or of its workers.
func allocations(t *testing.T, client *api.Client, cluster string, master bool) (all []*api.AllocationListStub) {
	t.Helper()
	listed, _, err := client.Allocations().List(nil)
	require.NoError(t, err)
	id := "leat-" + cluster
	for _, a := range listed {
		worker := strings.HasPrefix(a.JobID, id+"-worker-")
		if a.ClientStatus == api.AllocClientStatusRunning && a.DesiredStatus == api.AllocDesiredStatusRun && (master && a.JobID == id || !master && worker) {
			all = append(all, a)
		}
	}
	return all
}

// nothingLeft expects that no task of a cluster runs, and that nobody keeps its secret.
func nothingLeft(t *testing.T, client *api.Client, home, cluster string) {
	t.Helper()
	until(t, "the end of workers", func() bool {
		return len(allocations(t, client, cluster, false)) == 0 && len(allocations(t, client, cluster, true)) == 0
	})
	variables, _, err := client.Variables().PrefixList("nomad/jobs/leat-"+cluster, nil)
	require.NoError(t, err)
	require.Empty(t, variables)
	require.NoDirExists(t, filepath.Join(home, ".leat", "applications", "leat-"+cluster))
}
