package rest_test

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	client "github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/security"
	"github.com/leatproject/leat/runtime/security/securitytest"
	"github.com/leatproject/leat/scheduler/jobmanager/jobmanagertest"
	"github.com/leatproject/leat/scheduler/rest"
	"github.com/stretchr/testify/require"
)

// settings is a configuration of alternating keys and values.
func settings(t *testing.T, pairs ...string) *config.Configuration {
	t.Helper()
	conf := config.New()
	for i := 0; i < len(pairs); i += 2 {
		require.NoError(t, conf.Set(pairs[i], pairs[i+1]))
	}
	return conf
}

// serve runs a REST server with a configuration's TLS and returns its port.
func serve(t *testing.T, conf *config.Configuration) (port string) {
	t.Helper()
	c := jobmanagertest.Start(t, nil)
	options := rest.Options{JobManager: c.JobManager, Configuration: conf, UploadDir: filepath.Join(t.TempDir(), "uploads")}
	certificates, mutual, err := security.RestServer(conf, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	if certificates != nil {
		options.TLS = certificates.Server(mutual)
	}
	server, err := rest.New(options)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		require.NoError(t, <-served)
	})
	_, port, err = net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

func TestEncryptedClients(t *testing.T) {
	dir := t.TempDir()
	ours, theirs := securitytest.NewAuthority(t, dir, "ours"), securitytest.NewAuthority(t, dir, "theirs")
	own, stranger := filepath.Join(dir, "own.pem"), filepath.Join(dir, "stranger.pem")
	ours.Issue(own, "127.0.0.1")
	theirs.Issue(stranger)
	encrypted := serve(t, settings(t, "security.ssl.rest.enabled", "true", "security.ssl.rest.keystore", own))
	mutual := serve(t, settings(t, "security.ssl.rest.enabled", "true", "security.ssl.rest.keystore", own,
		"security.ssl.rest.truststore", ours.Truststore, "security.ssl.rest.authentication-enabled", "true"))
	plain := serve(t, settings(t))
	for name, tc := range map[string]struct {
		port     string
		settings []string
		refused  error
		message  string
	}{
		"encrypted":             {encrypted, []string{"enabled", "true", "truststore", ours.Truststore}, nil, ""},
		"in the clear":          {encrypted, nil, client.ErrRefused, "set security.ssl.rest.enabled to true"},
		"another authority":     {encrypted, []string{"enabled", "true", "truststore", theirs.Truststore}, client.ErrRefused, "security.ssl.rest.truststore must hold its authority"},
		"another name":          {encrypted, []string{"enabled", "true", "truststore", ours.Truststore, "address", "localhost"}, client.ErrRefused, "security.ssl.verify-hostname"},
		"a server in the clear": {plain, []string{"enabled", "true", "truststore", ours.Truststore}, client.ErrRefused, "it does not speak TLS"},
		"mutual":                {mutual, []string{"enabled", "true", "truststore", ours.Truststore, "keystore", own}, nil, ""},
		"no certificate":        {mutual, []string{"enabled", "true", "truststore", ours.Truststore}, client.ErrRefused, "set security.ssl.rest.keystore"},
		"a foreign certificate": {mutual, []string{"enabled", "true", "truststore", ours.Truststore, "keystore", stranger}, nil, "security.ssl.rest.keystore"},
	} {
		pairs := []string{"rest.port", tc.port, "rest.address", "127.0.0.1"}
		for i := 0; i < len(tc.settings); i += 2 {
			if tc.settings[i] == "address" {
				pairs[3] = tc.settings[i+1]
			} else {
				pairs = append(pairs, "security.ssl.rest."+tc.settings[i], tc.settings[i+1])
			}
		}
		c, err := client.FromConfiguration(settings(t, pairs...), 0)
		require.NoError(t, err, name)
		_, err = c.Overview(t.Context())
		if tc.message == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, tc.message, name)
		if tc.refused != nil {
			require.ErrorIs(t, err, tc.refused, name)
		}
		var coded interface{ ExitCode() int }
		require.ErrorAs(t, err, &coded, name)
		require.Contains(t, []int{3, 4}, coded.ExitCode(), name)
	}
}

// The secret goes with redirections, so they must not lead out of TLS.
func TestRedirectionsStayEncrypted(t *testing.T) {
	dir := t.TempDir()
	a := securitytest.NewAuthority(t, dir, "ours")
	own := filepath.Join(dir, "own.pem")
	a.Issue(own, "127.0.0.1")
	conf := settings(t, "security.ssl.rest.enabled", "true", "security.ssl.rest.keystore", own, "security.ssl.rest.truststore", a.Truststore)
	certificates, _, err := security.RestServer(conf, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	astray := httptest.NewUnstartedServer(http.RedirectHandler("http://127.0.0.1:1/overview", http.StatusTemporaryRedirect))
	astray.Listener = tls.NewListener(astray.Listener, certificates.Server(false))
	astray.Start()
	defer astray.Close()
	require.NoError(t, conf.Set("cluster.masters", astray.Listener.Addr().String()))
	c, err := client.FromConfiguration(conf, 0)
	require.NoError(t, err)
	_, err = c.Overview(t.Context())
	require.ErrorContains(t, err, "which is not encrypted")
}
