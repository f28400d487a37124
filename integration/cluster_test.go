package integration

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/integration/processes"
)

// cluster is a JobManager and TaskManagers as processes on loopback.
type cluster struct {
	t            *testing.T
	dir          string
	rest, rpc    int
	jobManager   *processes.Process
	taskManagers []*processes.Process
	started      int // processes
}

func startCluster(t *testing.T, taskManagers, slots int) *cluster {
	c := &cluster{t: t, dir: t.TempDir(), rest: processes.FreePort(t), rpc: processes.FreePort(t)}
	c.jobManager = c.start("jobmanager")
	for i := range taskManagers {
		c.taskManagers = append(c.taskManagers, c.start("taskmanager", "-D", fmt.Sprintf("taskmanager.numberOfTaskSlots=%d", slots),
			"-D", "io.tmp.dirs="+filepath.Join(c.dir, fmt.Sprint("tm", i))))
	}
	require.Eventually(t, func() bool {
		out, err := c.leat("list").CombinedOutput()
		return err == nil && strings.Contains(string(out), "No running jobs") && c.slots() == taskManagers*slots
	}, 30*time.Second, 50*time.Millisecond, "the cluster did not come up")
	return c
}

// start starts a role in the foreground; it is ended with the test.
func (c *cluster) start(role string, flags ...string) *processes.Process {
	c.started++
	return processes.Start(c.t, filepath.Join(c.dir, fmt.Sprint(role, c.started, ".log")), c.command(role, flags...).Args...)
}

// report has what the cluster says of a job printed when the test has failed.
func (c *cluster) report(id string) {
	c.t.Cleanup(func() {
		if !c.t.Failed() {
			return
		}
		for _, command := range [][]string{{"info", "--json", id}, {"logs", id}} {
			out, err := c.leat(command[0], command[1:]...).CombinedOutput()
			c.t.Logf("%s: %v\n%s", command[0], err, out)
		}
	})
}

// command is that of a role.
func (c *cluster) command(role string, flags ...string) *exec.Cmd {
	args := append([]string{role, "-D", fmt.Sprint("rest.port=", c.rest), "-D", fmt.Sprint("jobmanager.rpc.port=", c.rpc),
		"-D", "cluster.state-dir=" + filepath.Join(c.dir, "state"), "-D", "cluster.work-dir=" + c.dir}, flags...)
	return exec.Command(command(c.t, "leat"), args...)
}

// leat is a command of the client.
func (c *cluster) leat(verb string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	c.t.Cleanup(cancel)
	return exec.CommandContext(ctx, command(c.t, "leat"), append([]string{verb, "-m", fmt.Sprint("127.0.0.1:", c.rest)}, args...)...)
}

func (c *cluster) slots() int {
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", c.rest)}})
	require.NoError(c.t, err)
	o, err := client.Overview(c.t.Context())
	if err != nil {
		return 0
	}
	return o.SlotsTotal
}

// run runs a program attached and returns its sorted lines.
func (c *cluster) run(args ...string) []string {
	cmd := c.leat("run", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(c.t, err, "%s", stderr.String())
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	return lines
}

func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 2, 2)
	program := command(t, "wordcount")
	text, err := filepath.Abs("../cmd/examples/wordcount/text.txt")
	require.NoError(t, err)
	local, err := exec.Command(program, "--input", text).Output()
	require.NoError(t, err)
	want := strings.Split(strings.TrimSpace(string(local)), "\n")
	slices.Sort(want)

	require.Equal(t, want, c.run("-p", "3", program, "--input", text))
	require.Equal(t, want, c.run("-p", "3", "-D", "taskmanager.network.compression.codec=LZ4", program, "--input", text))
	require.Greater(t, len(c.run("-D", "execution.runtime-mode=STREAMING", program, "--input", text)), len(want))

	for _, mode := range []string{"BATCH", "STREAMING"} {
		dir := filepath.Join(c.dir, mode)
		c.run("-p", "2", "-D", "execution.runtime-mode="+mode, program, "--input", text, "--output", dir)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		words := map[string]bool{}
		for _, e := range entries {
			require.False(t, strings.HasPrefix(e.Name(), "."), "%s is left hidden", e.Name())
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			require.NoError(t, err)
			for line := range strings.Lines(string(b)) {
				words[line[:strings.LastIndexByte(line, ',')]] = true
			}
		}
		require.Len(t, words, len(want))
	}

	c.detach()

	failed := c.leat("run", program, "--input", filepath.Join(c.dir, "missing"))
	out, err := failed.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 1, failed.ProcessState.ExitCode())
	require.Contains(t, string(out), "no such file")

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(conn, "to be or not to be\n")
			defer conn.Close()
		}
	}()
	detached, err := c.leat("run", "-d", program, "--socket", l.Addr().String()).CombinedOutput()
	require.NoError(t, err, "%s", detached)
	id := regexp.MustCompile(`[0-9a-f]{32}`).FindString(string(detached))
	require.Eventually(t, func() bool {
		out, err := c.leat("logs", id).CombinedOutput()
		return err == nil && strings.Contains(string(out), "(be, 2)")
	}, 30*time.Second, 100*time.Millisecond, "the job's output did not come")
	cancelled, err := c.leat("cancel", id).CombinedOutput()
	require.NoError(t, err, "%s", cancelled)
	require.Contains(t, string(cancelled), "Cancelled job "+id)
	require.Eventually(t, func() bool {
		out, err := c.leat("list", "-a").CombinedOutput()
		return err == nil && strings.Contains(string(out), id+" : Word Count (CANCELED)")
	}, 30*time.Second, 100*time.Millisecond)
}

// detach sends Ctrl-C to who waits for a job without end: the job goes on, and is cancelled as that said.
func (c *cluster) detach() {
	t := c.t
	cmd := c.leat("run", link(t, "endless"), filepath.Join(c.dir, "endless"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		out, err := c.leat("list", "-r").CombinedOutput()
		return err == nil && strings.Contains(string(out), "(RUNNING)")
	}, time.Minute, 50*time.Millisecond, "the job does not run")
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	require.Error(t, cmd.Wait())
	require.Equal(t, 130, cmd.ProcessState.ExitCode(), stderr.String())
	how := regexp.MustCompile("detached: job [0-9a-f]{32} goes on; cancel it by: leat cancel -m ([0-9.:]+) ([0-9a-f]{32})").FindStringSubmatch(stderr.String())
	require.NotNil(t, how, stderr.String())
	listed, err := c.leat("list", "-r").CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, string(listed), how[2])
	out, err := exec.Command(command(t, "leat"), "cancel", "-m", how[1], how[2]).CombinedOutput()
	require.NoError(t, err, string(out))
}
