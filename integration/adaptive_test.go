package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// TestAdaptiveParallelism counts words: the cluster chooses the number of reducers from the bytes that they are to read.
func TestAdaptiveParallelism(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 2, 2)
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", c.rest)}})
	require.NoError(t, err)
	program, few, many := command(t, "wordcount"), filepath.Join(c.dir, "few"), filepath.Join(c.dir, "many")
	write(t, few, strings.Repeat("to be or not to be\n", 1000))
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, "word%d word%d\n", i*7919%100_003, i%1000)
	}
	write(t, many, b.String())

	const auto = "execution.batch.adaptive.auto-parallelism."
	for _, tc := range []struct {
		name, input string
		flags       []string
		reducers    func(n int) bool
	}{
		{"little data", few, nil, func(n int) bool { return n == 1 }},
		{"much data", many, []string{"-D", auto + "avg-data-volume-per-task=200 kb"}, func(n int) bool { return n > 2 && n < 64 }},
		{"parallelism.default is the bound", many, []string{"-p", "2", "-D", auto + "avg-data-volume-per-task=200 kb"}, func(n int) bool { return n == 2 }},
		{"at least", few, []string{"-D", auto + "min-parallelism=3"}, func(n int) bool { return n >= 3 && n <= 4 }},
		{"turned off", few, []string{"-p", "3", "-D", auto + "enabled=false"}, func(n int) bool { return n == 3 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := counts(t, exec.Command(program, "--input", tc.input, "--output", filepath.Join(c.dir, tc.name, "local")), filepath.Join(c.dir, tc.name, "local"))
			dir := filepath.Join(c.dir, tc.name, "cluster")
			require.Equal(t, want, counts(t, c.leat("run", append(slices.Clone(tc.flags), program, "--input", tc.input, "--output", dir)...), dir))
			jobs, err := client.List(t.Context())
			require.NoError(t, err)
			newest := slices.MaxFunc(jobs, func(a, b messages.JobOverview) int { return int(a.StartTime - b.StartTime) })
			d, err := client.Job(t.Context(), newest.JID)
			require.NoError(t, err)
			reducer := d.Vertices[len(d.Vertices)-1]
			require.True(t, tc.reducers(reducer.Parallelism), "%d reducers", reducer.Parallelism)
			require.Contains(t, string(d.Plan), fmt.Sprintf(`"id":%q,"parallelism":%d`, reducer.ID, reducer.Parallelism))
		})
	}
	out, err := c.leat("run", "-p", "2", "-D", auto+"min-parallelism=3", program, "--input", few).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "min-parallelism is 3, above the highest parallelism of 2")
}

// TestAdaptiveJoin joins a table with a part of another one: when that has turned out to be small, before the first one is read, all tasks
// read it whole.
func TestAdaptiveJoin(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 2, 2)
	client, err := rest.New(rest.Options{Members: []string{fmt.Sprint("http://127.0.0.1:", c.rest)}})
	require.NoError(t, err)
	table := func(name string, rows int) string {
		return fmt.Sprintf("CREATE TABLE %s (k BIGINT, v BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '%d', 'fields.k.kind' = 'sequence',"+
			" 'fields.k.start' = '1', 'fields.k.end' = '%[2]d', 'fields.v.kind' = 'sequence', 'fields.v.start' = '1', 'fields.v.end' = '%[2]d');\n", name, rows)
	}
	const option = "table.optimizer.adaptive-broadcast-join.strategy"
	for _, tc := range []struct {
		name, settings string
		broadcast      bool
	}{
		{"small", "SET '" + option + "' = 'runtime_only'", true},
		{"too large", "SET '" + option + "' = 'runtime_only'; SET 'table.optimizer.join.broadcast-threshold' = '100'", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			script := write(t, filepath.Join(c.dir, "join.sql"), table("facts", 50_000)+table("dims", 40_000)+tc.settings+";\nSELECT COUNT(*), SUM(f.v), SUM(d.v) FROM facts AS f "+
				"JOIN (SELECT * FROM dims WHERE v < 100) AS d ON f.k = d.k;\n")
			out, err := c.leat("sql", "-q", "-p", "4", "-f", script).Output()
			require.NoError(t, err)
			require.Contains(t, string(out), "99,4950,4950")
			jobs, err := client.List(t.Context())
			require.NoError(t, err)
			newest := slices.MaxFunc(jobs, func(a, b messages.JobOverview) int { return int(a.StartTime - b.StartTime) })
			d, err := client.Job(t.Context(), newest.JID)
			require.NoError(t, err)
			require.Contains(t, string(d.Plan), "AdaptiveJoin(originalJoin=[ShuffleHashJoin]")
			require.Equal(t, tc.broadcast, strings.Contains(string(d.Plan), `"ship_strategy":"RESCALE"`), "%s", d.Plan)
		})
	}
}

// counts runs a command that writes files and returns their lines.
func counts(t *testing.T, cmd *exec.Cmd, dir string) (lines []string) {
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		lines = append(lines, strings.Split(strings.TrimSpace(string(b)), "\n")...)
	}
	slices.Sort(lines)
	return lines
}
