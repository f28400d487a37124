package integration

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// randomGraph writes the edges of a random graph, and of a way of so many steps beside it.
func randomGraph(t *testing.T, path string, vertices, edges, steps int) {
	f, err := os.Create(path)
	require.NoError(t, err)
	w := bufio.NewWriter(f)
	rng := rand.New(rand.NewPCG(7, 7))
	for range edges {
		fmt.Fprintln(w, rng.IntN(vertices), rng.IntN(vertices))
	}
	for i := range steps {
		fmt.Fprintln(w, vertices+i, vertices+i+1)
	}
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
}

// csvPairs reads lines "ID,NUMBER" of all files of a directory.
func csvPairs(t *testing.T, dir string) map[string]float64 {
	parts, err := filepath.Glob(filepath.Join(dir, "part-*"))
	require.NoError(t, err)
	all := map[string]float64{}
	for _, p := range parts {
		b, err := os.ReadFile(p)
		require.NoError(t, err)
		for line := range strings.Lines(string(b)) {
			id, n, ok := strings.Cut(strings.TrimSpace(line), ",")
			require.True(t, ok, "%q", line)
			require.NotContains(t, all, id)
			all[id], err = strconv.ParseFloat(n, 64)
			require.NoError(t, err)
		}
	}
	return all
}

func requireSamePairs(t *testing.T, want, got map[string]float64) {
	require.NotEmpty(t, want)
	require.Len(t, got, len(want))
	for id, n := range want {
		require.InDelta(t, n, got[id], 1e-9, "vertex %s", id)
	}
}

// TestIterationsOnACluster runs both examples on processes, and both again while a TaskManager is killed.
func TestIterationsOnACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	edges := filepath.Join(dir, "edges")
	randomGraph(t, edges, 5_000, 8_000, 500)
	for _, program := range []string{"pagerank", "connectedcomponents"} {
		t.Run(program, func(t *testing.T) {
			binary, local := command(t, program), filepath.Join(dir, program)
			args := []string{"--edges", edges}
			if program == "pagerank" {
				args = append(args, "--iterations", "500")
			}
			out, err := exec.Command(binary, append(args, "--output", local, "-D", "parallelism.default=1")...).CombinedOutput()
			require.NoError(t, err, "%s", out)
			want := csvPairs(t, local)

			c := startCluster(t, 2, 2)
			remote := filepath.Join(c.dir, "out")
			c.run(append([]string{"-p", "4", binary, "--output", remote}, args...)...)
			requireSamePairs(t, want, csvPairs(t, remote))
			c.killDuring(t, want, binary, args)
		})
	}
}

// killDuring kills a TaskManager while the program runs detached, and starts another one.
func (c *cluster) killDuring(t *testing.T, want map[string]float64, binary string, args []string) {
	output := filepath.Join(c.dir, "after")
	detached, err := c.leat("run", append([]string{"-d", "-p", "4", "-D", "restart-strategy.type=fixed-delay", "-D", "restart-strategy.fixed-delay.delay=100 ms",
		"-D", "restart-strategy.fixed-delay.attempts=10", binary, "--output", output}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s", detached)
	id := regexp.MustCompile(`[0-9a-f]{32}`).FindString(string(detached))
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", c.rest)}})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		j, err := client.Job(t.Context(), id)
		return err == nil && slices.ContainsFunc(j.Vertices, func(v messages.JobVertex) bool {
			return strings.Contains(v.Name, "Feedback") && v.Status == "RUNNING"
		})
	}, 60*time.Second, 5*time.Millisecond, "the iteration did not begin")
	c.taskManagers[0].Kill()
	c.start("taskmanager", "-D", "taskmanager.numberOfTaskSlots=2", "-D", "io.tmp.dirs="+filepath.Join(c.dir, "tm2"))
	c.report(id)
	require.Eventually(t, func() bool {
		j, err := client.Job(t.Context(), id)
		require.True(t, err != nil || j.State != "FAILED" && j.State != "CANCELED")
		return err == nil && j.State == "FINISHED"
	}, 90*time.Second, 100*time.Millisecond, "the job did not end")
	history, err := client.Exceptions(t.Context(), id)
	require.NoError(t, err)
	require.NotEmpty(t, history.Entries, "the TaskManager was killed when the iteration was over")
	requireSamePairs(t, want, csvPairs(t, output))
}
