package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNomadCheck(t *testing.T) {
	for _, name := range []string{"NOMAD_TOKEN", "NOMAD_CACERT", "NOMAD_NAMESPACE", "NOMAD_SECRETS_DIR"} {
		t.Setenv(name, "")
	}
	t.Setenv("NOMAD_ADDR", "http://127.0.0.1:1")
	r := leat(t, "nomad")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "expected check")
	r = leat(t, "nomad", "check", "-D", "nomad.driver=java")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "use exec, raw_exec or docker")
	r = leat(t, "nomad", "check")
	require.Equal(t, exitUnreachable, r.code)
	require.Contains(t, r.out, "FAILED   address")
	require.Contains(t, r.out, "set NOMAD_ADDR")
	r = leat(t, "nomad", "check", "--json")
	require.Contains(t, r.out, `"check":"address","status":"FAILED"`)
	t.Setenv("NOMAD_CACERT", "/does/not/exist.pem")
	require.Equal(t, exitUsage, leat(t, "nomad", "check").code)
}
