package security_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/security"
	"github.com/leatproject/leat/runtime/security/securitytest"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"software.sslmate.com/src/go-pkcs12"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// settings is a configuration of alternating keys and values.
func settings(t *testing.T, pairs ...string) *config.Configuration {
	t.Helper()
	conf := config.New()
	for i := 0; i < len(pairs); i += 2 {
		require.NoError(t, conf.Set(pairs[i], pairs[i+1]))
	}
	return conf
}

// internal is the certificates of a member whose keystore and truststore are given.
func internal(t *testing.T, keystore, truststore string, more ...string) *security.Certificates {
	t.Helper()
	c, err := security.Internal(settings(t, append([]string{"security.ssl.internal.enabled", "true", "security.ssl.internal.keystore", keystore,
		"security.ssl.internal.truststore", truststore}, more...)...), quiet)
	require.NoError(t, err)
	return c
}

// handshake has both ends of a connection speak TLS, with a byte in each direction, and returns what they saw.
func handshake(t *testing.T, server, client *tls.Config) (serverErr, clientErr error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			done <- err
			return
		}
		defer c.Close()
		s := tls.Server(c, server)
		if err = s.Handshake(); err == nil {
			_, err = s.Write([]byte{1})
		}
		if err == nil {
			_, err = io.ReadFull(s, make([]byte, 1))
		}
		done <- err
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	s := tls.Client(c, client)
	if clientErr = s.Handshake(); clientErr == nil {
		_, clientErr = io.ReadFull(s, make([]byte, 1))
	}
	if clientErr == nil {
		_, clientErr = s.Write([]byte{1})
	}
	_ = c.(*net.TCPConn).CloseWrite()
	return <-done, clientErr
}

func TestTrust(t *testing.T) {
	dir := t.TempDir()
	ours, theirs := securitytest.NewAuthority(t, dir, "ours"), securitytest.NewAuthority(t, dir, "theirs")
	own, other, stranger := filepath.Join(dir, "own.pem"), filepath.Join(dir, "other.pem"), filepath.Join(dir, "stranger.pem")
	cert, second := ours.Issue(own, "member.example"), ours.Issue(other)
	theirs.Issue(stranger)
	short, long := sha1.Sum(cert.Raw), sha256.Sum256(second.Raw)
	pins := hex.EncodeToString(short[:]) + "," + strings.ToUpper(hex.EncodeToString(long[:1])) + ":" + hex.EncodeToString(long[1:])
	for _, tc := range []struct {
		name           string
		server, client *security.Certificates
		serverSays     string
		clientSays     string
	}{
		{"one authority", internal(t, own, ours.Truststore), internal(t, other, ours.Truststore), "", ""},
		{"a client of another authority", internal(t, own, ours.Truststore), internal(t, stranger, ours.Truststore), "security.ssl.internal.truststore", "bad certificate"},
		{"a server of another authority", internal(t, stranger, ours.Truststore), internal(t, own, ours.Truststore), "remote error", "security.ssl.internal.truststore"},
		{"pinned", internal(t, own, ours.Truststore, "security.ssl.internal.cert.fingerprint", pins), internal(t, other, ours.Truststore, "security.ssl.internal.cert.fingerprint", pins), "", ""},
		{"not pinned", internal(t, other, ours.Truststore), internal(t, own, ours.Truststore, "security.ssl.internal.cert.fingerprint", hex.EncodeToString(short[:])),
			"remote error", "security.ssl.internal.cert.fingerprint"},
	} {
		serverErr, clientErr := handshake(t, tc.server.Server(true), tc.client.Client(""))
		check(t, tc.name+": the server", tc.serverSays, serverErr)
		check(t, tc.name+": the client", tc.clientSays, clientErr)
	}
}

func check(t *testing.T, what, want string, err error) {
	t.Helper()
	if want == "" {
		require.NoError(t, err, what)
		return
	}
	require.ErrorContains(t, err, want, what)
}

func TestRestNames(t *testing.T) {
	dir := t.TempDir()
	a := securitytest.NewAuthority(t, dir, "ours")
	own := filepath.Join(dir, "own.pem")
	a.Issue(own, "127.0.0.1", "member.example")
	client := func(more ...string) func(string) *tls.Config {
		c, err := security.RestClient(settings(t, append([]string{"security.ssl.rest.enabled", "true", "security.ssl.truststore", a.Truststore}, more...)...))
		require.NoError(t, err)
		return c
	}
	server := func(more ...string) *tls.Config {
		c, mutual, err := security.RestServer(settings(t, append([]string{"security.ssl.enabled", "true", "security.ssl.keystore", own, "security.ssl.truststore", a.Truststore}, more...)...), quiet)
		require.NoError(t, err)
		return c.Server(mutual)
	}
	_, err := handshake(t, server(), client()("127.0.0.1"))
	require.NoError(t, err)
	_, err = handshake(t, server(), client()("member.example"))
	require.NoError(t, err)
	for _, other := range []string{"127.0.0.2", "evil.example"} {
		_, err = handshake(t, server(), client()(other))
		require.ErrorContains(t, err, "security.ssl.verify-hostname", other)
	}
	_, err = handshake(t, server(), client("security.ssl.verify-hostname", "false")("evil.example"))
	require.NoError(t, err)
	_, err = handshake(t, server("security.ssl.rest.authentication-enabled", "true"), client()("127.0.0.1"))
	require.ErrorContains(t, err, "security.ssl.rest.keystore")
	_, err = handshake(t, server("security.ssl.rest.authentication-enabled", "true"), client("security.ssl.rest.keystore", own)("127.0.0.1"))
	require.NoError(t, err)
	_, err = handshake(t, server("security.ssl.protocol", "TLSv1.3"), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	require.ErrorContains(t, err, "protocol version")
	none, err := security.RestClient(config.New())
	require.NoError(t, err)
	require.Nil(t, none)
}

func TestFilesThatChange(t *testing.T) {
	dir := t.TempDir()
	first, second := securitytest.NewAuthority(t, dir, "first"), securitytest.NewAuthority(t, dir, "second")
	own, trusted := filepath.Join(dir, "own.pem"), filepath.Join(dir, "trusted.pem")
	first.Issue(own)
	copyFile(t, trusted, first.Truststore)
	member := internal(t, own, trusted)
	old := internal(t, own, first.Truststore)
	_, err := handshake(t, member.Server(true), old.Client(""))
	require.NoError(t, err)
	config := member.Server(true)

	require.NoError(t, os.WriteFile(own, []byte("half"), 0o600))
	_, err = handshake(t, config, old.Client(""))
	require.NoError(t, err, "the last good certificate is used while the file is bad")
	second.Issue(own)
	copyFile(t, trusted, second.Truststore)
	renewed := internal(t, own, trusted)
	_, err = handshake(t, config, renewed.Client(""))
	require.NoError(t, err, "the same configuration shows the new certificate and trusts the new authority")
}

func copyFile(t *testing.T, to, from string) {
	t.Helper()
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, content, 0o600))
}

func TestFormats(t *testing.T) {
	dir := t.TempDir()
	a := securitytest.NewAuthority(t, dir, "ours")
	key, cert := a.Sign("member.example")
	authority, err := os.ReadFile(a.Truststore)
	require.NoError(t, err)
	root, _ := pem.Decode(authority)
	ca, err := x509.ParseCertificate(root.Bytes)
	require.NoError(t, err)
	write := func(name string, content []byte, err error) string {
		require.NoError(t, err)
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	keyFile := write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), err)
	chainFile := write("chain.pem", chain, nil)
	content, err := pkcs12.Modern.Encode(key, cert, []*x509.Certificate{ca}, "changeit")
	store := write("own.p12", content, err)
	content, err = pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{ca}, "trusted")
	trust := write("trust.p12", content, err)
	member := internal(t, chainFile, a.Truststore, "security.ssl.internal.key", keyFile)
	java := internal(t, store, trust, "security.ssl.internal.keystore-password", "changeit", "security.ssl.truststore-password", "trusted")
	serverErr, clientErr := handshake(t, member.Server(true), java.Client(""))
	require.NoError(t, serverErr)
	require.NoError(t, clientErr)
	handed, err := java.Encode()
	require.NoError(t, err)
	worker, err := security.Decode(handed, quiet)
	require.NoError(t, err)
	_, err = handshake(t, worker.Server(true), member.Client(""))
	require.NoError(t, err)

	jks := write("own.jks", append([]byte{0xfe, 0xed, 0xfe, 0xed}, 0, 0, 0, 2), nil)
	locked := write("locked.pem", append(bytes.Clone(chain), []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n")...), nil)
	for _, tc := range []struct {
		key, value, message string
	}{
		{"keystore", "", "security.ssl.internal.keystore is not set"},
		{"truststore", "", "security.ssl.internal.truststore is not set"},
		{"keystore", jks, "keytool -importkeystore"},
		{"truststore", jks, "keytool -importkeystore"},
		{"keystore", chainFile, "security.ssl.internal.key names its file"},
		{"keystore", locked, "openssl pkcs12 -export"},
		{"keystore", store, "security.ssl.internal.keystore-password"},
		{"keystore", filepath.Join(dir, "none"), "no such file"},
		{"truststore", keyFile, "holds no certificate"},
		{"truststore", trust, "security.ssl.internal.truststore-password"},
		{"cert.fingerprint", "abc", "openssl x509 -noout -fingerprint"},
	} {
		all := map[string]string{"keystore": store, "keystore-password": "changeit", "truststore": a.Truststore}
		if tc.value == store {
			all["keystore-password"] = "hunter2"
		}
		all[tc.key] = tc.value
		pairs := []string{"security.ssl.internal.enabled", "true"}
		for key, value := range all {
			pairs = append(pairs, "security.ssl.internal."+key, value)
		}
		_, err := security.Internal(settings(t, pairs...), quiet)
		require.ErrorContains(t, err, tc.message)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestExpiryIsTold(t *testing.T) {
	dir := t.TempDir()
	a := securitytest.NewAuthority(t, dir, "ours")
	own := filepath.Join(dir, "own.pem")
	a.Issue(own)
	var log bytes.Buffer
	c, err := security.Open(security.Files{Keystore: own, Keys: "security.ssl.rest"}, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	c.Warn(time.Now())
	require.Contains(t, log.String(), "expires within 30 days")
	require.Contains(t, log.String(), "security.ssl.rest.keystore")
}
