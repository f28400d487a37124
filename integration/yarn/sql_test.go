package yarn_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

// sales are the days and amounts that scripts report on.
const sales = "day,amount\n2026-11-01,1\n2026-11-02,2\n2026-11-02,3\n"

// script writes a script into a folder of its own.
func script(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// A script of SQL is an application of its name, whose statements run there.
func TestScript(t *testing.T) {
	_, client := requireYARN(t)
	dir, home := folder(t), t.TempDir()
	write(t, dir+"/sales.csv", sales)
	job := script(t, "job.sql", `CREATE TABLE totals (day STRING, total BIGINT) WITH ('connector' = 'filesystem', 'path' = '`+dir+`/totals', 'format' = 'csv');
INSERT INTO totals SELECT CAST(day AS STRING), SUM(amount) FROM '`+dir+`/sales.csv' GROUP BY day`)
	got := leat(t, home, "run", "-t", "yarn-application", "-Dyarn.staging-directory="+dir, job)
	require.Zero(t, got.code, got.err)
	require.Equal(t, "2026-11-01,1\n2026-11-02,5\n", lines(t, dir+"/totals"))
	r := report(t, client, got.err)
	require.Equal(t, wire.FinalApplicationStatus_APP_SUCCEEDED, r.GetFinalApplicationStatus())
	require.Equal(t, "job.sql", r.GetName())
	nothingLeft(t, dir, home, got.err)

	job = script(t, "wrong.sql", "SELECT 1;\nSELEC 2")
	got = leat(t, home, "run", "-t", "yarn-application", "-Dyarn.staging-directory="+dir, job)
	require.Equal(t, 2, got.code, got.err)
	require.Contains(t, got.err, "SELEC")
	nothingLeft(t, dir, home, got.err)
}

// A backfill runs a script for each day, each as an application; what has succeeded is not run again.
func TestBackfill(t *testing.T) {
	requireYARN(t)
	dir, home := folder(t), t.TempDir()
	write(t, dir+"/sales.csv", sales)
	job := script(t, "report.sql", "INSERT INTO '"+dir+"/out/{{date}}.csv' SELECT COUNT(*) AS n, SUM(amount) AS total FROM '"+dir+
		"/sales.csv' WHERE CAST(day AS STRING) = '{{date}}'")
	fill := []string{"backfill", "--name", "report", "--state", dir + "/ledgers", "--from", "2026-11-01", "--to", "2026-11-03", "--every", "1d", "--tz", "UTC",
		"--", "run", "-t", "yarn-application", "-Dyarn.staging-directory=" + dir, job, "--var", "date={{date}}"}
	got := leat(t, home, fill...)
	require.Zero(t, got.code, got.err)
	for day, want := range map[string]string{"2026-11-01": "1,1", "2026-11-02": "2,5"} {
		text, there := read(t, dir+"/out/"+day+".csv")
		require.True(t, there, day)
		require.Equal(t, "n,total\n"+want+"\n", text)
	}
	require.Empty(t, ownFolders(t, dir))
	again := leat(t, home, fill...)
	require.Zero(t, again.code, again.err)
	require.NotRegexp(t, applicationID, again.err)
}
