package hdfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/colinmarc/hdfs/v2/hadoopconf"
	"github.com/stretchr/testify/require"
)

// TestNamenodes reads testdata/namenodes: the input is name=value lines, the argument the authority.
func TestNamenodes(t *testing.T) {
	datadriven.RunTest(t, "testdata/namenodes", func(t *testing.T, d *datadriven.TestData) string {
		conf := hadoopconf.HadoopConf{}
		for line := range strings.Lines(d.Input) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			conf[name] = value
		}
		authority := ""
		d.MaybeScanArgs(t, "authority", &authority)
		addrs, err := namenodes(conf, authority)
		if err != nil {
			return "error: " + err.Error()
		}
		return strings.Join(addrs, "\n")
	})
}

func writeSite(t *testing.T, dir, name, value string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o700))
	xml := "<configuration><property><name>" + name + "</name><value>" + value + "</value></property></configuration>"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "core-site.xml"), []byte(xml), 0o600))
}

func TestLoadConf(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	t.Setenv("HADOOP_CONF_DIR", "")
	t.Setenv("HADOOP_HOME", home)
	conf, err := loadConf("", nil)
	require.NoError(t, err)
	require.Empty(t, conf)

	writeSite(t, filepath.Join(home, "etc", "hadoop"), "fs.defaultFS", "hdfs://home")
	conf, err = loadConf("", nil)
	require.NoError(t, err)
	require.Equal(t, "hdfs://home", conf["fs.defaultFS"])

	writeSite(t, dir, "fs.defaultFS", "hdfs://dir")
	t.Setenv("HADOOP_CONF_DIR", dir)
	conf, err = loadConf("", map[string]string{"dfs.replication": "2"})
	require.NoError(t, err)
	require.Equal(t, hadoopconf.HadoopConf{"fs.defaultFS": "hdfs://dir", "dfs.replication": "2"}, conf)

	named := t.TempDir()
	writeSite(t, named, "fs.defaultFS", "hdfs://named")
	conf, err = loadConf(named, nil)
	require.NoError(t, err)
	require.Equal(t, hadoopconf.HadoopConf{"fs.defaultFS": "hdfs://named"}, conf)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "core-site.xml"), []byte("<configuration>"), 0o600))
	_, err = loadConf("", nil)
	require.ErrorIs(t, err, errConfiguration)
	require.ErrorContains(t, err, dir)
}

func TestKerberosErrors(t *testing.T) {
	krb5 := filepath.Join(t.TempDir(), "krb5.conf")
	t.Setenv("KRB5_CONFIG", krb5)
	conf := hadoopconf.HadoopConf{}
	_, err := kerberosLogin(conf)
	require.ErrorContains(t, err, "set KRB5_CONFIG")

	require.NoError(t, os.WriteFile(krb5, []byte("[libdefaults]\n  default_realm = EXAMPLE.COM\n"), 0o600))
	_, err = kerberosLogin(conf)
	require.ErrorContains(t, err, "dfs.namenode.kerberos.principal is not set")

	conf["dfs.namenode.kerberos.principal"] = "nn/_HOST@EXAMPLE.COM"
	t.Setenv("KRB5CCNAME", "KEYRING:persistent:0")
	_, err = kerberosLogin(conf)
	require.ErrorContains(t, err, "use KRB5CCNAME=FILE:path")

	t.Setenv("KRB5CCNAME", "FILE:"+filepath.Join(t.TempDir(), "none"))
	_, err = kerberosLogin(conf)
	require.ErrorContains(t, err, "run kinit")
	require.True(t, isPermanent(err))

	conf["kerberos.keytab"] = "none.keytab"
	_, err = kerberosLogin(conf)
	require.ErrorContains(t, err, "write name@REALM")
	conf["kerberos.principal"] = "alice"
	_, err = kerberosLogin(conf)
	require.ErrorContains(t, err, "read keytab none.keytab")
}
