package yarn_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

// hadoop runs commands of Hadoop, each a class and its arguments, at the same time and returns what they print.
func hadoop(t *testing.T, commands ...[]string) []string {
	t.Helper()
	jars := os.Getenv("LEAT_HADOOP_JARS")
	if jars == "" {
		t.Skip("LEAT_HADOOP_JARS is not set: Hadoop's own commands are missing")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	said, errs := make([]string, len(commands)), make([]error, len(commands))
	var all sync.WaitGroup
	for i, c := range commands {
		java := exec.CommandContext(ctx, "java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.security.krb5.conf="+os.Getenv("KRB5_CONFIG"),
			"-cp", os.Getenv("HADOOP_CONF_DIR")+":"+jars+"/*", "org.apache.hadoop.yarn.client.cli."+c[0])
		java.Args = append(java.Args, c[1:]...)
		all.Go(func() {
			out, err := java.Output()
			said[i], errs[i] = string(out), err
		})
	}
	all.Wait()
	for i, err := range errs {
		require.NoError(t, err, "%s: %s", commands[i], said[i])
	}
	return said
}

// The operator's own tools list an application, show its logs and its pages, and end it. Whoever waits for it is told.
func TestOperator(t *testing.T) {
	c, client := requireYARN(t)
	dir, home, ticks := folder(t), t.TempDir(), filepath.Join(t.TempDir(), "ticks")
	wait, said := begun(t, home, "run", "-t", "yarn-application", "-p", "1", "-Dyarn.staging-directory="+dir, "-Dyarn.application.name=clicks", "-Dyarn.application.queue=etl",
		"-Dyarn.application.priority=3", "-Dyarn.application.lifetime=1 h", "-Dyarn.tags=nightly", binary(t, "ticks"), ticks)
	until(t, "the first record", func() bool { return size(ticks) > 0 })
	id := applicationID.FindString(said())
	commands := [][]string{{"ApplicationCLI", "application", "-list", "-appTags", "nightly", "-appTypes", "LEAT"}, {"ApplicationCLI", "application", "-status", id},
		{"LogsCLI", "-applicationId", id}}
	if c.Kerberos() { // YARN does not show logs to its own command where pages are not secured, as with scripts/hadoop
		commands = commands[:2]
	}
	got := hadoop(t, commands...)
	require.Regexp(t, id+`\s+clicks\s+LEAT\s+\S+\s+(root\.)?etl\s+RUNNING\s+UNDEFINED\s+\S+\s+http://localhost:\d+`, got[0])
	require.Contains(t, got[1], "Application Priority : 3\n")
	require.Regexp(t, `TimeoutType : LIFETIME\s+ExpiryTime : 20\S+\s+RemainingTime : 3\d\d\dseconds`, got[1])
	if len(got) > 2 {
		for _, name := range []string{"jobmanager.log", "taskmanager.log", "stdout", "stderr"} {
			require.Contains(t, got[2], "LogType:"+name+"\n")
		}
		require.Regexp(t, `msg="JobManager started".*version`, got[2])
	}
	behindProxy(t, report(t, client, said()).GetTrackingUrl())

	hadoop(t, []string{"ApplicationCLI", "application", "-kill", id})
	ended := wait()
	require.Equal(t, 5, ended.code, ended.err)
	require.Regexp(t, `leat: application `+id+` was killed: by user \S+ at `, ended.err)
	require.Equal(t, 1, strings.Count(ended.err, "killed"), ended.err)
	until(t, "the end of its processes", func() bool { return len(running(t, id, "jobmanager"))+len(running(t, id, "taskmanager")) == 0 })
	require.LessOrEqual(t, report(t, client, ended.err).GetAppResourceUsage().GetNumUsedContainers(), int32(0))
	nothingLeft(t, dir, home, ended.err)
}

// references are what a page names and what its script asks for by a path that is the same for all jobs.
var references = regexp.MustCompile(`(?:href|src)="([^"#]+)"|get\('([^']+)'\)`)

// behindProxy reads an application's page, what it refers to and what that asks for through YARN's proxy, which lets nothing be changed.
func behindProxy(t *testing.T, tracking string) {
	t.Helper()
	base, err := url.Parse(tracking)
	require.NoError(t, err)
	require.Contains(t, base.Path, "/proxy/application_")
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar, Timeout: patience}
	ask := func(method, reference string) (status int, contentType, body string) {
		at, err := base.Parse(reference)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(at.Path, base.Path), "%s leaves the proxy", reference)
		request, err := http.NewRequestWithContext(t.Context(), method, at.String(), nil)
		require.NoError(t, err)
		answer, err := browser.Do(request)
		require.NoError(t, err)
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, answer.Header.Get("Content-Type"), string(content)
	}
	_, _, page := ask(http.MethodGet, "")
	if warned := regexp.MustCompile(`href="([^"]*proxyapproved=true[^"]*)"`).FindStringSubmatch(page); warned != nil { // to a user whose application it is not
		_, _, page = ask(http.MethodGet, warned[1])
	}
	require.Contains(t, page, "<title>Leat</title>")
	_, _, script := ask(http.MethodGet, "page.js")
	seen := 0
	for _, text := range []string{page, script} {
		for _, r := range references.FindAllStringSubmatch(text, -1) {
			reference := r[1] + r[2]
			if strings.HasPrefix(reference, "data:") {
				continue
			}
			status, contentType, body := ask(http.MethodGet, reference)
			require.Equal(t, http.StatusOK, status, "%s: %s", reference, body)
			require.NotEmpty(t, contentType)
			seen++
		}
	}
	require.Greater(t, seen, 6)
	_, _, overview := ask(http.MethodGet, "jobs/overview")
	job := regexp.MustCompile(`"jid":"([0-9a-f]{32})"`).FindStringSubmatch(overview)
	require.NotNil(t, job, overview)
	for _, x := range []struct{ method, path string }{{http.MethodPatch, "jobs/" + job[1] + "?mode=cancel"}, {http.MethodPost, "jobs/" + job[1] + "/savepoints"},
		{http.MethodDelete, "cluster"}, {http.MethodPut, "jobs/" + job[1] + "/resource-requirements"}} {
		status, _, body := ask(x.method, x.path)
		require.Contains(t, []int{http.StatusUnauthorized, http.StatusMethodNotAllowed, http.StatusNotImplemented}, status, "%s %s: %s", x.method, x.path, body)
	}
	_, _, overview = ask(http.MethodGet, "jobs/overview")
	require.Contains(t, overview, `"RUNNING"`)
}

// YARN ends an application whose lifetime is over.
func TestLifetime(t *testing.T) {
	requireYARN(t)
	dir, home := folder(t), t.TempDir()
	got := leat(t, home, "run", "-t", "yarn-application", "-p", "1", "-Dyarn.staging-directory="+dir, "-Dyarn.application.lifetime=4 s", binary(t, "ticks"), filepath.Join(home, "ticks"))
	require.Equal(t, 5, got.code, got.err)
	require.Regexp(t, `leat: application application_\d+_\d+ was killed: .*lifetime`, got.err)
	nothingLeft(t, dir, home, got.err)
}

// A program with several jobs is one application, which ends as the program does.
func TestSeveralJobs(t *testing.T) {
	_, client := requireYARN(t)
	dir, home := folder(t), t.TempDir()
	for i, x := range []struct {
		flags []string
		code  int
		final wire.FinalApplicationStatus
		rows  string
		jobs  int
	}{
		{[]string{"--fail"}, 1, wire.FinalApplicationStatus_APP_FAILED, "", 2},
		{[]string{"--fail", "--proceed"}, 0, wire.FinalApplicationStatus_APP_SUCCEEDED, "0\n100\n", 3},
	} {
		out := fmt.Sprint(dir, "/out", i)
		got := leat(t, home, append([]string{"run", "-t", "yarn-application", "-p", "1", "-Dyarn.staging-directory=" + dir, "-Drestart-strategy.type=none", binary(t, "several"), "--output", out}, x.flags...)...)
		require.Equal(t, x.code, got.code, got.err)
		require.Equal(t, x.final, report(t, client, got.err).GetFinalApplicationStatus(), got.err)
		require.Equal(t, x.jobs, strings.Count(got.err, "has been submitted with JobID"), got.err)
		require.Contains(t, got.err, "the second job fails on purpose")
		if x.rows != "" {
			require.Equal(t, x.rows, lines(t, out))
		}
		nothingLeft(t, dir, home, got.err)
	}
}
