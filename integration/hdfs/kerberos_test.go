package hdfs_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/krb5"
	"github.com/leatproject/leat/storage/hadoop/namenode"
)

// requireKerberos returns the folder of keytabs and tickets.
func requireKerberos(t *testing.T) string {
	t.Helper()
	requireHDFS(t)
	dir := filepath.Join(os.Getenv("LEAT_HADOOP_DIR"), "krb5")
	if _, err := os.Stat(filepath.Join(dir, "krb5.conf")); err != nil {
		t.Skip("the cluster is not secured; run scripts/hadoop/up.sh --kerberos yes")
	}
	return dir
}

// connect makes a client of the NameNodes with properties on top of the cluster's.
func connect(t *testing.T, properties map[string]string, noTokens bool) (*namenode.Client, error) {
	t.Helper()
	c, err := conf.Load("", properties)
	require.NoError(t, err)
	nn, err := namenode.Connect(namenode.Options{Conf: c, NoTokens: noTokens})
	if err == nil {
		t.Cleanup(nn.Close)
	}
	return nn, err
}

// stat connects and asks for the root.
func stat(t *testing.T, properties map[string]string) error {
	t.Helper()
	nn, err := connect(t, properties, false)
	if err == nil {
		_, err = nn.Stat(t.Context(), "/")
	}
	return err
}

func keytabOf(krb, name string) map[string]string {
	return map[string]string{namenode.KeytabProperty: krb + "/" + name + ".keytab", namenode.PrincipalProperty: name}
}

// with adds properties.
func with(properties map[string]string, pairs ...string) map[string]string {
	out := map[string]string{}
	for k, v := range properties {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// Every login reads and writes at every protection of calls and of data.
func TestKerberosProtections(t *testing.T) {
	krb := requireKerberos(t)
	const size = 3 << 20
	for login, properties := range map[string]map[string]string{
		"keytab":         keytabOf(krb, "alice"),
		"ticket cache":   {namenode.CacheProperty: "FILE:" + krb + "/alice.cache"},
		"AES with SHA-2": with(keytabOf(krb, "alice"), namenode.ConfigProperty, krb+"/sha2.conf"),
	} {
		for _, protection := range []string{"authentication", "integrity", "privacy"} {
			t.Run(login+" "+protection, func(t *testing.T) {
				options := filesystem.Options{Properties: with(properties, "hadoop.rpc.protection", protection, "dfs.data.transfer.protection", protection)}
				fs, dir, err := filesystem.Open(t.Context(), fmt.Sprintf("%s/tmp/leat-kerberos-%d", requireHDFS(t), time.Now().UnixNano()), options)
				require.NoError(t, err)
				t.Cleanup(func() { removeAll(t, fs, dir) })
				writeFile(t, fs, dir+"/f", 7, size)
				f, err := fs.Open(t.Context(), dir+"/f")
				require.NoError(t, err)
				checkRest(t, f, 7, 0, size)
				require.NoError(t, f.Close())
				require.NoError(t, fs.Rename(t.Context(), dir+"/f", dir+"/g"))
				writeFile(t, fs, dir+"/f", 7, 10)
				require.ErrorIs(t, fs.Rename(t.Context(), dir+"/f", dir+"/g"), filesystem.ErrExist)
			})
		}
	}
}

// Whoever cannot log in is told what to do, at once.
func TestKerberosErrors(t *testing.T) {
	krb := requireKerberos(t)
	begin := time.Now()
	kinit := func(name string, args ...string) string {
		cache := filepath.Join(t.TempDir(), "cache")
		out, err := exec.Command("kinit", append(args, "-c", "FILE:"+cache, "-k", "-t", krb+"/"+name+".keytab", name)...).CombinedOutput()
		require.NoError(t, err, string(out))
		return cache
	}
	expired := kinit("alice", "-l", "1s")
	offline := filepath.Join(t.TempDir(), "krb5.conf")
	require.NoError(t, os.WriteFile(offline, []byte("[libdefaults]\ndefault_realm = LEAT.TEST\n[realms]\nLEAT.TEST = {\nkdc = 127.0.0.1:1\n}\n"), 0o600))
	for _, tc := range []struct {
		name       string
		properties map[string]string
		want       []string
	}{
		{"no ticket", map[string]string{namenode.CacheProperty: "FILE:/nowhere"}, []string{"/nowhere", "run kinit, or give a keytab and principal"}},
		{"expired ticket", map[string]string{namenode.CacheProperty: expired}, []string{expired, "the ticket of alice@LEAT.TEST has expired at", "run kinit"}},
		{"another's ticket", map[string]string{namenode.CacheProperty: kinit("bob"), namenode.PrincipalProperty: "alice"}, []string{"is that of bob@LEAT.TEST, not of alice"}},
		{"cache in memory", map[string]string{namenode.CacheProperty: "KCM:0"}, []string{"caches of kind KCM cannot be read; run kinit -c FILE:"}},
		{"old key", keytabOf(krb, "late"), []string{"late@LEAT.TEST", "export a new one"}},
		{"unknown principal", with(keytabOf(krb, "alice"), namenode.PrincipalProperty, "carol"), []string{"carol@LEAT.TEST", "check its name and realm"}},
		{"keytab of another", with(keytabOf(krb, "alice"), namenode.PrincipalProperty, "bob"), []string{"bob@LEAT.TEST", "does not hold the principal"}},
		{"no KDC", with(keytabOf(krb, "alice"), namenode.ConfigProperty, offline), []string{"no KDC answers", "check that the kdc of krb5.conf runs"}},
		{"another server", with(keytabOf(krb, "alice"), "dfs.namenode.kerberos.principal", "nn/_HOST@LEAT.TEST"), []string{"says that it is hdfs/localhost", "correct dfs.namenode.kerberos.principal"}},
		{"no principal of the server", with(keytabOf(krb, "alice"), "dfs.namenode.kerberos.principal", ""), []string{"dfs.namenode.kerberos.principal is not set"}},
		{"not secured", map[string]string{"hadoop.security.authentication": "simple"}, []string{"the cluster is secured: set HADOOP_CONF_DIR"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.name == "expired ticket" {
				require.Eventually(t, func() bool { return time.Since(begin) > 2*time.Second }, time.Minute, 100*time.Millisecond)
			}
			err := stat(t, tc.properties)
			for _, text := range tc.want {
				require.ErrorContains(t, err, text)
			}
		})
	}
	require.NoError(t, stat(t, map[string]string{namenode.CacheProperty: kinit("bob")}))
}

// A principal of a realm that the cluster's trusts.
func TestKerberosAcrossRealms(t *testing.T) {
	krb := requireKerberos(t)
	for _, config := range []string{krb + "/krb5.conf", krb + "/sha2.conf"} {
		nn, err := connect(t, map[string]string{
			namenode.KeytabProperty: krb + "/carol.keytab", namenode.PrincipalProperty: "carol@OTHER.TEST", namenode.ConfigProperty: config,
			"hadoop.rpc.protection": "privacy",
		}, false)
		require.NoError(t, err)
		_, err = nn.Stat(t.Context(), "/")
		require.NoError(t, err)
		require.Equal(t, "carol@OTHER.TEST", nn.User())
	}
}

// A process that reads a ticket cache gets the ticket that kinit puts there later, and renews what can be renewed.
func TestKerberosRenewal(t *testing.T) {
	krb := requireKerberos(t)
	cache := filepath.Join(t.TempDir(), "cache")
	kinit := func(args ...string) {
		out, err := exec.Command("kinit", append(args, "-c", "FILE:"+cache, "-k", "-t", krb+"/alice.keytab", "alice")...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	kinit("-l", "1h", "-r", "2h")
	login, err := krb5.Open(krb5.Options{Cache: cache})
	require.NoError(t, err)
	t.Cleanup(login.Close)
	require.NoError(t, os.Remove(cache), "from here on only renewal helps")
	for range 2 {
		require.NoError(t, login.Renew())
		_, err = login.Ticket(t.Context(), "hdfs/localhost@LEAT.TEST")
		require.NoError(t, err)
	}
	kinit("-l", "1h")
	_, err = login.Ticket(t.Context(), "HTTP/localhost@LEAT.TEST")
	require.NoError(t, err)
	keytab, err := krb5.Open(krb5.Options{Keytab: krb + "/alice.keytab", Principal: "alice"})
	require.NoError(t, err)
	t.Cleanup(keytab.Close)
	require.NoError(t, keytab.Renew())
}

// A delegation token is enough to work, until it is cancelled.
func TestDelegationToken(t *testing.T) {
	krb := requireKerberos(t)
	alice := keytabOf(krb, "alice")
	nn, err := connect(t, alice, true)
	require.NoError(t, err)
	token, err := nn.DelegationToken(t.Context(), "alice")
	require.NoError(t, err)
	require.Equal(t, credentials.KindHDFS, token.Kind)
	require.Equal(t, nn.TokenService(t.Context()), token.Service)
	until, err := nn.Renew(t.Context(), token)
	require.NoError(t, err)
	require.Greater(t, time.Until(until), time.Hour)
	bob, err := connect(t, keytabOf(krb, "bob"), true)
	require.NoError(t, err)
	_, err = bob.Renew(t.Context(), token)
	require.ErrorIs(t, err, ipc.AccessControlException)

	var file credentials.Credentials
	file.Add(token.Service, token)
	path := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, file.Save(path))
	t.Setenv(credentials.Environment, path)
	t.Setenv("KRB5CCNAME", "FILE:/nowhere")
	for _, protection := range []string{"authentication", "integrity", "privacy"} {
		t.Run(protection, func(t *testing.T) {
			options := filesystem.Options{Properties: map[string]string{"hadoop.rpc.protection": protection, "dfs.data.transfer.protection": protection, "test": path}}
			fs, dir, err := filesystem.Open(t.Context(), fmt.Sprintf("%s/tmp/leat-token-%d", requireHDFS(t), time.Now().UnixNano()), options)
			require.NoError(t, err)
			t.Cleanup(func() { removeAll(t, fs, dir) })
			writeFile(t, fs, dir+"/f", 3, 1<<20)
			f, err := fs.Open(t.Context(), dir+"/f")
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, f)
			require.NoError(t, err)
			require.NoError(t, f.Close())
		})
	}
	owner, err := connect(t, nil, false)
	require.NoError(t, err)
	_, err = owner.DelegationToken(t.Context(), "alice")
	require.ErrorContains(t, err, "Delegation Token can be issued only with kerberos")
	t.Run("cancelled", func(t *testing.T) {
		require.NoError(t, nn.Cancel(t.Context(), token))
		err := stat(t, nil)
		require.ErrorIs(t, err, ipc.ErrLogin)
		require.ErrorIs(t, err, ipc.InvalidToken)
		require.ErrorContains(t, err, "get a new one")
	})
}

// TestKerberosCommand runs leat run on the secured cluster, as a user does.
func TestKerberosCommand(t *testing.T) {
	krb := requireKerberos(t)
	if testing.Short() {
		t.Skip("builds the commands of the tree")
	}
	l := build(t)
	l.fs, l.dir, l.url = workDir(t)
	writeText(t, l.fs, l.dir+"/in/0.txt", numbers(0))
	run := func(output string, env []string, options ...string) (code int, text string) {
		cmd := l.run(t, append(options, l.wordcount, "--input", l.url+"/in", "--output", l.url+"/"+output)...)
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		require.NotContains(t, string(out), "goroutine ")
		require.Equal(t, err == nil, cmd.ProcessState.Success(), string(out))
		return cmd.ProcessState.ExitCode(), string(out)
	}
	nowhere := []string{"KRB5CCNAME=FILE:/nowhere"}
	keytab := []string{"-D", "security.kerberos.login.keytab=" + krb + "/alice.keytab", "-D", "security.kerberos.login.principal=alice",
		"-D", "flink.hadoop.hadoop.rpc.protection=privacy", "-D", "flink.hadoop.dfs.data.transfer.protection=privacy"}
	code, text := run("keytab", nowhere, keytab...)
	require.Zero(t, code, text)
	require.Len(t, listing(t, l.fs, l.dir+"/keytab"), 2)
	code, text = run("none", nowhere)
	require.Equal(t, 1, code, text)
	require.Contains(t, text, "run kinit, or give a keytab and principal")
	require.Empty(t, listing(t, l.fs, l.dir+"/none"))
	code, text = run("bob", nil, "-D", "security.kerberos.login.keytab="+krb+"/bob.keytab", "-D", "security.kerberos.login.principal=bob")
	require.Equal(t, 1, code, text)
	require.Contains(t, text, "check the rights of user bob@LEAT.TEST")
}
