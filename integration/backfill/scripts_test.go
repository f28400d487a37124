package backfill_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// program is what the lines in scripts/backfill run, which here is a job that notes its arguments, and fails while something is broken.
var program = regexp.MustCompile(`-t yarn-application -p 8 /opt/jobs/\w+`)

const dayJob = `#!/bin/sh
[ ! -e broken ] || { echo "there is no input" >&2; exit 1; }
echo "$*" >>begun
`

// installed is a folder with that job and with a configuration that names the folder of ledgers.
func installed(t *testing.T) (f folder, local *strings.Replacer) {
	t.Helper()
	dir, err := built()
	require.NoError(t, err)
	f = folder{t, t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, "job.sh"), []byte(dayJob), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, "config.yaml"), []byte("high-availability.storageDir: "+f.dir+"/shared\n"), 0o600))
	return f, strings.NewReplacer("/usr/local/bin/leat", dir+"/leat", "/etc/leat", f.dir, "/etc/hadoop/conf", f.dir)
}

func script(t *testing.T, name string, local *strings.Replacer) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../scripts/backfill", name))
	require.NoError(t, err)
	return program.ReplaceAllString(local.Replace(string(text)), "./job.sh")
}

// asCron makes what cron runs of the lines of a crontab: a % that is not escaped would end the command.
func asCron(t *testing.T, text string) (environment, commands []string) {
	t.Helper()
	assignment := regexp.MustCompile(`^[A-Z_]+=\S+$`)
	for line := range strings.Lines(text) {
		switch line = strings.TrimSpace(line); {
		case line == "" || line[0] == '#':
		case assignment.MatchString(line):
			environment = append(environment, line)
		default:
			fields := strings.SplitN(line, " ", 6)
			require.Len(t, fields, 6, line)
			command, input, cut := strings.Cut(strings.ReplaceAll(fields[5], `\%`, "\x00"), "%")
			require.False(t, cut, input)
			commands = append(commands, strings.ReplaceAll(command, "\x00", "%"))
		}
	}
	return environment, commands
}

// What cron mails is nothing while all is well, and a line for each failure and one for all if not. The ledger is where the
// configuration says.
func TestCrontab(t *testing.T) {
	f, local := installed(t)
	environment, commands := asCron(t, script(t, "crontab", local))
	require.Len(t, commands, 2)
	cron := func(command string) ran {
		c := f.leat()
		c.Path, c.Args = "/bin/sh", []string{"/bin/sh", "-c", command}
		c.Env = append([]string{"SHELL=/bin/sh", "PATH=/usr/bin:/bin", "LOGNAME=etl", "HOME=" + f.dir}, environment...)
		return run(c)
	}
	f.touch("broken")
	got := cron(commands[0])
	require.Equal(t, 6, got.code, got.err)
	require.Regexp(t, `^backfill daily: 3 intervals: 0 succeeded, 3 failed \(\d{4}-\d\d-\d\d, \S+, \S+\), in \S+\n$`, got.out)
	require.Regexp(t, `^(leat: \d{4}-\d\d-\d\d failed with exit code 1: there is no input; see \S+\n){3}$`, got.err)
	require.NoError(t, os.Remove(filepath.Join(f.dir, "broken")))
	for range 2 {
		got = cron(commands[0])
		require.Equal(t, ran{}, got)
	}
	days := f.begun()
	require.GreaterOrEqual(t, len(days), 3)
	for day, times := range days {
		require.Equal(t, 1, times, day)
	}
	require.DirExists(t, filepath.Join(f.dir, "shared", "backfill", "daily", "runs"))
	require.Equal(t, ran{}, cron(commands[1]))
	require.Contains(t, f.begun(), "--from 2026-01-01T00:00:00+01:00 --to 2026-02-01T00:00:00+01:00")
}

// The units for systemd are what it accepts, and run the same.
func TestUnits(t *testing.T) {
	f, local := installed(t)
	unit := script(t, "leat-daily.service", local)
	if systemd, err := exec.LookPath("systemd-analyze"); err == nil {
		units := t.TempDir()
		for _, name := range []string{"leat-daily.service", "leat-daily.timer"} {
			require.NoError(t, os.WriteFile(filepath.Join(units, name), []byte(script(t, name, local)), 0o600))
		}
		said, err := exec.Command(systemd, "verify", "--man=no", filepath.Join(units, "leat-daily.service"), filepath.Join(units, "leat-daily.timer")).CombinedOutput()
		require.NoError(t, err, string(said))
		require.NotContains(t, string(said), "leat-daily")
	}
	value := func(key string) []string {
		found := regexp.MustCompile(`(?m)^` + key + `=(.*)$`).FindStringSubmatch(unit)
		require.NotNil(t, found, key)
		return strings.Fields(found[1])
	}
	c := f.leat(value("ExecStart")[1:]...)
	c.Env = append(value("Environment"), "HOME="+f.dir)
	got := run(c)
	require.Zero(t, got.code, got.err)
	require.Regexp(t, `^backfill daily: 3 intervals: 3 succeeded, in \S+\n$`, got.out)
	require.Equal(t, []string{"4"}, value("SuccessExitStatus"))
}
