package yarn_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/hadoop/conf"
)

// programs is the folder that built makes.
var programs string

// built is a folder with the command leat and programs.
var built = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "leat-yarn-"); err != nil {
		return "", err
	}
	programs = dir
	build := exec.Command("go", "build", "-o", dir+"/", "./cmd/leat", "./cmd/examples/wordcount", "./cmd/examples/kafkaviews", "./integration/ticks", "./integration/exactly",
		"./integration/daily", "./integration/several")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return dir, &exec.Error{Name: string(out), Err: err}
	}
	return dir, nil
})

func binary(t *testing.T, name string) string {
	t.Helper()
	dir, err := built()
	require.NoError(t, err)
	return filepath.Join(dir, name)
}

// ran is how a command has ended.
type ran struct {
	code     int
	out, err string
}

// command is leat with those arguments, its home folder being the test's. Applications that it has started end with the test.
func command(t *testing.T, home string, args ...string) *exec.Cmd {
	t.Helper()
	leat := binary(t, "leat")
	t.Cleanup(func() { endAll(t, home) })
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, leat, args...)
	c.Env = append(os.Environ(), "HOME="+home)
	c.Stdout, c.Stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return c
}

// endAll ends the applications whose secrets are in a home folder, which are those that have not ended yet.
func endAll(t *testing.T, home string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(home, ".leat", "applications", "*"))
	require.NoError(t, err)
	if len(left) == 0 {
		return
	}
	c, err := conf.Load("", nil)
	require.NoError(t, err)
	client, err := rm.Connect(rm.Options{Conf: c, NoTokens: true})
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, l := range left {
		id, err := wire.ParseApplicationID(filepath.Base(l))
		require.NoError(t, err)
		require.NoError(t, client.Kill(ctx, id, "the test that has started it has ended"))
		require.NoError(t, os.RemoveAll(l))
	}
}

func result(c *exec.Cmd) ran {
	return ran{c.ProcessState.ExitCode(), c.Stdout.(*bytes.Buffer).String(), c.Stderr.(*bytes.Buffer).String()}
}

func leat(t *testing.T, home string, args ...string) ran {
	t.Helper()
	c := command(t, home, args...)
	_ = c.Run() // the exit code tells
	return result(c)
}

var applicationID = regexp.MustCompile(`application_\d+_\d+`)

// report finds the application that a command has told of, and YARN's report on it.
func report(t *testing.T, client *rm.Client, text string) *wire.ApplicationReport {
	t.Helper()
	id, err := wire.ParseApplicationID(applicationID.FindString(text))
	require.NoError(t, err, text)
	r, err := client.Report(t.Context(), id)
	require.NoError(t, err)
	return r
}

// nothingLeft expects that an application's files are gone.
func nothingLeft(t *testing.T, dir, home, text string) {
	t.Helper()
	id := applicationID.FindString(text)
	fs, within, err := filesystem.For(t.Context(), dir+"/.leat/"+id)
	require.NoError(t, err)
	_, err = fs.Stat(t.Context(), within)
	require.ErrorIs(t, err, filesystem.ErrNotExist, "the staging folder")
	require.NoDirExists(t, filepath.Join(home, ".leat", "applications", id))
}

// folder is a new one on HDFS, which is also the staging folder.
func folder(t *testing.T) string {
	t.Helper()
	c, _ := requireYARN(t)
	dir := c.Get("fs.defaultFS", "") + "/leat-test-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := submission.RemoveAll(ctx, dir); err != nil { // an application that was killed may still write
			t.Log(err)
		}
	})
	return dir
}

// lines are those of all files in a folder, sorted.
func lines(t *testing.T, dir string) string {
	t.Helper()
	fs, within, err := filesystem.For(t.Context(), dir)
	require.NoError(t, err)
	entries, err := fs.List(t.Context(), within)
	require.NoError(t, err)
	var all []string
	for _, e := range entries {
		if !filesystem.Hidden(e.Name()) {
			text, _ := read(t, dir+"/"+e.Name())
			all = slices.AppendSeq(all, strings.Lines(text))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "")
}

func TestRunApplication(t *testing.T) {
	_, client := requireYARN(t)
	dir, home := folder(t), t.TempDir()
	write(t, dir+"/in/text.txt", strings.Repeat("to be or not to be\n", 1000))
	nodes, err := client.Nodes(t.Context(), wire.NodeState_NS_RUNNING)
	require.NoError(t, err)
	slots := strconv.Itoa(max(1, 3-len(nodes))) // two TaskManagers need two nodes
	began := time.Now()
	got := leat(t, home, "run", "-t", "yarn-application", "-p", "2", "-Dtaskmanager.numberOfTaskSlots="+slots, "-Dyarn.application.queue=etl", "-Dyarn.staging-directory="+dir,
		binary(t, "wordcount"), "--input", dir+"/in", "--output", dir+"/out")
	require.Zero(t, got.code, got.err)
	t.Logf("%s\n%s", time.Since(began).Round(time.Millisecond), got.err)
	require.Equal(t, "be,2000\nnot,1000\nor,1000\nto,2000\n", lines(t, dir+"/out"))
	require.Regexp(t, `application application_\d+_\d+ was accepted by queue etl`, got.err)
	require.Regexp(t, `Job has been submitted with JobID [0-9a-f]{32}`, got.err)
	require.Regexp(t, `application application_\d+_\d+ has finished`, got.err)
	r := report(t, client, got.err)
	require.Equal(t, wire.FinalApplicationStatus_APP_SUCCEEDED, r.GetFinalApplicationStatus())
	require.Equal(t, "wordcount", r.GetName())
	nothingLeft(t, dir, home, got.err)
}

// A program that fails makes the application fail, and the command that waits ends with its exit code.
func TestFailingPrograms(t *testing.T) {
	_, client := requireYARN(t)
	dir, home := folder(t), t.TempDir()
	for _, x := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-Dexecution.checkpointing.interval=1 s", "-Dexecution.checkpointing.dir=" + dir + "/checkpoints", binary(t, "ticks"), filepath.Join(home, "ticks")}, 2,
			`execution.checkpointing.dir: path "hdfs://\S+/checkpoints": scheme "hdfs" is not linked into this program; add import _ "github.com/leatproject/leat/storage/filesystem/hdfs"`},
		{[]string{binary(t, "wordcount"), "--input", dir + "/nowhere"}, 1, `(Job Word Count \([0-9a-f]{32}\) failed after|application application_\d+_\d+ has failed:) .*no such file`},
		{[]string{binary(t, "wordcount"), "--frobnicate"}, 2, `application application_\d+_\d+ has failed: .*wordcount: flag provided but not defined: -frobnicate`},
	} {
		got := leat(t, home, append([]string{"run", "-t", "yarn-application", "-Dyarn.staging-directory=" + dir}, x.args...)...)
		require.Equal(t, x.code, got.code, got.err)
		require.Regexp(t, x.want, got.err)
		r := report(t, client, got.err)
		require.Equal(t, wire.FinalApplicationStatus_APP_FAILED, r.GetFinalApplicationStatus())
		require.Regexp(t, `^exit code \d: `, r.GetDiagnostics())
		nothingLeft(t, dir, home, got.err)
	}
}

// What cannot be submitted is told in one sentence and leaves nothing.
func TestRefusedSubmissions(t *testing.T) {
	c, client := requireYARN(t)
	dir, home := folder(t), t.TempDir()
	foreign := filepath.Join(t.TempDir(), "foreign")
	content, err := os.ReadFile(binary(t, "wordcount"))
	require.NoError(t, err)
	content = bytes.ReplaceAll(content, []byte("GOARCH="+runtime.GOARCH), []byte("GOARCH="+strings.Repeat("x", len(runtime.GOARCH))))
	require.NoError(t, os.WriteFile(foreign, content, 0o700))
	for _, x := range []struct {
		name    string
		flags   []string
		env     string
		program string
		code    int
		want    string
	}{
		{"unknown queue", []string{"-Dyarn.application.queue=etll"}, "", "", 4, `queue "etll" does not exist; did you mean "etl"\?`},
		{"too large", []string{"-Dtaskmanager.memory.process.size=9g"}, "", "", 4, `a TaskManager of 9216 MB is larger than any container can be`},
		{"unknown node label", []string{"-Dyarn.application.node-label=gpu"}, "", "", 4, `yarn.application.node-label: YARN does not take the label "gpu": `},
		{"no ResourceManager", []string{"-Dflink.yarn.resourcemanager.ha.enabled=false", "-Dflink.yarn.resourcemanager.address=localhost:1"}, "", "", 3, `ResourceManager localhost:1 unreachable`},
		{"wrong architecture", nil, "", foreign, 2, `it was built for linux/x+ `},
		{"no configuration", nil, "HADOOP_CONF_DIR=" + t.TempDir(), "", 2, `no ResourceManager is named`},
		{"no ticket", nil, "KRB5CCNAME=FILE:" + home + "/none", "", 4, `login`},
		{"no right", []string{"-Dyarn.staging-directory=" + c.Get("fs.defaultFS", "") + "/leat-test-forbidden"}, "HADOOP_USER_NAME=mallory", "", 4, `leat-test-forbidden.*Permission denied: user=mallory`},
	} {
		t.Run(x.name, func(t *testing.T) {
			if x.name == "no ticket" && !c.Kerberos() || x.name == "no right" && c.Kerberos() {
				t.Skip("the cluster has no such failure")
			}
			program := x.program
			if program == "" {
				program = binary(t, "wordcount")
			}
			flags := append([]string{"run", "-t", "yarn-application", "-Dyarn.staging-directory=" + dir}, x.flags...)
			run := command(t, home, append(flags, program, "--input", dir)...)
			if x.env != "" {
				run.Env = append(run.Env, x.env)
			}
			before, err := client.Applications(t.Context(), &wire.GetApplicationsRequest{})
			require.NoError(t, err)
			_ = run.Run() // the exit code tells
			got := result(run)
			require.Equal(t, x.code, got.code, got.err)
			require.Regexp(t, x.want, got.err)
			require.Equal(t, 1, strings.Count(got.err, "leat: "), got.err)
			after, err := client.Applications(t.Context(), &wire.GetApplicationsRequest{})
			require.NoError(t, err)
			require.Len(t, after, len(before))
			require.Empty(t, ownFolders(t, dir))
			kept, err := filepath.Glob(filepath.Join(home, ".leat", "applications", "*"))
			require.NoError(t, err)
			require.Empty(t, kept)
		})
	}
}

// ownFolders are those of applications that are left in a staging folder.
func ownFolders(t *testing.T, dir string) (left []string) {
	t.Helper()
	fs, within, err := filesystem.For(t.Context(), dir+"/.leat")
	require.NoError(t, err)
	entries, err := fs.List(t.Context(), within)
	if err != nil {
		require.ErrorIs(t, err, filesystem.ErrNotExist)
	}
	for _, e := range entries {
		if applicationID.MatchString(e.Name()) {
			left = append(left, e.Name())
		}
	}
	return left
}

// until waits for something, for as long as a busy machine may need.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(100 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "%s has not come", what)
	}
}

// Ctrl-C ends the application.
func TestInterruptedApplication(t *testing.T) {
	_, client := requireYARN(t)
	dir, home, ticks := folder(t), t.TempDir(), filepath.Join(t.TempDir(), "ticks")
	run := command(t, home, "run", "-t", "yarn-application", "-Dyarn.staging-directory="+dir, binary(t, "ticks"), ticks)
	require.NoError(t, run.Start())
	until(t, "the first record", func() bool {
		info, err := os.Stat(ticks)
		return err == nil && info.Size() > 0
	})
	require.NoError(t, run.Process.Signal(os.Interrupt))
	_ = run.Wait() // the exit code tells
	got := result(run)
	require.Equal(t, 130, got.code, got.err)
	require.Contains(t, got.err, "killing application")
	require.Equal(t, wire.ApplicationState_KILLED, report(t, client, got.err).GetYarnApplicationState())
	nothingLeft(t, dir, home, got.err)
}

// An application that nobody waits for is listed, and ends as KILLED when its job is cancelled.
func TestDetachedApplication(t *testing.T) {
	_, client := requireYARN(t)
	dir, home := folder(t), t.TempDir()
	got := leat(t, home, "run", "-d", "-t", "yarn-application", "-Dyarn.staging-directory="+dir, binary(t, "ticks"), filepath.Join(t.TempDir(), "ticks"))
	require.Zero(t, got.code, got.err)
	require.Regexp(t, `^Submitted application application_\d+_\d+\n$`, got.out)
	target := []string{"-t", "yarn-application", "-Dyarn.staging-directory=" + dir, "-Dyarn.application.id=" + applicationID.FindString(got.out)}
	other := t.TempDir() // as from another host: the secret comes from HDFS
	var job string
	until(t, "the job", func() bool {
		listed := leat(t, other, append([]string{"list"}, target...)...)
		if found := regexp.MustCompile(`: ([0-9a-f]{32}) : ticks \(RUNNING\)`).FindStringSubmatch(listed.out); found != nil {
			job = found[1]
		}
		return job != ""
	})
	cancelled := leat(t, other, append(append([]string{"cancel"}, target...), job)...)
	require.Zero(t, cancelled.code, cancelled.err)
	until(t, "the end", func() bool {
		return report(t, client, got.out).GetYarnApplicationState() >= wire.ApplicationState_FINISHED
	})
	require.Equal(t, wire.FinalApplicationStatus_APP_KILLED, report(t, client, got.out).GetFinalApplicationStatus())
	until(t, "the end of the files", func() bool { return len(ownFolders(t, dir)) == 0 })
	listed := leat(t, other, append([]string{"list"}, target...)...)
	require.Equal(t, 3, listed.code, listed.err)
	require.Contains(t, listed.err, "has ended")
	listed = leat(t, other, "list", "-t", "yarn-application", "-Dyarn.application.id=application_1_0001")
	require.Equal(t, 3, listed.code, listed.err)
	require.Regexp(t, `^leat: ResourceManagers? .* does not know application_1_0001, or not any more; yarn application -list shows what runs\n$`, listed.err)
	require.NoDirExists(t, filepath.Join(other, ".leat", "applications", applicationID.FindString(got.out)))
}

// A session runs several jobs, gives containers back that it does not need, and asks for them again.
func TestSession(t *testing.T) {
	_, client := requireYARN(t)
	dir, home := folder(t), t.TempDir()
	input := filepath.Join(home, "in.txt")
	require.NoError(t, os.WriteFile(input, []byte("to be or not to be\n"), 0o600))
	got := leat(t, home, "yarn", "session", "-d", "-nm", "notebooks", "-s", "2", "-tm", "2304", "-qu", "etl", "-Dyarn.staging-directory="+dir, "-Dresourcemanager.taskmanager-timeout=1 s")
	require.Zero(t, got.code, got.err)
	t.Cleanup(func() { end(t, client, got.out) })
	used := func() int32 { return report(t, client, got.out).GetAppResourceUsage().GetNumUsedContainers() }
	require.Equal(t, "notebooks", report(t, client, got.out).GetName())
	for range 2 {
		ran := leat(t, home, "run", "-t", "yarn-session", "-Dyarn.staging-directory="+dir, "-p", "2", binary(t, "wordcount"), "--input", input)
		require.Zero(t, ran.code, ran.err)
		require.Len(t, strings.Split(strings.TrimSpace(ran.out), "\n"), 4, "%s\n%s", ran.out, ran.err)
		until(t, "the end of idle containers", func() bool { return used() == 1 })
	}
	listed := leat(t, home, "list", "-a", "-t", "yarn-session")
	require.Equal(t, 2, strings.Count(listed.out, "(FINISHED)"), listed.out)
	stopped := leat(t, home, "yarn", "session", "-Dyarn.staging-directory="+dir, "--stop", applicationID.FindString(got.out))
	require.Zero(t, stopped.code, stopped.err)
	require.Equal(t, wire.FinalApplicationStatus_APP_SUCCEEDED, report(t, client, got.out).GetFinalApplicationStatus())
	nothingLeft(t, dir, home, got.out)
	require.NoFileExists(t, filepath.Join(home, ".leat", ".yarn-properties"))
}
