package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sqlRun runs leat in a process of its own, since jobs of SQL run in it.
func sqlRun(t *testing.T, input string, args ...string) result {
	t.Helper()
	c := exec.Command(link(t, commandName), args...)
	var out, errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(input), &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

func TestSQL(t *testing.T) {
	script := filepath.Join(t.TempDir(), "job.sql")
	require.NoError(t, os.WriteFile(script, []byte("SELECT 1 AS a;\nSELECT {{n}} AS n, '{{name}}' AS name, CAST(NULL AS INT) AS x"), 0o600))
	for _, c := range []struct {
		input string
		args  []string
		want  result
	}{
		{"", []string{"-e", "SELECT 1 + 1 AS a"}, result{0, "a\n2\n", ""}},
		{"SELECT 3 AS a", nil, result{0, "a\n3\n", ""}},
		{"", []string{"--format", "json", "-e", "SELECT 'x' AS a"}, result{0, "{\"a\": \"x\"}\n", ""}},
		{"", []string{"-q", "-f", script, "--var", "n=5", "--var", "name=it's", "--null", "NULL"}, result{0, "n,name,x\n5,it's,NULL\n", ""}},
		{"", []string{"-e", "SELEC 1"}, result{2, "", "leat: line 1, column 1: expected a statement, found SELEC\n        SELEC 1\n        ^\n      did you mean SELECT instead of SELEC?\n"}},
		{"", []string{"-f", script}, result{2, "", "leat: line 2, column 8: variable n has no value\n        SELECT {{n}} AS n, '{{name}}' AS name, CAST(NULL AS INT) AS x\n               ^\n      give it by --var n=VALUE\n"}},
		{"", []string{"-f", "missing.sql"}, result{2, "", "leat: reading the script: open missing.sql: no such file or directory\n"}},
		{"", []string{"--format", "cvs", "-e", "SELECT 1"}, result{2, "", "leat: --format cvs: expected table, csv or json; did you mean \"csv\"?\n"}},
		{"", []string{"--var", "x", "-e", "SELECT 1"}, result{2, "", "leat: --var x: expected NAME=VALUE\n"}},
		{"", []string{"-f", script, "-e", "SELECT 1"}, result{2, "", "leat: sql: -e and -f: give one of them\n"}},
	} {
		require.Equal(t, c.want, sqlRun(t, c.input, append([]string{"sql"}, c.args...)...), "%q", c.args)
	}
	failed := sqlRun(t, "", "sql", "-e", "SELECT 1 / 0 AS a")
	require.Equal(t, 1, failed.code)
	require.Contains(t, failed.err, "division by zero")
}

func TestRunOfAScript(t *testing.T) {
	script := filepath.Join(t.TempDir(), "job.sql")
	require.NoError(t, os.WriteFile(script, []byte("SELECT {{n}} AS n"), 0o600))
	require.Equal(t, result{0, "n\n5\n", ""}, sqlRun(t, "", "run", "--quiet", script, "--var", "n=5"))
	wrong := sqlRun(t, "", "run", script)
	require.Equal(t, 2, wrong.code)
	require.Contains(t, wrong.err, "variable n has no value")
}
