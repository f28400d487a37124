package integration

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/integration/processes"
	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/security"
)

// certificates is a folder with what scripts/make-certificates.sh makes.
func certificates(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	out, err := exec.Command("../scripts/make-certificates.sh", dir).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

// storePassword is that of keystores in PKCS#12.
const storePassword = "7hePa55word0fKeystores"

// secureConfiguration writes the configuration of a cluster with TLS everywhere, and a secret.
func secureConfiguration(t *testing.T, certs string) (path string) {
	t.Helper()
	at := func(name string) string { return filepath.Join(certs, name) }
	out, err := exec.Command("openssl", "pkcs12", "-export", "-in", at("internal.pem"), "-out", at("internal.p12"), "-passout", "pass:"+storePassword).CombinedOutput()
	require.NoError(t, err, "%s", out)
	_, err = secret.Create(at("secret"))
	require.NoError(t, err)
	return writeSettings(t, certs, "config.yaml", "cluster.secret-file", at("secret"),
		"security.ssl.internal.enabled", "true", "security.ssl.internal.keystore", at("internal.p12"), "security.ssl.internal.keystore-password", storePassword,
		"security.ssl.internal.truststore", at("internal-ca.pem"), "security.ssl.rest.enabled", "true", "security.ssl.rest.authentication-enabled", "true",
		"security.ssl.rest.keystore", at("rest.pem"), "security.ssl.rest.truststore", at("rest-ca.pem"))
}

// writeSettings writes a configuration file of alternating keys and values.
func writeSettings(t *testing.T, dir, name string, pairs ...string) (path string) {
	t.Helper()
	var text strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&text, "%s: %s\n", pairs[i], pairs[i+1])
	}
	path = filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	return path
}

// A cluster whose REST, control and data connections are all encrypted and authenticated runs jobs over two TaskManagers, tells its
// secrets to nobody, and lets nobody in who cannot prove himself.
func TestSecureCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	certs := certificates(t)
	c := &cluster{t: t, dir: t.TempDir(), rest: processes.FreePort(t), rpc: processes.FreePort(t)}
	server := secureConfiguration(t, certs)
	client := writeSettings(t, certs, "client.yaml", "cluster.secret-file", filepath.Join(certs, "secret"), "security.ssl.rest.enabled", "true",
		"security.ssl.rest.keystore", filepath.Join(certs, "client.pem"), "security.ssl.rest.truststore", filepath.Join(certs, "rest-ca.pem"))
	logs := []string{filepath.Join(c.dir, "jobmanager.log")}
	members := []*processes.Process{c.start("jobmanager", "--config", server, "-D", "cluster.log-file="+logs[0])}
	for i := range 2 {
		log := filepath.Join(c.dir, fmt.Sprintf("taskmanager%d.log", i))
		logs = append(logs, log)
		members = append(members, c.start("taskmanager", "--config", server, "-D", "cluster.log-file="+log, "-D", "taskmanager.numberOfTaskSlots=1"))
	}
	leat := func(verb string, args ...string) *exec.Cmd {
		return c.leat(verb, append([]string{"--config", client}, args...)...)
	}
	require.Eventually(t, func() bool { return leat("list").Run() == nil }, 2*time.Minute, 50*time.Millisecond, "the cluster did not come up")

	program := command(t, "wordcount")
	text, err := filepath.Abs("../cmd/examples/wordcount/text.txt")
	require.NoError(t, err)
	local, err := exec.Command(program, "--input", text).Output()
	require.NoError(t, err)
	for _, mode := range []string{"BATCH", "STREAMING"} {
		var stderr bytes.Buffer
		run := leat("run", "-p", "2", "-D", "execution.runtime-mode="+mode, program, "--input", text)
		run.Stderr = &stderr
		out, err := run.Output()
		require.NoError(t, err, "%s: %s", mode, stderr.String())
		if mode == "BATCH" {
			require.ElementsMatch(t, strings.Split(string(local), "\n"), strings.Split(string(out), "\n"))
		}
	}

	l, stop := talker(t)
	defer stop()
	detached, err := leat("run", "-d", "-p", "2", program, "--socket", l).CombinedOutput()
	require.NoError(t, err, "%s", detached)
	id := regexp.MustCompile(`[0-9a-f]{32}`).FindString(string(detached))
	require.Eventually(t, func() bool {
		out, err := leat("logs", id).CombinedOutput()
		return err == nil && strings.Contains(string(out), "(be, 2)")
	}, 2*time.Minute, 100*time.Millisecond, "the job's output did not come")
	t.Run("secrets are told to nobody", func(t *testing.T) { c.searchForSecrets(t, certs, client, members, logs) })
	t.Run("strangers are refused", func(t *testing.T) { c.refuseStrangers(t, certs) })
	require.NoError(t, leat("cancel", id).Run())
}

// talker says a sentence to everybody who connects.
func talker(t *testing.T) (address string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(conn, "to be or not to be\n")
			defer conn.Close()
		}
	}()
	return l.Addr().String(), func() { _ = l.Close() }
}

// searchForSecrets looks at the logs, and at arguments and environment of all processes of a cluster that runs a job.
func (c *cluster) searchForSecrets(t *testing.T, certs, client string, members []*processes.Process, logs []string) {
	text, err := os.ReadFile(filepath.Join(certs, "secret"))
	require.NoError(t, err)
	secrets := []string{strings.TrimSpace(string(text)), storePassword}
	for _, name := range []string{"internal.pem", "rest.pem", "client.pem"} {
		content, err := os.ReadFile(filepath.Join(certs, name))
		require.NoError(t, err)
		_, key, _ := strings.Cut(string(content), "PRIVATE KEY-----\n")
		secrets = append(secrets, key[:40])
	}
	searched := 0
	search := func(place string, content []byte) {
		searched++
		for i, s := range secrets {
			require.False(t, bytes.Contains(content, []byte(s)), "secret number %d stands in %s", i, place)
		}
	}
	for _, log := range logs {
		content, err := os.ReadFile(log)
		require.NoError(t, err)
		require.NotEmpty(t, content)
		search(log, content)
	}
	for path, content := range c.answers(t, client, "/jobmanager/config", "/jobmanager/log", "/jobmanager/environment", "/taskmanagers", "/jobs/overview") {
		search(path, content)
	}
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Log("arguments and environments of other processes cannot be read here")
		return
	}
	family := family(t, members)
	require.GreaterOrEqual(t, len(family), len(members)+2, "a worker runs below each TaskManager")
	for _, pid := range family {
		for _, file := range []string{"cmdline", "environ"} {
			path := filepath.Join("/proc", pid, file)
			if content, err := os.ReadFile(path); err == nil { // a process may have ended
				search(path, content)
			}
		}
	}
	t.Logf("%d places searched, of %d processes", searched, len(family))
}

// answers asks REST as a client with a configuration does.
func (c *cluster) answers(t *testing.T, client string, paths ...string) map[string][]byte {
	conf, _, err := config.Load(config.Sources{File: client})
	require.NoError(t, err)
	settings, err := security.RestClient(conf)
	require.NoError(t, err)
	s, err := secret.Load(config.Get(conf, config.SecretFile))
	require.NoError(t, err)
	transport := &http.Transport{TLSClientConfig: settings("127.0.0.1"), DisableKeepAlives: true}
	all := map[string][]byte{}
	for _, path := range paths {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d%s", c.rest, path), nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", s.Bearer())
		answer, err := transport.RoundTrip(r)
		require.NoError(t, err)
		all[path], err = io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, 200, answer.StatusCode, "%s: %s", path, all[path])
		require.GreaterOrEqual(t, answer.TLS.Version, uint16(tls.VersionTLS13))
	}
	require.True(t, json.Valid(all["/jobmanager/config"]))
	require.Contains(t, string(all["/jobmanager/config"]), "security.ssl.internal.keystore-password")
	return all
}

// family is the processes and what they have started, by id.
func family(t *testing.T, members []*processes.Process) (all []string) {
	for _, m := range members {
		all = append(all, fmt.Sprint(m.PID()))
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	parents := map[string]string{}
	for _, path := range stats {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:])); len(fields) > 1 {
			parents[filepath.Base(filepath.Dir(path))] = fields[1]
		}
	}
	for grown := true; grown; {
		grown = false
		for pid, parent := range parents {
			if slices.Contains(all, parent) && !slices.Contains(all, pid) {
				all, grown = append(all, pid), true
			}
		}
	}
	return all
}

// refuseStrangers lets clients and a TaskManager try that cannot prove themselves.
func (c *cluster) refuseStrangers(t *testing.T, certs string) {
	elsewhere := certificates(t)
	at := func(name string) string { return filepath.Join(certs, name) }
	for name, tc := range map[string]struct {
		settings []string
		message  string
		codes    []int
	}{
		"in the clear":          {[]string{"cluster.secret-file", at("secret")}, "security.ssl.rest.enabled", []int{4}},
		"another authority":     {[]string{"security.ssl.rest.enabled", "true", "security.ssl.rest.truststore", filepath.Join(elsewhere, "rest-ca.pem")}, "security.ssl.rest.truststore", []int{4}},
		"no certificate":        {[]string{"security.ssl.rest.enabled", "true", "security.ssl.rest.truststore", at("rest-ca.pem")}, "security.ssl.rest.keystore", []int{4}},
		"a foreign certificate": {[]string{"security.ssl.rest.enabled", "true", "security.ssl.rest.truststore", at("rest-ca.pem"), "security.ssl.rest.keystore", filepath.Join(elsewhere, "client.pem")}, "security.ssl.rest.keystore", []int{3, 4}},
		"no secret":             {[]string{"security.ssl.rest.enabled", "true", "security.ssl.rest.truststore", at("rest-ca.pem"), "security.ssl.rest.keystore", at("client.pem")}, "cluster.secret-file", []int{4}},
	} {
		path := writeSettings(t, t.TempDir(), "config.yaml", tc.settings...)
		list := c.leat("list", "--config", path)
		out, err := list.CombinedOutput()
		require.Error(t, err, name)
		require.Contains(t, tc.codes, list.ProcessState.ExitCode(), "%s: %s", name, out)
		require.Contains(t, string(out), tc.message, name)
	}
	run := c.leat("run", "--config", writeSettings(t, t.TempDir(), "config.yaml", "security.ssl.rest.enabled", "true", "security.ssl.rest.truststore", at("rest-ca.pem")),
		command(t, "wordcount"), "--input", "x")
	out, err := run.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 4, run.ProcessState.ExitCode(), "%s", out)
	require.Contains(t, string(out), "security.ssl.rest.keystore")

	log := filepath.Join(t.TempDir(), "log")
	c.start("taskmanager", "--config", writeSettings(t, t.TempDir(), "config.yaml", "cluster.secret-file", at("secret")), "-D", "cluster.log-file="+log)
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(log)
		return err == nil && strings.Contains(string(content), "set security.ssl.internal.enabled and .keystore")
	}, 2*time.Minute, 50*time.Millisecond, "a TaskManager without certificate is told what it needs")
}
