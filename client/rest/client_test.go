package rest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	client "github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/jobmanager/jobmanagertest"
	"github.com/leatproject/leat/scheduler/rest"
	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, s secret.Secret) (*jobmanagertest.Cluster, string) {
	t.Helper()
	c := jobmanagertest.Start(t, nil)
	server, err := rest.New(rest.Options{JobManager: c.JobManager, Configuration: config.New(), Secret: s, Submit: true, Cancel: true,
		UploadDir: filepath.Join(t.TempDir(), "uploads")})
	require.NoError(t, err)
	h := httptest.NewServer(server)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		h.Close()
	})
	return c, h.URL
}

func TestSubmitWatchCancel(t *testing.T) {
	s, err := secret.Of("0123456789abcdef")
	require.NoError(t, err)
	cluster, address := start(t, s)
	elsewhere := httptest.NewServer(http.RedirectHandler(address+"/overview", http.StatusTemporaryRedirect))
	defer elsewhere.Close()
	tm := cluster.Join("tm-a", 2, nil)

	c, err := client.New(client.Options{Members: []string{"http://127.0.0.1:1", address}, Secret: s})
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(program, []byte(jobmanagertest.Program), 0o600))
	var digest string
	for range 2 {
		digest, err = c.Store(t.Context(), program)
		require.NoError(t, err)
	}
	id, err := c.Submit(t.Context(), messages.NewJob{Program: digest, Submission: jobmanagertest.Submission(t, "STREAMING", nil)})
	require.NoError(t, err)
	tm.AwaitTasks(4, rpc.TaskState_RUNNING)
	jobs, err := c.List(t.Context())
	require.NoError(t, err)
	require.Len(t, jobs, 1)
	require.NoError(t, c.Cancel(t.Context(), id))
	last, err := c.Watch(t.Context(), id, time.Millisecond, func(messages.JobDetails) {})
	require.NoError(t, err)
	require.Equal(t, "CANCELED", last.State)
	result, err := c.Result(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "CANCELED", result.Result.ApplicationStatus)

	redirected, err := client.New(client.Options{Members: []string{elsewhere.URL}, Secret: s})
	require.NoError(t, err)
	overview, err := redirected.Overview(t.Context())
	require.NoError(t, err, "the secret goes with a redirection to the leader")
	require.Equal(t, 1, overview.JobsCancelled)
}

func TestFailuresAreToldApart(t *testing.T) {
	s, err := secret.Of("0123456789abcdef")
	require.NoError(t, err)
	_, address := start(t, s)
	without, err := client.New(client.Options{Members: []string{address}})
	require.NoError(t, err)
	_, err = without.List(t.Context())
	var refused *client.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 401, refused.Status)

	c, err := client.New(client.Options{Members: []string{address}, Secret: s})
	require.NoError(t, err)
	_, err = c.Status(t.Context(), "ffffffffffffffffffffffffffffffff")
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 404, refused.Status)
	jar := filepath.Join(t.TempDir(), "x.jar")
	require.NoError(t, os.WriteFile(jar, []byte("PK\x03\x04"), 0o600))
	_, err = c.Upload(t.Context(), jar)
	require.ErrorContains(t, err, "no Java virtual machine")

	nobody, err := client.New(client.Options{Members: []string{"http://127.0.0.1:1"}})
	require.NoError(t, err)
	_, err = nobody.List(t.Context())
	require.ErrorIs(t, err, client.ErrUnreachable)
	ended, stop := context.WithCancel(t.Context())
	stop()
	_, err = nobody.List(ended)
	require.ErrorIs(t, err, context.Canceled)
	for _, members := range [][]string{nil, {"localhost:8081"}, {"ftp://x"}} {
		_, err = client.New(client.Options{Members: members})
		require.Error(t, err)
	}
}

func TestUploadAndDelete(t *testing.T) {
	_, address := start(t, secret.Secret{})
	c, err := client.New(client.Options{Members: []string{address}})
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	id, err := c.Upload(t.Context(), self)
	require.NoError(t, err)
	require.NoError(t, c.Delete(t.Context(), id))
	require.Error(t, c.Delete(t.Context(), id))
}

// The leader takes longer for a call than nobody may lead, and then does not lead any more: the next one is asked.
func TestCallOutlivesItsLeader(t *testing.T) {
	const patience = time.Second
	asked := 0
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 1 {
			<-time.After(patience)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`{"jobs": []}`))
	}))
	t.Cleanup(h.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	c, err := client.New(client.Options{Members: []string{h.URL}, Patience: patience})
	require.NoError(t, err)
	_, err = c.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, asked)
}
