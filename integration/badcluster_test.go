package integration

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/integration/processes"
)

// get reads what the cluster answers.
func (c *cluster) get(path string) string {
	status, body := c.request(http.MethodGet, path, "")
	require.Equal(c.t, http.StatusOK, status, body)
	return body
}

func (c *cluster) request(method, path, body string) (int, string) {
	r, err := http.NewRequestWithContext(c.t.Context(), method, fmt.Sprintf("http://127.0.0.1:%d%s", c.rest, path), strings.NewReader(body))
	require.NoError(c.t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(c.t, err)
	return answer.StatusCode, string(text)
}

// compiled builds a main package without a line in it, for a platform, in a module of that name.
func compiled(t *testing.T, module, goarch string) string {
	folder := t.TempDir()
	write(t, folder+"/go.mod", "module "+module+"\n\ngo 1.26\n")
	write(t, folder+"/main.go", "package main\n\nfunc main() {}\n")
	build := exec.Command("go", "build", "-o", "program", ".")
	build.Dir, build.Env = folder, append(os.Environ(), "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=-trimpath")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return folder + "/program"
}

// TestBadInputOfAClient gives a cluster what it must refuse: each command ends with the right code and one message that says
// what is wrong, and nothing has changed on the cluster.
func TestBadInputOfAClient(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 1, 2)
	wordcount := command(t, "wordcount")
	c.run(wordcount, "--input", write(t, c.dir+"/in.txt", words))
	finished := regexp.MustCompile(`[0-9a-f]{32}`).FindString(c.get("/jobs"))
	unknown := strings.Repeat("0", 32)
	other := map[string]string{"amd64": "arm64"}[runtime.GOARCH]
	if other == "" {
		other = "amd64"
	}
	foreign := compiled(t, "github.com/leatproject/leat", other)
	stranger := compiled(t, "example.com/stranger", runtime.GOARCH)
	jar := write(t, c.dir+"/job.jar", "PK\x03\x04")
	renamed := write(t, c.dir+"/job", "PK\x03\x04")
	require.NoError(t, os.Chmod(renamed, 0o700))
	data := write(t, c.dir+"/data.bin", "no program")
	gone := fmt.Sprint("127.0.0.1:", processes.FreePort(t))
	for _, tc := range []struct {
		args    []string
		code    int
		message []string // parts of it, in order
	}{
		{[]string{"run", foreign}, 2, []string{"built for linux/" + other, "GOARCH=" + runtime.GOARCH}},
		{[]string{"run", "-d", foreign}, 2, []string{"built for linux/" + other, "GOARCH=" + runtime.GOARCH}},
		{[]string{"run", stranger}, 2, []string{"example.com/stranger", "does not use github.com/leatproject/leat"}},
		{[]string{"run", "/bin/true"}, 2, []string{"/bin/true", "no Go binary", "go build"}},
		{[]string{"run", jar}, 2, []string{"job.jar", "no Java virtual machine", "leat runs an executable file"}},
		{[]string{"run", renamed}, 2, []string{"jar or zip archive", "no Java virtual machine"}},
		{[]string{"run", data}, 2, []string{"data.bin", "not executable"}},
		{[]string{"run", c.dir + "/nothing"}, 2, []string{"nothing", "no such file"}},
		{[]string{"run", "-d", wordcount}, 2, []string{"the driver has ended with exit code 2", "nothing to read"}},
		{[]string{"run", "-m", gone, wordcount, "--input", c.dir + "/in.txt"}, 3, []string{"cannot be reached", "rest.address, -m"}},
		{[]string{"run", "-d", "-m", gone, wordcount, "--input", c.dir + "/in.txt"}, 3, []string{"cannot be reached"}},
		{[]string{"list", "-m", gone}, 3, []string{"cannot be reached"}},
		{[]string{"cancel", "-m", gone, finished}, 3, []string{"cannot be reached"}},
		{[]string{"logs", "-m", gone, finished}, 3, []string{"cannot be reached"}},
		{[]string{"cancel", finished}, 4, []string{finished, "FINISHED already"}},
		{[]string{"cancel", unknown}, 2, []string{unknown, "does not exist"}},
		{[]string{"cancel", "12"}, 2, []string{"12", "no job id"}},
		{[]string{"cancel", "-s", "/savepoints", finished}, 4, []string{"it is FINISHED"}},
		{[]string{"logs", unknown}, 2, []string{unknown, "does not exist"}},
		{[]string{"logs", "-f", unknown}, 2, []string{unknown, "does not exist"}},
		{[]string{"logs", "--taskmanager", "nobody", finished}, 1, []string{"nobody"}},
		{[]string{"list", "--config", c.dir + "/nothing.yaml"}, 2, []string{"nothing.yaml", "no such file"}},
		{[]string{"list", "-D", "rest.prot=1"}, 2, []string{"rest.prot", "did you mean \"rest.port\""}},
		{[]string{"list", "-D", "rest.port"}, 2, []string{"\"rest.port\"", "key=value"}},
		{[]string{"list", "-D", "rest.port=high"}, 2, []string{"rest.port", "high", "number"}},
		{[]string{"list", "--runing"}, 2, []string{"--runing", "did you mean \"--running\""}},
		{[]string{"lis"}, 2, []string{"lis", "did you mean \"list\""}},
		{[]string{"run", "-p", "0", wordcount}, 2, []string{"parallelism", "0"}},
	} {
		t.Run(strings.Join(tc.args[:min(2, len(tc.args))], " "), func(t *testing.T) {
			before := c.get("/jobs") + c.get("/jars")
			args := tc.args
			if args[0] != "lis" && !slices.Contains(args, gone) {
				args = append([]string{args[0], "-m", fmt.Sprint("127.0.0.1:", c.rest)}, args[1:]...)
			}
			got := runProcess(t, command(t, "leat"), args...)
			require.Equal(t, tc.code, got.code, "%q: %s%s", args, got.out, got.err)
			requireInOrder(t, got.err, tc.message)
			require.NotContains(t, got.err, "goroutine")
			require.Equal(t, before, c.get("/jobs")+c.get("/jars"), "nothing has changed")
		})
	}
}

// TestBadRequests sends what is no request of the API: each gets a list of errors and changes nothing.
func TestBadRequests(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 0, 0)
	before := c.get("/jobs") + c.get("/jars")
	unknown := strings.Repeat("0", 32)
	for _, tc := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/jobs", "{", 400},
		{"POST", "/jobs", "[1,2]", 400},
		{"POST", "/jobs", `{"submission":"AAAA"}`, 400},
		{"POST", "/jars/upload", "no multipart", 400},
		{"POST", "/jars/x/run", "{}", 404},
		{"POST", "/jars/..%2F..%2Fetc%2Fpasswd/run", "{}", 404},
		{"DELETE", "/jars/x", "", 404},
		{"PATCH", "/jobs/" + unknown, "", 404},
		{"PATCH", "/jobs/" + unknown + "?mode=explode", "", 400},
		{"PATCH", "/jobs/x", "", 400},
		{"POST", "/jobs/" + unknown + "/savepoints", "{}", 404},
		{"POST", "/overview", "", 404},
		{"GET", "/jobs/" + unknown + "/vertices/x", "", 404},
		{"GET", "/jobmanager/logs/..%2Fsecret", "", 400},
		{"GET", "/v1/nothing", "", 404},
	} {
		status, body := c.request(tc.method, tc.path, tc.body)
		require.Equal(t, tc.status, status, "%s %s: %s", tc.method, tc.path, body)
		require.Regexp(t, `^\{"errors":\["`, body, tc.path)
	}
	require.Equal(t, before, c.get("/jobs")+c.get("/jars"))
}

func TestOversizedUpload(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := &cluster{t: t, dir: t.TempDir(), rest: processes.FreePort(t), rpc: processes.FreePort(t)}
	c.start("jobmanager", "-D", "rest.server.max-content-length=1 mb")
	require.Eventually(t, func() bool { return c.leat("list").Run() == nil }, time.Minute, 100*time.Millisecond)
	got := runProcess(t, command(t, "leat"), "run", "-d", "-m", fmt.Sprint("127.0.0.1:", c.rest), command(t, "wordcount"))
	require.Equal(t, 4, got.code, got.err)
	require.Contains(t, got.err, "rest.server.max-content-length")
	require.JSONEq(t, `[]`, regexp.MustCompile(`"files":(.*)}`).FindStringSubmatch(c.get("/jars"))[1])
}

// TestGraphThatChanges runs a program whose main function builds another graph in the workers.
func TestGraphThatChanges(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := startCluster(t, 1, 1)
	cmd := c.leat("run", "-D", "restart-strategy.type=none", link(t, "fickle"), asProgram+"fickle", t.TempDir())
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 1, cmd.ProcessState.ExitCode(), "%s", out)
	requireInOrder(t, string(out), []string{"main() has built another graph", "datastream.Once"})
	require.Contains(t, c.get("/overview"), `"slots-available":1`)
}

// TestServersThatCannotStart says why at once.
func TestServersThatCannotStart(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, taken, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	dir := t.TempDir()
	free := func() string { return fmt.Sprint(processes.FreePort(t)) }
	for _, tc := range []struct {
		args    []string
		code    int
		message []string
	}{
		{[]string{"jobmanager", "-Djobmanager.bind-host=127.0.0.1", "-Djobmanager.rpc.port=" + taken, "-Drest.bind-port=" + free()}, 2, []string{"address already in use", "jobmanager.rpc.port"}},
		{[]string{"jobmanager", "-Drest.bind-address=127.0.0.1", "-Djobmanager.rpc.port=" + free(), "-Drest.bind-port=" + taken}, 2, []string{"address already in use", "rest.bind-port"}},
		{[]string{"jobmanager", "-Djobmanager.rpc.port=" + free(), "-Drest.bind-port=" + free(), "-Dmetrics.reporter.prom.bind-host=127.0.0.1", "-Dmetrics.reporter.prom.port=" + taken}, 2,
			[]string{"address already in use", "metrics.reporter.prom.port"}},
		{[]string{"taskmanager", "-Dtaskmanager.bind-host=127.0.0.1", "-Dtaskmanager.data.port=" + taken}, 2, []string{"address already in use", "taskmanager.data.port"}},
		{[]string{"taskmanager", "-Djobmanager.rpc.port=" + free(), "-Dtaskmanager.registration.timeout=1s"}, 3, []string{"no JobManager has answered", "jobmanager.rpc.address"}},
		{[]string{"jobmanager", "-Drest.bind-address=0.0.0.0"}, 2, []string{"cluster.secret-file"}},
		{[]string{"jobmanager", "--config", dir + "/nothing.yaml"}, 2, []string{"nothing.yaml", "no such file"}},
		{[]string{"jobmanager", "--config", write(t, dir+"/broken/config.yaml", "jobmanager:\n  rpc: [\n")}, 2, []string{"config.yaml"}},
		{[]string{"taskmanager", "-Dtaskmanager.numberOfTaskSlots=many"}, 2, []string{"taskmanager.numberOfTaskSlots", "many"}},
		{[]string{"jobmanager", "extra"}, 2, []string{"unexpected argument \"extra\""}},
	} {
		got := runProcess(t, command(t, "leat"), tc.args...)
		require.Equal(t, tc.code, got.code, "%q: %s", tc.args, got.err)
		requireInOrder(t, got.err, tc.message)
	}
}

// flinkKeys are those that the config.yaml has which Flink 2.3 ships.
const flinkKeys = `
env.java.opts.all: --add-opens=java.base/java.util=ALL-UNNAMED
jobmanager:
  bind-host: localhost
  rpc: {address: localhost, port: %d}
  memory.process.size: 1600m
  execution.failover-strategy: region
taskmanager: {bind-host: localhost, host: localhost, numberOfTaskSlots: 1, memory.process.size: 1728m}
parallelism.default: 1
rest: {address: localhost, bind-address: localhost, port: %d}
`

// TestConfigurationOfFlink starts a cluster with what Flink ships: keys of the Java virtual machine are warned of.
func TestConfigurationOfFlink(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	c := &cluster{t: t, dir: t.TempDir(), rest: processes.FreePort(t), rpc: processes.FreePort(t)}
	conf := write(t, c.dir+"/conf/config.yaml", fmt.Sprintf(flinkKeys, c.rpc, c.rest))
	log := c.dir + "/jobmanager.log"
	c.start("jobmanager", "--config", conf, "-D", "cluster.log-file="+log)
	c.start("taskmanager", "--config", conf)
	require.Eventually(t, func() bool { return c.slots() == 1 }, time.Minute, 100*time.Millisecond)
	c.run("--config", conf, command(t, "wordcount"), "--input", write(t, c.dir+"/in.txt", words))
	said, err := os.ReadFile(log)
	require.NoError(t, err)
	requireInOrder(t, string(said), []string{"env.java.opts.all has no effect: Leat has no Java virtual machine"})
	require.Equal(t, 1, strings.Count(string(said), "env.java.opts.all"))
}
