package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/resourcemanager/yarn/yarntest"
)

func TestYARNCheck(t *testing.T) {
	r := leat(t, "yarn")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "expected check")

	dir := t.TempDir()
	t.Setenv("HADOOP_CONF_DIR", dir)
	r = leat(t, "yarn", "check")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.out, "FAILED   configuration    hadoop configuration: no ResourceManager is named: set HADOOP_CONF_DIR")

	site := "<configuration><property><name>yarn.resourcemanager.address</name><value>127.0.0.1:1</value></property></configuration>"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "yarn-site.xml"), []byte(site), 0o600))
	r = leat(t, "yarn", "check", "--json")
	require.Equal(t, exitUnreachable, r.code)
	require.Contains(t, r.out, `"check":"ResourceManager","status":"FAILED"`)
}

// Commands on a session say what to do when there is none.
func TestNoSessionOnYARN(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, args := range [][]string{{"list"}, {"cancel", "0123456789abcdef0123456789abcdef"}, {"savepoint", "0123456789abcdef0123456789abcdef"}, {"run", link(t, programName)}} {
		got := leat(t, append(append(args[:1:1], "-t", "yarn-session"), args[1:]...)...)
		require.Equal(t, result{exitUsage, "", "leat: you have no session on YARN that is known here: start one by leat yarn session -d, or name one by -Dyarn.application.id=application_...\n"}, got)
	}
	got := leat(t, "list", "-t", "yarn-application")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.err, "which application of YARN? Set -Dyarn.application.id")
}

// What is kept of applications that have ended goes with the next submission; what runs, and what another cluster knows, stays.
func TestForgetEndedApplications(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("HADOOP_USER_NAME", "alice")
	cluster := yarntest.New("n1")
	cluster.Queues = []*wire.QueueInfo{{QueueName: proto.String("etl")}}
	client, err := rm.Connect(rm.Options{Conf: cluster.Conf(), Dial: cluster.Dial, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer client.Close()
	submit := func(queue string) string {
		id, _, err := client.NewApplication(t.Context())
		require.NoError(t, err)
		_, _ = client.Submit(t.Context(), &wire.ApplicationSubmissionContext{ApplicationId: id, Queue: &queue}) // one fails
		return id.Text()
	}
	running, ended, foreign, old := submit("etl"), submit("wrong"), "application_1_0001", "application_1_0002"
	keep := func(id string) string { return filepath.Join(home, ".leat", "applications", id) }
	for _, id := range []string{running, ended, foreign, old} {
		require.NoError(t, os.MkdirAll(keep(id), 0o700))
	}
	long := time.Now().Add(-2 * longKept)
	require.NoError(t, os.Chtimes(keep(old), long, long))
	(&yarnClient{rm: client}).forgetEnded(t.Context())
	require.DirExists(t, keep(running))
	require.DirExists(t, keep(foreign))
	require.NoDirExists(t, keep(ended))
	require.NoDirExists(t, keep(old))
}

// What YARN writes about an application that waits has a time before it and figures after it.
func TestWhyWaiting(t *testing.T) {
	for diagnostics, want := range map[string]string{
		"": "YARN does not say for what",
		"[Sun Nov 22 07:59:46 +0000 2026] Application is Activated, waiting for resources to be assigned for AM.  Last Node which was processed for the application : localhost:1 ( Partition : [] ). Details : x": "Application is Activated, waiting for resources to be assigned for AM.",
		"[Sun Nov 22 07:59:46 +0000 2026] Application is added to the scheduler and is not yet activated. Queue's AM resource limit exceeded.  Details : AM Partition = <DEFAULT_PARTITION>;":                      "Application is added to the scheduler and is not yet activated. Queue's AM resource limit exceeded.",
		"AM container is launched, waiting for AM container to Register with RM": "AM container is launched, waiting for AM container to Register with RM",
	} {
		require.Equal(t, want, whyWaiting(&wire.ApplicationReport{Diagnostics: &diagnostics}))
	}
}

func TestConclude(t *testing.T) {
	id := &wire.ApplicationId{ClusterTimestamp: proto.Int64(1), Id: proto.Int32(2)}
	killed, finished, failed := wire.ApplicationState_KILLED, wire.ApplicationState_FINISHED, wire.ApplicationState_FAILED
	for _, x := range []struct {
		state       wire.ApplicationState
		final       wire.FinalApplicationStatus
		diagnostics string
		told        bool
		code        int
		want        string
	}{
		{finished, wire.FinalApplicationStatus_APP_SUCCEEDED, "", false, 0, ""},
		{killed, wire.FinalApplicationStatus_APP_KILLED, "Application application_1_0002 was killed by user root at 10.0.0.1", true, exitCancelled, "application application_1_0002 was killed: by user root at 10.0.0.1"},
		{finished, wire.FinalApplicationStatus_APP_KILLED, "exit code 5: job cancelled", true, exitCancelled, ""},
		{finished, wire.FinalApplicationStatus_APP_FAILED, "exit code 7: so be it", false, 7, "application application_1_0002 has failed: so be it"},
		{finished, wire.FinalApplicationStatus_APP_FAILED, "exit code 1: the job has failed", true, 1, ""},
		{failed, wire.FinalApplicationStatus_APP_FAILED, "AM Container exited", false, 1, "application application_1_0002 has failed: AM Container exited"},
	} {
		w := &yarnWatch{submitted: &submitted{id: id}, jobsWatch: jobsWatch{report: &plainReporter{out: &bytes.Buffer{}, quiet: true}, told: x.told}}
		code, message := codeAndMessage(w.conclude(&wire.ApplicationReport{YarnApplicationState: &x.state, FinalApplicationStatus: &x.final, Diagnostics: &x.diagnostics}))
		require.Equal(t, x.code, code, x.diagnostics)
		require.Equal(t, x.want, message)
	}
}
