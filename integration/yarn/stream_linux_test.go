package yarn_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// source is where jobs read words.
type source struct {
	net.Listener
	connection net.Conn
}

func newSource(t *testing.T) *source {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return &source{Listener: l}
}

// connected waits for the job.
func (s *source) connected(t *testing.T) {
	t.Helper()
	require.NoError(t, s.Listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience)))
	var err error
	s.connection, err = s.Accept()
	require.NoError(t, err)
}

func (s *source) send(t *testing.T, word string) {
	t.Helper()
	_, err := fmt.Fprintln(s.connection, word)
	require.NoError(t, err)
}

// streaming are the arguments of a job that counts the words of a source until it closes.
func streaming(t *testing.T, s *source, target, dir string, more ...string) []string {
	t.Helper()
	args := append([]string{"run", "-t", target, "-p", "1", "-Dyarn.staging-directory=" + dir,
		"-Dexecution.checkpointing.interval=300 ms", "-Dexecution.checkpointing.dir=" + dir + "/checkpoints"}, more...)
	return append(args, binary(t, "wordcount"), "--socket", s.Addr().String(), "--output", dir+"/out")
}

// An unbounded job reads a socket until it closes, and writes what it counts to HDFS while it runs.
func TestSocketJob(t *testing.T) {
	requireYARN(t)
	for _, target := range []string{"yarn-application", "yarn-session"} {
		t.Run(target, func(t *testing.T) {
			dir, home, words := folder(t), t.TempDir(), newSource(t)
			if target == "yarn-session" {
				session := leat(t, home, "yarn", "session", "-d", "-Dyarn.staging-directory="+dir)
				require.Zero(t, session.code, session.err)
				defer func() {
					stopped := leat(t, home, "yarn", "session", "-Dyarn.staging-directory="+dir, "--stop", applicationID.FindString(session.out))
					require.Zero(t, stopped.code, stopped.err)
				}()
			}
			wait, _ := begun(t, home, streaming(t, words, target, dir)...)
			words.connected(t)
			for i := range 20 {
				words.send(t, fmt.Sprintf("word%02d", i))
				if i == 0 {
					until(t, "the first count", func() bool {
						_, ok := read(t, dir+"/out/part-0-0")
						return ok
					})
				}
			}
			require.NoError(t, words.connection.Close())
			got := wait()
			require.Zero(t, got.code, got.err)
			require.Equal(t, 20, strings.Count(lines(t, dir+"/out"), ",1\n"))
		})
	}
}

// With a keytab a job, and containers that are started late, work on when the delegation tokens of its submission have ended, and so does
// another ApplicationMaster.
func TestRenewedTokens(t *testing.T) {
	c, client := requireYARN(t)
	life, err := time.ParseDuration(os.Getenv("LEAT_TEST_TOKEN_LIFE"))
	if !c.Kerberos() || err != nil || life > 2*time.Minute {
		t.Skip("delegation tokens do not end soon: run scripts/hadoop/up.sh --kerberos yes --token-life 45 --nodemanagers 1")
	}
	dir, home, words := folder(t), t.TempDir(), newSource(t)
	keytab := filepath.Join(os.Getenv("LEAT_HADOOP_DIR"), "krb5", "alice.keytab")
	wait, said := begun(t, home, streaming(t, words, "yarn-application", dir, "-Dsecurity.kerberos.login.keytab="+keytab, "-Dsecurity.kerberos.login.principal=alice",
		"-Drestart-strategy.exponential-delay.initial-backoff=100 ms")...)
	words.connected(t)
	sent := 0
	for end := time.Now().Add(2 * life); time.Now().Before(end); time.Sleep(time.Second) {
		words.send(t, fmt.Sprintf("old%03d", sent))
		sent++
	}
	attempt := report(t, client, said()).GetCurrentApplicationAttemptId().GetAttemptId()
	for _, role := range []string{"taskmanager", "jobmanager"} {
		process := running(t, applicationID.FindString(said()), role)
		require.Len(t, process, 1, role)
		require.NoError(t, syscall.Kill(process[0], syscall.SIGKILL))
		words.connected(t)
	}
	for i := range 5 {
		words.send(t, fmt.Sprintf("new%d", i))
	}
	require.NoError(t, words.connection.Close())
	got := wait()
	require.Zero(t, got.code, got.err)
	require.Equal(t, attempt+1, report(t, client, got.err).GetCurrentApplicationAttemptId().GetAttemptId())
	counts := lines(t, dir+"/out")
	require.Equal(t, 5, strings.Count(counts, "new"), counts)
	require.Greater(t, strings.Count(counts, "old"), sent-5, "but for the last ones, which a socket does not give again")
}
