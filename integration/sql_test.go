package integration

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/integration/processes"
)

// sqlScript has statements of each kind whose outcome must not depend on where they run: definitions that outlive the process, paths
// from the current directory, several jobs of which later ones read what earlier ones have written, the time, the time zone.
const sqlScript = `
CREATE CATALOG kept WITH ('type' = 'file', 'path' = '{{dir}}/catalog');
USE CATALOG kept;
CREATE DATABASE IF NOT EXISTS shop;
USE shop;
CREATE TABLE sales (id INT, city STRING, amount DECIMAL(10, 2)) WITH ('connector' = 'filesystem', 'path' = '{{sales}}', 'format' = 'csv');
INSERT INTO sales VALUES (1, 'Rome', 2.50), (2, 'Oslo', 1.25), (3, 'Rome', 4.00), (4, 'Bonn', 7.75);
SELECT COUNT(*) AS n, SUM(amount) AS total FROM sales;
CREATE TABLE cities WITH ('connector' = 'filesystem', 'path' = '{{dir}}/cities', 'format' = 'json') AS
  SELECT city, SUM(amount) AS total FROM sales GROUP BY city;
CREATE VIEW rich AS SELECT * FROM cities WHERE total > 5;
CREATE TABLE seen (what STRING, n BIGINT) WITH ('connector' = 'filesystem', 'path' = '{{dir}}/seen', 'format' = 'csv');
EXECUTE STATEMENT SET BEGIN
  INSERT INTO seen SELECT 'cities', COUNT(*) FROM cities;
  INSERT INTO '{{big}}' SELECT * FROM sales WHERE amount > 3;
END;
SELECT s.id, c.city, c.total, s.amount / c.total AS part, CURRENT_DATE >= DATE '2020-01-01' AS now,
    CAST(TO_TIMESTAMP_LTZ(0, 3) AS STRING) AS epoch
  FROM sales AS s JOIN rich AS c ON s.city = c.city ORDER BY s.id;
SELECT what, n FROM seen UNION ALL SELECT 'big', COUNT(*) FROM '{{big}}' ORDER BY what;
DROP VIEW rich;
SHOW TABLES;
`

// sqlClient runs leat in a directory of its own.
func sqlClient(t *testing.T, c *exec.Cmd, dir string) (out string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o700))
	c.Dir = dir
	c.Env = append(os.Environ(), "TZ=America/New_York")
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	require.NoError(t, c.Run(), "%s\n%s", stdout.String(), stderr.String())
	return stdout.String()
}

// TestSQLOnCluster: a script has the same outcome in this process, attached to a cluster of two TaskManagers, and run there.
func TestSQLOnCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 2, 2)
	script := write(t, filepath.Join(c.dir, "job.sql"), sqlScript)
	dir := func(name string) string { return filepath.Join(c.dir, name) }
	args := func(name, from string) []string {
		return []string{"--format", "table", "--var", "dir=" + dir(name), "--var", "sales=" + from + "sales", "--var", "big=" + from + "big.csv"}
	}

	local := exec.Command(command(t, "leat"), append([]string{"sql", "-q", "-f", script}, args("local", "")...)...)
	want := sqlClient(t, local, dir("local"))
	require.Contains(t, want, "| 4 |", want)
	require.Contains(t, want, "1969-12-31 19:00:00.000", "the zone is that of the client")

	require.Equal(t, want, sqlClient(t, c.leat("sql", append([]string{"-q", "-p", "3", "-f", script}, args("session", "")...)...), dir("session")))
	require.Equal(t, want, sqlClient(t, c.leat("run", append([]string{"-q", script}, args("attached", "")...)...), dir("attached")))

	sqlClient(t, c.leat("run", append([]string{"-d", script}, args("detached", dir("detached")+"/")...)...), dir("detached"))
	require.Eventually(t, func() bool {
		found, err := filepath.Glob(filepath.Join(dir("detached"), "seen", "part-*"))
		return err == nil && len(found) > 0
	}, processes.Patience, 100*time.Millisecond, "the detached script does not come to its end")
	require.Equal(t, contents(t, filepath.Join(dir("local"), "seen")), contents(t, filepath.Join(dir("detached"), "seen")))

	submitted, err := c.leat("sql", "-d", "-e", "INSERT INTO '"+dir("submitted.csv")+"' SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t (n, s)").CombinedOutput()
	require.NoError(t, err, string(submitted))
	require.Regexp(t, `successfully submitted to the cluster:\s+Job ID: [0-9a-f]{32}\n$`, string(submitted))
	require.Eventually(t, func() bool {
		rows, err := os.ReadFile(dir("submitted.csv"))
		return err == nil && string(rows) == "n,s\n1,a\n2,b\n"
	}, processes.Patience, 50*time.Millisecond, "the statement was not run")
}

// TestSQLFailures: what is wrong is told as by SQL in one process, and an interrupted query is cancelled.
func TestSQLFailures(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 1, 2)
	fails := func(code int, want string, cmd *exec.Cmd) {
		t.Helper()
		out, err := cmd.CombinedOutput()
		require.Error(t, err, string(out))
		require.Equal(t, code, cmd.ProcessState.ExitCode(), string(out))
		require.Contains(t, string(out), want)
		require.NotContains(t, string(out), "goroutine ")
	}
	fails(2, "did you mean SELECT", c.leat("sql", "-e", "SELEC 1"))
	fails(1, "division by zero", c.leat("sql", "-e", "SELECT a / 0 FROM (VALUES (1), (2)) AS t (a)"))
	fails(1, "no such file", c.leat("sql", "-e", "CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = '/none/here', 'format' = 'csv'); SELECT * FROM t"))
	random := make([]byte, 200<<10)
	rand.NewChaCha8([32]byte{8}).Read(random)
	long := write(t, filepath.Join(c.dir, "long.sql"), "-- "+hex.EncodeToString(random)+"\nSELECT 1;")
	fails(2, "is too long to be sent to a cluster", c.leat("run", "-d", long))

	numbers := "(VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)) AS "
	query := "SELECT COUNT(*) FROM " + numbers + "a0 (x)"
	for i := 1; i < 14; i++ {
		query += fmt.Sprintf(" CROSS JOIN %sa%d (x%d)", numbers, i, i)
	}
	endless := c.leat("sql", "-e", query)
	var stderr bytes.Buffer
	endless.Stderr = &stderr
	require.NoError(t, endless.Start())
	var id string
	require.Eventually(t, func() bool {
		out, err := c.leat("list", "-r").CombinedOutput()
		id = regexp.MustCompile("[0-9a-f]{32}").FindString(string(out))
		return err == nil && id != "" && strings.Contains(string(out), "(RUNNING)")
	}, processes.Patience, 50*time.Millisecond, "the query does not run")
	require.NoError(t, endless.Process.Signal(syscall.SIGINT))
	require.Error(t, endless.Wait())
	require.Equal(t, 130, endless.ProcessState.ExitCode(), stderr.String())
	require.Eventually(t, func() bool {
		out, err := c.leat("list", "-a").CombinedOutput()
		return err == nil && strings.Contains(string(out), id+" : collect (CANCELED)")
	}, processes.Patience, 50*time.Millisecond, "the query was not cancelled")
}
