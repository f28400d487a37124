package yarn_test

import (
	"context"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/yarn/launch"
	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/namenode"
)

const patience = 3 * time.Minute

func requireYARN(t *testing.T) (conf.Conf, *rm.Client) {
	t.Helper()
	if os.Getenv("LEAT_TEST_YARN") == "" {
		t.Skip("LEAT_TEST_YARN is not set; run scripts/hadoop/up.sh --nodemanagers 2")
	}
	c, err := conf.Load("", nil)
	require.NoError(t, err)
	client, err := rm.Connect(rm.Options{Conf: c, NoTokens: true})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return c, client
}

// requireTwoNodes is requireYARN for what one node has no room for.
func requireTwoNodes(t *testing.T) *rm.Client {
	t.Helper()
	_, client := requireYARN(t)
	nodes, err := client.Nodes(t.Context(), wire.NodeState_NS_RUNNING)
	require.NoError(t, err)
	if len(nodes) < 2 {
		t.Skip("there is one node only; run scripts/hadoop/up.sh --nodemanagers 2")
	}
	return client
}

// specOf is an application of that queue.
func specOf(t *testing.T, queue string) submission.Spec {
	t.Helper()
	settings := config.New()
	require.NoError(t, settings.Set(config.YarnQueue.Key, queue))
	require.NoError(t, settings.Set(config.YarnTags.Key, "leat-test"))
	s, err := submission.FromConfig(settings, t.Name())
	require.NoError(t, err)
	return s
}

func TestWrongQueue(t *testing.T) {
	_, client := requireYARN(t)
	s := specOf(t, "etll")
	_, cluster, err := submission.Look(t.Context(), client, s.Queue)
	require.NoError(t, err)
	found := s.Check(cluster)
	require.Len(t, found, 1)
	require.True(t, found[0].Fatal)
	require.Regexp(t, `queue "etll" does not exist; did you mean "etl"\? \(there are root\.\w+, root\.\w+, root\.\w+\)`, found[0].Text) // in any order
}

func read(t *testing.T, name string) (string, bool) {
	t.Helper()
	fs, within, err := filesystem.For(t.Context(), name)
	require.NoError(t, err)
	if _, err := fs.Stat(t.Context(), within); err != nil {
		require.ErrorIs(t, err, filesystem.ErrNotExist)
		return "", false
	}
	f, err := fs.Open(t.Context(), within)
	require.NoError(t, err)
	defer f.Close() // it was only read
	text, err := io.ReadAll(f)
	require.NoError(t, err)
	return string(text), true
}

// wait returns a file's content when it is there, or fails when the application has ended before.
func wait(t *testing.T, client *rm.Client, id *wire.ApplicationId, name string) string {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if text, ok := read(t, name); ok {
			return text
		}
		report, err := client.Report(t.Context(), id)
		require.NoError(t, err)
		require.Less(t, report.GetYarnApplicationState(), wire.ApplicationState_FINISHED, report.GetDiagnostics())
	}
	require.Fail(t, "there is no "+name)
	return ""
}

// submitted is an application whose ApplicationMaster is this binary.
func submitted(t *testing.T, c conf.Conf, client *rm.Client, dir string) *wire.ApplicationId {
	t.Helper()
	ctx := t.Context()
	s := specOf(t, "etl")
	id, cluster, err := submission.Look(ctx, client, s.Queue)
	require.NoError(t, err)
	require.Empty(t, s.Check(cluster))
	self, err := os.Executable()
	require.NoError(t, err)
	stage := submission.Stage{Dir: dir}
	files, err := stage.Files(ctx, []submission.Local{{Name: program, Path: self}})
	require.NoError(t, err)
	again, err := stage.Files(ctx, []submission.Local{{Name: program, Path: self}})
	require.NoError(t, err)
	require.Equal(t, files, again, "it is uploaded once")
	if files[siteFile], err = stage.Own(ctx, id.Text(), siteFile, strings.NewReader(string(c.Site()))); err != nil {
		require.NoError(t, err)
	}
	nn, err := namenode.Connect(namenode.Options{Conf: c, NoTokens: true})
	require.NoError(t, err)
	defer nn.Close()
	tokens, err := submission.Tokens(ctx, c, nn, client)
	require.NoError(t, err)
	me, err := namenode.UserName()
	require.NoError(t, err)
	master, err := (&launch.Launch{
		Files: files, Command: []string{"./" + program}, Credentials: tokens, View: "*",
		Environment: map[string]string{roleVariable: "master", dirVariable: dir, "HADOOP_CONF_DIR": ".", "HADOOP_USER_NAME": me, "KRB5_CONFIG": os.Getenv("KRB5_CONFIG")},
	}).Context()
	require.NoError(t, err)
	_, err = client.Submit(ctx, s.Context(id, master))
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, client.Kill(ctx, id, "the test has ended"))
		require.NoError(t, stage.Remove(ctx, id.Text()))
	})
	return id
}

// An ApplicationMaster starts workers, hears how they end, dies, and its next attempt takes over the worker that is left; then
// the ResourceManager is killed.
func TestApplicationMaster(t *testing.T) {
	c, client := requireYARN(t)
	fs := c.Get("fs.defaultFS", "")
	begin := time.Now()
	dir := fs + "/leat-test-" + strconv.FormatInt(begin.UnixNano(), 36)
	id := submitted(t, c, client, dir)
	t.Logf("%s accepted after %s", id.Text(), time.Since(begin).Round(time.Millisecond))

	stays := resourcemanager.Name(1, 1, workerStays)
	require.Equal(t, tricky, wait(t, client, id, dir+"/"+stays), "any value of a variable arrives")
	t.Logf("a worker runs after %s", time.Since(begin).Round(time.Millisecond))
	losses := wait(t, client, id, dir+"/losses")
	t.Log(losses)
	require.Regexp(t, `worker on localhost has ended with exit code 3:\s+panic: so be it`, losses)
	require.Regexp(t, `container killed by YARN for memory: [0-9.]+ [GM]B of [0-9.]+ [GM]B; raise KEY|container killed by YARN for memory: [0-9.]+ of [0-9.]+ GB; raise KEY`, losses)
	require.Contains(t, losses, "container killed by YARN for virtual memory: ")
	require.Equal(t, stays, wait(t, client, id, dir+"/found"), "the next attempt finds the worker that was left")

	if os.Getenv("LEAT_HADOOP_DIR") != "" {
		daemons := daemonsOf(t)
		for _, rm := range daemons.Names("rm") { // the other one leads when there are two
			require.NoError(t, daemons.Kill(rm))
			require.NoError(t, daemons.Up())
		}
	}
	write(t, dir+"/go", "")
	require.Equal(t, tricky, wait(t, client, id, dir+"/"+resourcemanager.Name(2, 1, workerStays)), "a worker of another ResourceManager")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	report, err := client.Await(ctx, id, wire.ApplicationState_FINISHED, nil)
	require.NoError(t, err)
	require.Equal(t, wire.FinalApplicationStatus_APP_SUCCEEDED, report.GetFinalApplicationStatus(), report.GetDiagnostics())
	require.Contains(t, report.GetDiagnostics(), "all is well")
	require.Equal(t, int32(2), report.GetCurrentApplicationAttemptId().GetAttemptId())
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, writeFile(t.Context(), name, text))
}

// daemonsOf are the daemons, which the test may kill.
func daemonsOf(t *testing.T) processes.Daemons {
	t.Helper()
	home := os.Getenv("LEAT_HADOOP_DIR")
	if home == "" {
		t.Skip("the daemons belong to others: LEAT_HADOOP_DIR is not set")
	}
	return processes.Daemons{Script: "../../scripts/hadoop/up.sh", Dir: home}
}
