package namenode

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
	"github.com/leatproject/leat/storage/hadoop/ipc"
	"github.com/leatproject/leat/storage/hadoop/sasl"
)

// environment takes away what the machine's own says.
func environment(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		credentials.Environment: "", "HADOOP_USER_NAME": "alice", "KRB5_CONFIG": "/nowhere/krb5.conf", "KRB5CCNAME": "",
	} {
		t.Setenv(name, value)
	}
}

func connect(pairs ...string) (*Client, error) {
	c := conf.Conf{"fs.defaultFS": "hdfs://127.0.0.1:8020"}
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i]] = pairs[i+1]
	}
	return Connect(Options{Conf: c})
}

func TestWrongConfiguration(t *testing.T) {
	environment(t)
	secured := []string{"hadoop.security.authentication", "kerberos", "dfs.namenode.kerberos.principal", "nn/_HOST@R"}
	for _, tc := range []struct {
		properties []string
		want       string
		kind       error
	}{
		{[]string{"fs.defaultFS", "viewfs://x"}, "mount tables (viewfs) are not supported", conf.ErrConfiguration},
		{[]string{"hadoop.rpc.protection", "secret"}, `hadoop.rpc.protection: unknown protection "secret"`, conf.ErrConfiguration},
		{[]string{"ipc.client.connect.timeout", "soon"}, `ipc.client.connect.timeout is "soon"`, conf.ErrConfiguration},
		{[]string{"fs.defaultFS", "hdfs://a:b:c"}, "write hdfs://host:port/path", conf.ErrConfiguration},
		{secured[:2], "dfs.namenode.kerberos.principal is not set", conf.ErrConfiguration},
		{append(secured, UseCacheProperty, "false"), "set security.kerberos.login.keytab", ipc.ErrLogin},
		{secured, "there is no /nowhere/krb5.conf; set KRB5_CONFIG", ipc.ErrLogin},
	} {
		_, err := connect(tc.properties...)
		require.ErrorContains(t, err, tc.want)
		require.ErrorIs(t, err, tc.kind)
	}
}

func TestSimpleLogin(t *testing.T) {
	environment(t)
	c, err := connect("hadoop.rpc.protection", "privacy,authentication", "ipc.client.fallback-to-simple-auth-allowed", "true")
	require.NoError(t, err)
	require.Equal(t, "alice", c.User())
	require.Equal(t, []sasl.QOP{sasl.AuthConf, sasl.Auth}, c.Login().Protection)
	require.True(t, c.Login().AllowSimple)
}

func TestTokenOfTheEnvironment(t *testing.T) {
	environment(t)
	path := filepath.Join(t.TempDir(), "tokens")
	t.Setenv(credentials.Environment, path)
	secured := []string{"hadoop.security.authentication", "kerberos", "dfs.namenode.kerberos.principal", "nn/_HOST@R"}
	_, err := connect(secured...)
	require.ErrorIs(t, err, ipc.ErrLogin)
	require.ErrorContains(t, err, credentials.Environment)

	var file credentials.Credentials
	file.Add("other", &credentials.Token{Identifier: []byte("other"), Kind: credentials.KindHDFS, Service: "ha-hdfs:other"})
	require.NoError(t, file.Save(path))
	_, err = connect(secured...)
	require.ErrorContains(t, err, "set KRB5_CONFIG", "the token is for another cluster, so Kerberos it is")

	file.Add("mine", &credentials.Token{Identifier: []byte("mine"), Kind: credentials.KindHDFS, Service: "127.0.0.1:8020"})
	require.NoError(t, file.Save(path))
	c, err := connect(secured...)
	require.NoError(t, err)
	require.Equal(t, "the owner of the delegation token", c.User())
	require.Equal(t, "mine", string(c.Login().Token().Identifier))
	file.Add("mine", &credentials.Token{Identifier: []byte("renewed"), Kind: credentials.KindHDFS, Service: "127.0.0.1:8020"})
	require.NoError(t, file.Save(path))
	require.Equal(t, "renewed", string(c.Login().Token().Identifier), "the file is read at each connection")
}

func TestTokenServices(t *testing.T) {
	site := conf.Conf{"fs.defaultFS": "hdfs://ns", "dfs.ha.namenodes.ns": "a,b", "dfs.namenode.rpc-address.ns.a": "h1:1", "dfs.namenode.rpc-address.ns.b": "h2:1"}
	service, err := site.NameNodes("")
	require.NoError(t, err)
	require.Equal(t, []string{"ha-hdfs:ns", "h1:1", "h2:1"}, tokenServices(service))
	require.Equal(t, []string{"127.0.0.1:8020", "127.0.0.1:8020"}, tokenServices(conf.NameService{Addresses: []string{"127.0.0.1:8020"}}))
	c := &Client{Service: service, conf: site}
	require.Equal(t, "ha-hdfs:ns", c.TokenService(t.Context()))
	c = &Client{Service: conf.NameService{Addresses: []string{"127.0.0.1:8020"}}, conf: conf.Conf{}}
	require.Equal(t, "127.0.0.1:8020", c.TokenService(t.Context()))
}
