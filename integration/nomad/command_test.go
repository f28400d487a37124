package nomad_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
	"github.com/stretchr/testify/require"
)

// emptyJob is how long Nomad takes from the registration of a batch job that does nothing to its end, by client.
func emptyJob(t *testing.T, client *api.Client) time.Duration {
	t.Helper()
	id := "empty-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	job := api.NewBatchJob(id, id, "global", 50).AddDatacenter("*").AddTaskGroup(api.NewTaskGroup("g", 1).
		AddTask(api.NewTask("t", "raw_exec").SetConfig("command", "/bin/true").Require(&api.Resources{CPU: new(50), MemoryMB: new(32)})))
	began := time.Now()
	_, _, err := client.Jobs().Register(job, nil)
	require.NoError(t, err)
	until(t, "the end of an empty job", func() bool {
		all, _, err := client.Jobs().Allocations(id, true, nil)
		require.NoError(t, err)
		return len(all) > 0 && all[0].ClientStatus == api.AllocClientStatusComplete
	})
	took := time.Since(began)
	_, _, err = client.Jobs().Deregister(id, true, nil)
	require.NoError(t, err)
	return took
}

var clusterOf = regexp.MustCompile(`job leat-([a-z0-9-]+)`)

func TestRunApplication(t *testing.T) {
	client := requireNomad(t)
	dir, home := folder(t), t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/in.txt", []byte(strings.Repeat("to be or not to be\n", 1000)), 0o644))
	_ = binary(t, "leat")
	empty := emptyJob(t, client)
	for _, mode := range []string{"BATCH", "STREAMING"} {
		out := dir + "/" + mode
		began := time.Now()
		got := leat(t, home, "run", "-t", "nomad-application", "-p", "2", "-Dexecution.runtime-mode="+mode, binary(t, "wordcount"), "--input", dir+"/in.txt", "--output", out)
		require.Zero(t, got.code, got.err)
		t.Logf("%s; an empty job of Nomad's: %s\n%s", time.Since(began).Round(time.Millisecond), empty.Round(time.Millisecond), got.err)
		if mode == "BATCH" {
			require.Equal(t, []string{"be,2000\n", "not,1000\n", "or,1000\n", "to,2000\n"}, lines(t, out))
		} else {
			require.Contains(t, lines(t, out), "be,2000\n")
		}
		require.Regexp(t, `Job has been submitted with JobID [0-9a-f]{32}`, got.err)
		require.Regexp(t, `job leat-wordcount-[a-z2-7]{6} has finished`, got.err)
		nothingLeft(t, client, home, clusterOf.FindStringSubmatch(got.err)[1])
	}
}

// How long it takes from the command to the first record, and from the end of the job to that of its workers.
func TestFigures(t *testing.T) {
	client := requireNomad(t)
	dir, home := folder(t), t.TempDir()
	program, ticks := binary(t, "ticks"), dir+"/ticks"
	_ = emptyJob(t, client)
	empty := emptyJob(t, client)
	began := time.Now()
	got := leat(t, home, "run", "-d", "-t", "nomad-application", "-Dnomad.cluster-id=figures", program, ticks)
	require.Zero(t, got.code, got.err)
	until(t, "the first record", func() bool { return size(ticks) > 0 })
	text, err := os.ReadFile(ticks)
	require.NoError(t, err)
	first, err := strconv.ParseInt(strings.TrimSpace(strings.SplitAfter(string(text), "\n")[0]), 10, 64)
	require.NoError(t, err)
	t.Logf("first record after %s; an empty job of Nomad's takes %s", time.Unix(0, first).Sub(began).Round(time.Millisecond), empty.Round(time.Millisecond))
	job := theJob(t, home, "figures")
	require.Zero(t, leat(t, home, "cancel", "-t", "nomad-application", "-Dnomad.cluster-id=figures", job).code)
	ended := time.Now()
	until(t, "the end of workers", func() bool { return len(allocations(t, client, "figures", false)) == 0 })
	gone := time.Since(ended)
	t.Logf("workers gone %s after the end", gone.Round(time.Millisecond))
	nothingLeft(t, client, home+"/none", "figures")
	until(t, "that it has ended", func() bool {
		listed := leat(t, home, "list", "-t", "nomad-application", "-Dnomad.cluster-id=figures")
		return listed.code == 3 && strings.Contains(listed.err, "the cluster figures has ended")
	})
}

// theJob is the one that runs in a cluster.
func theJob(t *testing.T, home, cluster string) (job string) {
	t.Helper()
	until(t, "the job", func() bool {
		listed := leat(t, home, "list", "-t", "nomad-application", "-Dnomad.cluster-id="+cluster)
		if found := regexp.MustCompile(`: ([0-9a-f]{32}) : \w+ \(RUNNING\)`).FindStringSubmatch(listed.out); found != nil {
			job = found[1]
		}
		return job != ""
	})
	return job
}

// A program that fails makes the command that waits end with its exit code, and nothing is started again.
func TestFailingPrograms(t *testing.T) {
	client := requireNomad(t)
	dir, home := folder(t), t.TempDir()
	for _, x := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--input", dir + "/nowhere"}, 1, `(Job Word Count \([0-9a-f]{32}\) failed after|job leat-\S+ has failed:) .*no such file`},
		{[]string{"--frobnicate"}, 2, `job leat-\S+ has failed: .*wordcount: flag provided but not defined: -frobnicate`},
	} {
		got := leat(t, home, append([]string{"run", "-t", "nomad-application", binary(t, "wordcount")}, x.args...)...)
		require.Equal(t, x.code, got.code, got.err)
		require.Regexp(t, x.want, got.err)
		nothingLeft(t, client, home, clusterOf.FindStringSubmatch(got.err)[1])
	}
}

// Tasks find HDFS by the configuration of who submits, whatever their nodes have.
func TestHadoopConfiguration(t *testing.T) {
	client := requireNomad(t)
	home := t.TempDir()
	t.Setenv("HADOOP_CONF_DIR", home)
	require.NoError(t, os.WriteFile(filepath.Join(home, "core-site.xml"), []byte("<configuration>"+
		"<property><name>fs.defaultFS</name><value>hdfs://127.0.0.1:1</value></property>"+
		"<property><name>ipc.client.connect.max.retries</name><value>0</value></property></configuration>"), 0o600))
	got := leat(t, home, "run", "-t", "nomad-application", "-Drestart-strategy.type=none", binary(t, "wordcount"), "--input", "hdfs:///in")
	require.Equal(t, 1, got.code, got.err)
	require.Contains(t, got.err, "127.0.0.1:1")
	nothingLeft(t, client, home, clusterOf.FindStringSubmatch(got.err)[1])
}

// What cannot be submitted is told in one sentence and leaves nothing.
func TestRefusedSubmissions(t *testing.T) {
	client := requireNomad(t)
	home := t.TempDir()
	for _, x := range []struct {
		name  string
		flags []string
		env   string
		code  int
		want  string
	}{
		{"no Nomad", nil, "NOMAD_ADDR=http://127.0.0.1:1", 3, `connection refused; is NOMAD_ADDR right\? leat nomad check says more`},
		{"wrong driver", []string{"-Dnomad.driver=java"}, "", 2, `use exec, raw_exec or docker`},
		{"wrong id", []string{"-Dnomad.cluster-id=a_b"}, "", 2, `the cluster's id "a_b" cannot be part of a Nomad job's`},
		{"no token", nil, "NOMAD_TOKEN=00000000-0000-0000-0000-000000000000", 4, `leat: `},
	} {
		t.Run(x.name, func(t *testing.T) {
			if x.name == "no token" && os.Getenv("NOMAD_TOKEN") == "" {
				t.Skip("nobody needs one")
			}
			run := command(t, home, append(append([]string{"run", "-t", "nomad-application"}, x.flags...), binary(t, "wordcount"))...)
			if x.env != "" {
				run.Env = append(run.Env, x.env)
			}
			_ = run.Run() // the exit code tells
			got := result(run)
			require.Equal(t, x.code, got.code, got.err)
			require.Regexp(t, x.want, got.err)
			kept, err := filepath.Glob(filepath.Join(home, ".leat", "applications", "*"))
			require.NoError(t, err)
			require.Empty(t, kept)
		})
	}
	jobs, _, err := client.Jobs().PrefixList("leat-wordcount")
	require.NoError(t, err)
	for _, j := range jobs {
		require.True(t, j.Stop || j.Status == "dead", j.ID)
	}
}

// Ctrl-C ends the application.
func TestInterruptedApplication(t *testing.T) {
	client := requireNomad(t)
	home, ticks := t.TempDir(), filepath.Join(folder(t), "ticks")
	run := command(t, home, "run", "-t", "nomad-application", "-Dnomad.cluster-id=interrupted", binary(t, "ticks"), ticks)
	require.NoError(t, run.Start())
	until(t, "the first record", func() bool { return size(ticks) > 0 })
	require.NoError(t, run.Process.Signal(os.Interrupt))
	_ = run.Wait() // the exit code tells
	got := result(run)
	require.Equal(t, 130, got.code, got.err)
	require.Contains(t, got.err, "ending job leat-interrupted")
	nothingLeft(t, client, home, "interrupted")
}

// Somebody stops the job: its workers go, too.
func TestStoppedJob(t *testing.T) {
	client := requireNomad(t)
	home, ticks := t.TempDir(), filepath.Join(folder(t), "ticks")
	run := command(t, home, "run", "-t", "nomad-application", "-Dnomad.cluster-id=stopped", binary(t, "ticks"), ticks)
	require.NoError(t, run.Start())
	until(t, "the first record", func() bool { return size(ticks) > 0 })
	_, _, err := client.Jobs().Deregister("leat-stopped", false, nil)
	require.NoError(t, err)
	_ = run.Wait() // the exit code tells
	got := result(run)
	require.Equal(t, 5, got.code, got.err)
	require.Contains(t, got.err, "job leat-stopped was stopped")
	nothingLeft(t, client, home, "stopped")
}

// A session runs several jobs, gives workers back that it does not need, and asks for them again.
func TestSession(t *testing.T) {
	client := requireNomad(t)
	dir, home := folder(t), t.TempDir()
	input := filepath.Join(dir, "in.txt")
	require.NoError(t, os.WriteFile(input, []byte("to be or not to be\n"), 0o644))
	got := leat(t, home, "nomad", "session", "-d", "-nm", "notebooks", "-s", "2", "-tm", "1024", "-Dresourcemanager.taskmanager-timeout=1 s")
	require.Zero(t, got.code, got.err)
	require.Equal(t, "Submitted job leat-notebooks\n", got.out)
	for range 2 {
		ran := leat(t, home, "run", "-t", "nomad-session", "-p", "2", binary(t, "wordcount"), "--input", input)
		require.Zero(t, ran.code, ran.err)
		require.Len(t, strings.Split(strings.TrimSpace(ran.out), "\n"), 4, ran.out)
		until(t, "the end of idle workers", func() bool { return len(allocations(t, client, "notebooks", false)) == 0 })
	}
	other := t.TempDir() // as from another host: the secret comes from Nomad
	listed := leat(t, other, "list", "-a", "-t", "nomad-session", "-Dnomad.cluster-id=notebooks")
	require.Equal(t, 2, strings.Count(listed.out, "(FINISHED)"), listed.out, listed.err)
	again := leat(t, home, "nomad", "session", "-d", "-nm", "notebooks")
	require.Equal(t, 4, again.code, again.err)
	require.Contains(t, again.err, "the cluster notebooks runs already")
	stopped := leat(t, home, "nomad", "session", "--stop", "notebooks")
	require.Zero(t, stopped.code, stopped.err)
	nothingLeft(t, client, home, "notebooks")
	require.NoFileExists(t, filepath.Join(home, ".leat", ".nomad-properties"))
}
