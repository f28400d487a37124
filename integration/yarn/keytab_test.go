package yarn_test

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A backfill from cron, which has no ticket, no home folder and no environment but what its lines say: the configuration names the
// keytab. The ledger is on HDFS.
func TestBackfillWithKeytab(t *testing.T) {
	c, _ := requireYARN(t)
	if !c.Kerberos() {
		t.Skip("the cluster is not secured")
	}
	dir, conf := folder(t), t.TempDir()
	write(t, dir+"/in/2026-11-20", "a\n")
	write(t, dir+"/in/2026-11-21", "b\n")
	require.NoError(t, os.WriteFile(filepath.Join(conf, "config.yaml"), []byte(strings.Join([]string{
		"security.kerberos.login.keytab: " + filepath.Join(os.Getenv("LEAT_HADOOP_DIR"), "krb5", "alice.keytab"),
		"security.kerberos.login.principal: alice", "security.kerberos.krb5-conf.path: " + os.Getenv("KRB5_CONFIG"),
		"yarn.staging-directory: " + dir}, "\n")), 0o600))
	me, err := user.Current()
	require.NoError(t, err)
	name := filepath.Base(dir)
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Join(me.HomeDir, ".leat", "backfill", name)) }) // logs, in the home that the system knows
	for _, want := range []string{"2 succeeded, in ", "0 succeeded, 2 done before, in "} {
		run := command(t, "", "backfill", "--name", name, "--state", dir+"/ledger", "--from", "2026-11-20", "--to", "2026-11-22", "--tz", "UTC", "--",
			"run", "-t", "yarn-application", "-p", "1", binary(t, "daily"), "--date", "{{date}}", "--input", dir+"/in", "--output", dir+"/out")
		run.Env = []string{"LEAT_CONF_DIR=" + conf, "HADOOP_CONF_DIR=" + os.Getenv("HADOOP_CONF_DIR")}
		_ = run.Run() // the exit code tells
		got := result(run)
		require.Zero(t, got.code, got.out, got.err)
		require.Contains(t, got.out, "backfill "+name+": 2 intervals: "+want)
	}
	require.Equal(t, "a\n", lines(t, dir+"/out/dt=2026-11-20"))
	require.Equal(t, "b\n", lines(t, dir+"/out/dt=2026-11-21"))
}
