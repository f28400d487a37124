package yarn_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/namenode"
)

// begun starts a command and has what it says at hand while it runs.
func begun(t *testing.T, home string, args ...string) (wait func() ran, said func() string) {
	t.Helper()
	c := command(t, home, args...)
	errs, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	t.Cleanup(func() { errs.Close() })
	c.Stderr = errs
	require.NoError(t, c.Start())
	said = func() string {
		b, _ := os.ReadFile(errs.Name()) // it is there
		return string(b)
	}
	return func() ran {
		_ = c.Wait() // the exit code tells
		return ran{c.ProcessState.ExitCode(), c.Stdout.(*bytes.Buffer).String(), said()}
	}, said
}

// cluster is a client of the JobManager of the application that a command has told of.
func cluster(t *testing.T, client *rm.Client, home, text string) *rest.Client {
	t.Helper()
	var r *wire.ApplicationReport
	until(t, "the JobManager", func() bool {
		r = report(t, client, text)
		return r.GetYarnApplicationState() >= wire.ApplicationState_RUNNING && r.GetRpcPort() > 0
	})
	s, err := secret.Load(filepath.Join(home, ".leat", "applications", applicationID.FindString(text), "secret"))
	require.NoError(t, err)
	c, err := rest.New(rest.Options{Members: []string{"http://" + net.JoinHostPort(r.GetHost(), strconv.Itoa(int(r.GetRpcPort())))}, Secret: s, Patience: patience})
	require.NoError(t, err)
	return c
}

// failures are those of the only job of an application.
func failures(t *testing.T, c *rest.Client) string {
	t.Helper()
	jobs, err := c.List(t.Context())
	require.NoError(t, err)
	var all []string
	for _, j := range jobs {
		history, err := c.Exceptions(t.Context(), j.JID)
		require.NoError(t, err)
		for _, e := range history.Entries {
			all = append(all, e.Stacktrace)
		}
	}
	return strings.Join(all, "\n")
}

// end kills an application.
func end(t *testing.T, client *rm.Client, text string) {
	t.Helper()
	id, err := wire.ParseApplicationID(applicationID.FindString(text))
	require.NoError(t, err)
	require.NoError(t, client.Kill(context.WithoutCancel(t.Context()), id, "the test is done with it"))
}

// fill has an application take all room for TaskManagers.
func fill(t *testing.T, client *rm.Client, home, dir, queue string) (ticks string, app ran) {
	t.Helper()
	nodes, err := client.Nodes(t.Context(), wire.NodeState_NS_RUNNING)
	require.NoError(t, err)
	ticks = filepath.Join(t.TempDir(), "ticks")
	app = leat(t, home, "run", "-d", "-t", "yarn-application", "-p", strconv.Itoa(len(nodes)), "-Dyarn.application.queue="+queue, "-Dyarn.staging-directory="+dir,
		"-Drestart-strategy.type=exponential-delay", "-Drestart-strategy.exponential-delay.initial-backoff=100 ms", "-Drestart-strategy.exponential-delay.max-backoff=1 s",
		binary(t, "ticks"), ticks)
	require.Zero(t, app.code, app.err)
	until(t, "the first record", func() bool { return size(ticks) > 0 })
	return ticks, app
}

func size(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// A job for which there is no room waits, says so, and runs when there is. When it has ended, YARN has its containers back.
func TestFullQueue(t *testing.T) {
	_, client := requireYARN(t)
	dir, home := folder(t), t.TempDir()
	write(t, dir+"/in/text.txt", "to be or not to be\n")
	_, first := fill(t, client, home, dir, "default")
	wait, said := begun(t, home, "run", "-t", "yarn-application", "-p", "1", "-Dyarn.staging-directory="+dir, binary(t, "wordcount"), "--input", dir+"/in", "--output", dir+"/out")
	until(t, "why it waits", func() bool {
		return strings.Contains(said(), "slots: YARN has no room for their containers yet") || strings.Contains(said(), "waiting: ")
	})
	end(t, client, first.out)
	got := wait()
	require.Zero(t, got.code, got.err)
	require.Equal(t, "be,2\nnot,1\nor,1\nto,2\n", lines(t, dir+"/out"))
	nothingLeft(t, dir, home, got.err)
}

// Containers are back at YARN within two seconds of the end of the job.
func TestContainersGivenBack(t *testing.T) {
	_, client := requireYARN(t)
	dir, home := folder(t), t.TempDir()
	write(t, dir+"/in/text.txt", "to be or not to be\n")
	wait, said := begun(t, home, "run", "-t", "yarn-application", "-p", "1", "-Dyarn.staging-directory="+dir, binary(t, "wordcount"), "--input", dir+"/in", "--output", dir+"/out")
	var ended time.Time
	until(t, "the end of the job", func() bool {
		ended = time.Now()
		return strings.Contains(said(), "finished") || strings.Contains(said(), "failed")
	})
	until(t, "the end of the containers", func() bool { return report(t, client, said()).GetAppResourceUsage().GetNumUsedContainers() <= 0 })
	t.Logf("containers were back after %s", time.Since(ended).Round(time.Millisecond))
	require.Zero(t, wait().code)
}

// What another queue is entitled to is taken from a job, which goes on when there is room again.
func TestPreemptedContainer(t *testing.T) {
	client := requireTwoNodes(t)
	dir, home := folder(t), t.TempDir()
	write(t, dir+"/in/text.txt", "to be or not to be\n")
	ticks, first := fill(t, client, home, dir, "etl") // which has 40 %
	jobs := cluster(t, client, home, first.out)
	got := leat(t, home, "run", "-t", "yarn-application", "-p", "1", "-Dyarn.application.queue=default", "-Dyarn.staging-directory="+dir, binary(t, "wordcount"), "--input", dir+"/in", "--output", dir+"/out")
	require.Zero(t, got.code, got.err)
	require.Regexp(t, `YARN has given its room on \S+ to another queue or application|YARN wants its container back for another queue or application`, failures(t, jobs))
	before := size(ticks)
	until(t, "more records", func() bool { return size(ticks) > before })
}

// A NameNode in safe mode is waited for, and an application that it has held up runs when it is over.
func TestSafeMode(t *testing.T) {
	c, client := requireYARN(t)
	if names, err := c.NameNodes(""); err != nil || len(names.Addresses) != 1 {
		t.Skip("there are two NameNodes")
	}
	dir, home := folder(t), t.TempDir()
	write(t, dir+"/in/text.txt", "to be or not to be\n")
	nn, err := namenode.Connect(namenode.Options{Conf: c, NoTokens: true})
	require.NoError(t, err)
	t.Cleanup(func() { nn.Close() })
	safeMode := func(action uint64) {
		_, err := nn.CallEncoded(context.WithoutCancel(t.Context()), "setSafeMode", protowire.AppendVarint([]byte{0x08}, action))
		require.NoError(t, err)
	}
	const leave, enter = 1, 2
	safeMode(enter)
	t.Cleanup(func() { safeMode(leave) })
	before, err := client.Applications(t.Context(), &wire.GetApplicationsRequest{})
	require.NoError(t, err)
	got := leat(t, home, "run", "-t", "yarn-application", "-Dyarn.staging-directory="+dir, binary(t, "wordcount"), "--input", dir+"/in", "--output", dir+"/out")
	require.Equal(t, 4, got.code, got.err)
	require.Regexp(t, `(?i)safe mode`, got.err)
	require.Equal(t, 1, strings.Count(got.err, "leat: "), got.err)
	after, err := client.Applications(t.Context(), &wire.GetApplicationsRequest{})
	require.NoError(t, err)
	require.Len(t, after, len(before), "no application is left")
	safeMode(leave)
	require.Empty(t, ownFolders(t, dir))
}

// A program that takes more memory than its container has is ended before YARN does it, and told what to raise.
func TestMemoryLimit(t *testing.T) {
	requireYARN(t)
	dir, home := folder(t), t.TempDir()
	got := leat(t, home, "run", "-t", "yarn-application", "-p", "1", "-Dyarn.staging-directory="+dir, "-Drestart-strategy.type=none",
		binary(t, "exactly"), "--records", "10000000", "--hold", "2460", "--output", t.TempDir())
	require.Equal(t, 1, got.code, got.err)
	require.Regexp(t, `used \d+ MiB of memory, its slots have \d+ MiB: raise taskmanager.memory.process.size`, got.err)
	nothingLeft(t, dir, home, got.err)
}

// public makes a folder that everybody may write into.
func public(t *testing.T, c conf.Conf, dir string) {
	t.Helper()
	nn, err := namenode.Connect(namenode.Options{Conf: c, NoTokens: true})
	require.NoError(t, err)
	defer nn.Close()
	_, within, err := filesystem.Split(dir)
	require.NoError(t, err)
	require.NoError(t, nn.MkdirAll(t.Context(), within, 0o777))
}

// stranger is the variable of a user who may not use the queue "closed".
func stranger(t *testing.T, c conf.Conf, home string) string {
	t.Helper()
	if !c.Kerberos() {
		return "HADOOP_USER_NAME=mallory"
	}
	cache := "FILE:" + filepath.Join(home, "cache")
	out, err := exec.Command("kinit", "-c", cache, "-k", "-t", filepath.Join(os.Getenv("LEAT_HADOOP_DIR"), "krb5", "bob.keytab"), "bob").CombinedOutput()
	require.NoError(t, err, string(out))
	return "KRB5CCNAME=" + cache
}

// Who has no right to a queue is told so, and leaves nothing.
func TestClosedQueue(t *testing.T) {
	c, client := requireYARN(t)
	dir, home := folder(t), t.TempDir()
	public(t, c, dir)
	login := stranger(t, c, home)
	before, err := client.Applications(t.Context(), &wire.GetApplicationsRequest{})
	require.NoError(t, err)
	run := command(t, home, "run", "-t", "yarn-application", "-Dyarn.application.queue=closed", "-Dyarn.staging-directory="+dir, binary(t, "wordcount"), "--input", dir)
	run.Env = append(run.Env, login)
	_ = run.Run() // the exit code tells
	got := result(run)
	require.Equal(t, 4, got.code, got.err)
	require.Regexp(t, `leat: queue "closed" takes no applications of user (mallory|bob@\S+): set yarn.application.queue to another`, got.err)
	require.Equal(t, 1, strings.Count(got.err, "leat: "), got.err)
	after, err := client.Applications(t.Context(), &wire.GetApplicationsRequest{})
	require.NoError(t, err)
	require.Len(t, after, len(before), "no application is left")
	require.Empty(t, ownFolders(t, dir))
}

// A ticket that is over is told of.
func TestExpiredTicket(t *testing.T) {
	c, _ := requireYARN(t)
	if !c.Kerberos() {
		t.Skip("the cluster is not secured")
	}
	home := t.TempDir()
	cache := "FILE:" + filepath.Join(home, "cache")
	keytab := filepath.Join(os.Getenv("LEAT_HADOOP_DIR"), "krb5", "alice.keytab")
	out, err := exec.Command("kinit", "-l", "2s", "-c", cache, "-k", "-t", keytab, "alice").CombinedOutput()
	require.NoError(t, err, string(out))
	until(t, "the end of the ticket", func() bool { return exec.Command("klist", "-s", cache).Run() != nil })
	run := command(t, home, "run", "-t", "yarn-application", binary(t, "wordcount"))
	run.Env = append(run.Env, "KRB5CCNAME="+cache)
	_ = run.Run() // the exit code tells
	got := result(run)
	require.Equal(t, 4, got.code, got.err)
	require.Regexp(t, `(?i)ticket.*(expired|kinit)`, got.err)
	require.Equal(t, 1, strings.Count(got.err, "leat: "), got.err)
}
