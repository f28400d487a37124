package main

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/security/securitytest"
	"github.com/stretchr/testify/require"
)

// tlsSettings are the settings of TLS of a kind, internal or rest, with certificates of a new authority.
func tlsSettings(t *testing.T, kind string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	a := securitytest.NewAuthority(t, dir, "authority")
	own := filepath.Join(dir, "own.pem")
	a.Issue(own, "127.0.0.1", "localhost")
	prefix := "security.ssl." + kind
	return map[string]string{prefix + ".enabled": "true", prefix + ".keystore": own, prefix + ".truststore": a.Truststore}
}

// Beyond the loopback interface a process needs the secret or mutual TLS; what stays in the clear all the same is told.
func TestWhoMayListenBeyondLoopback(t *testing.T) {
	s, err := secret.Of("0123456789abcdef")
	require.NoError(t, err)
	internal, rest := tlsSettings(t, "internal"), tlsSettings(t, "rest")
	mutual := map[string]string{"security.ssl.rest.authentication-enabled": "true"}
	for key, value := range rest {
		mutual[key] = value
	}
	for _, tc := range []struct {
		name          string
		settings      map[string]string
		secret        secret.Secret
		control, rest string // what errors tell; empty for none
		warns         bool
	}{
		{"nothing", nil, secret.Secret{}, "security.ssl.internal.enabled", "security.ssl.rest.authentication-enabled", false},
		{"the secret", nil, s, "", "", true},
		{"TLS between processes", internal, secret.Secret{}, "", "cluster.secret-file", false},
		{"TLS for REST alone", rest, secret.Secret{}, "cluster.secret-file", "security.ssl.rest.authentication-enabled", false},
		{"TLS for REST and the secret", rest, s, "", "", false},
		{"mutual TLS for REST", mutual, secret.Secret{}, "cluster.secret-file", "", false},
	} {
		conf := config.New()
		for key, value := range tc.settings {
			require.NoError(t, conf.Set(key, value))
		}
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, nil))
		id, err := loadMembership(conf, logger)
		require.NoError(t, err)
		id.secret = tc.secret
		_, restErr := restTLS(conf, tc.secret, "0.0.0.0", logger)
		for _, x := range []struct {
			err  error
			want string
		}{{id.guard("the JobManager", "0.0.0.0"), tc.control}, {restErr, tc.rest}} {
			if x.want == "" {
				require.NoError(t, x.err, tc.name)
				continue
			}
			require.ErrorContains(t, x.err, x.want, tc.name)
			code, _ := codeAndMessage(x.err)
			require.Equal(t, exitUsage, code)
		}
		require.Equal(t, tc.warns, bytes.Contains(log.Bytes(), []byte("in the clear")), "%s: %s", tc.name, &log)
		require.NoError(t, id.guard("the JobManager", "localhost"))
	}
	for _, store := range []string{"keystore", "truststore"} {
		conf := config.New()
		for key, value := range internal {
			if !strings.HasSuffix(key, "."+store) {
				require.NoError(t, conf.Set(key, value))
			}
		}
		_, err := loadMembership(conf, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, "security.ssl.internal."+store+" is not set")
	}
}
