package yarn_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// leat yarn check tells what a submission would meet, in one line each, and submits nothing.
func TestCheck(t *testing.T) {
	c, _ := requireYARN(t)
	dir, home := folder(t), t.TempDir()
	public(t, c, dir)
	other, alice := stranger(t, c, home), ""
	if !c.Kerberos() {
		alice = "HADOOP_USER_NAME=alice"
	}
	for _, x := range []struct {
		name, flag, env string
		code            int
		failed          []string // regular expressions, of lines
	}{
		{"all is well", "", "", 0, nil},
		{"closed to others", "-Dyarn.application.queue=closed", alice, 0, nil},
		{"unknown queue", "-Dyarn.application.queue=etll", "", 4, []string{`queue and sizes +queue "etll" does not exist; did you mean "etl"\?`}},
		{"closed", "-Dyarn.application.queue=closed", other, 4, []string{`queue and sizes +queue "closed" takes no applications of user (mallory|bob@\S+): set yarn.application.queue`}},
		{"too large", "-Dtaskmanager.memory.process.size=9g", "", 4, []string{`queue and sizes +a TaskManager of 9216 MB is larger than any container`}},
		{"no right to write", "-Dyarn.staging-directory=" + c.Get("fs.defaultFS", "") + "/leat-test-forbidden", other, 4, []string{`files +\S*.*leat-test-forbidden.*Permission denied`}},
		{"no ticket", "", "KRB5CCNAME=FILE:" + home + "/none", 4, []string{`login +.*kinit`}},
		{"no ResourceManager", "-Dflink.yarn.resourcemanager.ha.enabled=false", "HADOOP_CONF_DIR=" + t.TempDir(), 2, []string{`configuration +.*set HADOOP_CONF_DIR`}},
	} {
		t.Run(x.name, func(t *testing.T) {
			if x.name == "no ticket" && !c.Kerberos() {
				t.Skip("the cluster is not secured")
			}
			args := []string{"yarn", "check", "-Dyarn.staging-directory=" + dir}
			if x.flag != "" {
				args = append(args, x.flag)
			}
			check := command(t, home, args...)
			if x.env != "" {
				check.Env = append(check.Env, x.env)
			}
			_ = check.Run() // the exit code tells
			got := result(check)
			require.Equal(t, x.code, got.code, got.out+got.err)
			require.Equal(t, len(x.failed), strings.Count(got.out, "FAILED"), got.out)
			for _, want := range x.failed {
				require.Regexp(t, `(?m)^FAILED +`+want, got.out)
			}
			require.Empty(t, got.err)
			require.Empty(t, ownFolders(t, dir))
		})
	}
}
