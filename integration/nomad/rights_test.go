package nomad_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/nomad/api"
	"github.com/stretchr/testify/require"
)

// A token that has the rights of policy.hcl alone is enough for applications and sessions.
func TestPolicy(t *testing.T) {
	client := requireNomad(t)
	if os.Getenv("NOMAD_TOKEN") == "" {
		t.Skip("nobody needs a token")
	}
	rules, err := os.ReadFile("../../scripts/nomad/policy.hcl")
	require.NoError(t, err)
	_, err = client.ACLPolicies().Upsert(&api.ACLPolicy{Name: "leat", Rules: string(rules)}, nil)
	require.NoError(t, err)
	token, _, err := client.ACLTokens().Create(&api.ACLToken{Name: "leat", Type: "client", Policies: []string{"leat"}}, nil)
	require.NoError(t, err)
	t.Setenv("NOMAD_TOKEN", token.SecretID)
	dir, home := folder(t), t.TempDir()
	input := filepath.Join(dir, "in.txt")
	require.NoError(t, os.WriteFile(input, []byte("to be or not to be\n"), 0o644))
	checked := leat(t, home, "nomad", "check")
	require.Zero(t, checked.code, checked.out)
	ran := leat(t, home, "run", "-t", "nomad-application", "-p", "1", binary(t, "wordcount"), "--input", input, "--output", dir+"/out")
	require.Zero(t, ran.code, ran.err)
	require.Len(t, lines(t, dir+"/out"), 4)
	nothingLeft(t, client, home, clusterOf.FindStringSubmatch(ran.err)[1])
	started := leat(t, home, "nomad", "session", "-d", "-nm", "rights")
	require.Zero(t, started.code, started.err)
	ran = leat(t, home, "run", "-t", "nomad-session", "-p", "1", binary(t, "wordcount"), "--input", input)
	require.Zero(t, ran.code, ran.err)
	stopped := leat(t, home, "nomad", "session", "--stop", "rights")
	require.Zero(t, stopped.code, stopped.err)
	nothingLeft(t, client, home, "rights")
	cleaned := leat(t, home, "nomad", "clean")
	require.Zero(t, cleaned.code, cleaned.err)
	require.Contains(t, cleaned.out, "of cluster rights\n")
	known, _, err := client.Jobs().PrefixList("leat-rights")
	require.NoError(t, err)
	require.Empty(t, known)
}

// Tasks that the exec driver isolates read their secrets and speak to Nomad, and nodes fetch what they run from an HTTP server to
// which it was uploaded once.
func TestExecDriver(t *testing.T) {
	client := requireNomad(t)
	nodes, _, err := client.Nodes().List(nil)
	require.NoError(t, err)
	for _, n := range nodes {
		if d := n.Drivers["exec"]; d == nil || !d.Healthy {
			t.Skip("this machine cannot isolate tasks")
		}
	}
	store, puts := artifacts(t)
	home := t.TempDir()
	for range 2 {
		ran := leat(t, home, "run", "-t", "nomad-application", "-p", "1", "-Dnomad.driver=exec", "-Dnomad.artifacts="+store, binary(t, "daily"), "--date", "2026-11-20")
		require.Zero(t, ran.code, ran.err)
		nothingLeft(t, client, home, clusterOf.FindStringSubmatch(ran.err)[1])
	}
	require.EqualValues(t, 2, puts.Load(), "the binary and the program, each once")
}

// artifacts is an HTTP server that keeps what is PUT, and counts that.
func artifacts(t *testing.T) (url string, puts *atomic.Int32) {
	t.Helper()
	dir := folder(t)
	files, puts := http.FileServer(http.Dir(dir)), &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			files.ServeHTTP(w, r)
			return
		}
		puts.Add(1)
		f, err := os.Create(filepath.Join(dir, filepath.Base(r.URL.Path)))
		if err == nil {
			_, err = io.Copy(f, r.Body)
			_ = f.Close()
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInsufficientStorage)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, puts
}
