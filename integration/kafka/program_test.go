package kafka_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/leatproject/leat/storage/filesystem"
	_ "github.com/leatproject/leat/storage/filesystem/hdfs" // LEAT_TEST_HDFS
)

var binaries string // of program, when it is built

func TestMain(m *testing.M) {
	code := m.Run()
	if binaries != "" {
		os.RemoveAll(binaries)
	}
	os.Exit(code)
}

var buildOnce = sync.OnceValues(func() (out []byte, err error) {
	if binaries, err = os.MkdirTemp("", "leat-kafka"); err != nil {
		return nil, err
	}
	return exec.Command("go", "build", "-o", binaries, "../../cmd/examples/kafkaviews").CombinedOutput()
})

// program is the example that counts page views.
func program(t *testing.T) string {
	out, err := buildOnce()
	require.NoError(t, err, "%s", out)
	return filepath.Join(binaries, "kafkaviews")
}

// writeViews writes the views of seconds from to to-1, one each, of 5 pages in turn.
func writeViews(t *testing.T, topic string, from, to int) {
	var all []*kgo.Record
	for i := from; i < to; i++ {
		all = append(all, &kgo.Record{Topic: topic, Partition: int32(i % 2), Timestamp: time.Unix(int64(i), 0), Value: fmt.Appendf(nil, `{"user": "u", "page": "/%d"}`, i%5)})
	}
	require.NoError(t, client(t).ProduceSync(t.Context(), all...).FirstErr())
}

// counts are those of the views of that many minutes.
func counts(minutes int) (lines []string) {
	for i := range minutes {
		for page := range 5 {
			lines = append(lines, fmt.Sprintf(`{"start":"%s","page":"/%d","views":12}`, time.Unix(int64(i)*60, 0).UTC().Format(time.RFC3339), page))
		}
	}
	slices.Sort(lines)
	return lines
}

// files are the lines of the files of a folder that can be seen, in order.
func files(t *testing.T, dir string) (lines []string) {
	fs, within, err := filesystem.For(t.Context(), dir)
	require.NoError(t, err)
	all, err := fs.List(t.Context(), within)
	if errors.Is(err, filesystem.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	for _, x := range all {
		if filesystem.Hidden(x.Name()) {
			continue
		}
		f, err := fs.Open(t.Context(), x.Path)
		require.NoError(t, err)
		for s := bufio.NewScanner(f); s.Scan(); {
			lines = append(lines, s.Text())
		}
		require.NoError(t, f.Close())
	}
	slices.Sort(lines)
	return lines
}

// viewsTopic has the views of a topic stay, whose times are in 1970.
func viewsTopic(t *testing.T, partitions int32) string {
	forever := "-1"
	return topicWith(t, "views", partitions, map[string]*string{"retention.ms": &forever})
}

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestCommandsOfTheDocument runs the commands of the documentation of Kafka.
func TestCommandsOfTheDocument(t *testing.T) {
	in, out, dir := viewsTopic(t, 2), viewsTopic(t, 1), t.TempDir()
	writeViews(t, in, 0, 600)
	text, err := os.ReadFile("../../storage/connector/kafka/README.md")
	require.NoError(t, err)
	edit := strings.NewReplacer("localhost:9092", strings.Join(brokers(t), ","), "--in views", "--in "+in, "--out counts", "--out "+out,
		"go run ./cmd/examples/kafkaviews", program(t))
	blocks := shellBlock.FindAllSubmatch(text, -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		for line := range strings.Lines(string(block[1])) {
			cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", edit.Replace(line))
			cmd.Env = append(os.Environ(), "TMPDIR="+dir)
			output, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s: %s", line, output)
		}
	}
	var found []string
	for end := time.Now().Add(patience); len(found) < 50 && time.Now().Before(end); { // the brokers commit behind the job's back
		found = values(committed(t, out))
	}
	slices.Sort(found)
	require.Equal(t, counts(10), found)
	require.Equal(t, counts(10), files(t, filepath.Join(dir, "counts")))
}

// running is a program that goes on until it is ended.
type running struct {
	cmd    *exec.Cmd
	output *bytes.Buffer
	done   chan struct{}
}

func start(t *testing.T, args ...string) *running {
	r := &running{cmd: exec.Command(program(t), args...), output: new(bytes.Buffer), done: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = r.output, r.output
	require.NoError(t, r.cmd.Start())
	go func() {
		defer close(r.done)
		_ = r.cmd.Wait()
	}()
	t.Cleanup(func() { r.end(syscall.SIGKILL) })
	return r
}

// end ends the program; what it has said is in output then.
func (r *running) end(by syscall.Signal) {
	_ = r.cmd.Process.Signal(by)
	<-r.done
}

// until waits for something while the program runs.
func (r *running) until(t *testing.T, condition func() bool) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !condition() {
		select {
		case <-r.done:
			require.FailNow(t, "the program has ended", "%s", r.output)
		case <-ctx.Done():
			r.end(syscall.SIGQUIT)
			require.FailNow(t, "it does not happen", "%s", r.output)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// TestViewsIntoFilesExactlyOnce: an unbounded job from a topic into files, on HDFS if there is one, is killed in the middle and goes
// on from its last checkpoint.
func TestViewsIntoFilesExactlyOnce(t *testing.T) {
	in, checkpoints, dir := viewsTopic(t, 2), t.TempDir(), filepath.Join(t.TempDir(), "counts")
	if hdfs := os.Getenv("LEAT_TEST_HDFS"); hdfs != "" {
		dir = hdfs + path.Join("/", in)
	}
	args := []string{"--brokers", strings.Join(brokers(t), ","), "--in", in, "--output", dir, "--disorder", "0s", "--idle", "1h", "-D", "parallelism.default=2",
		"-D", "execution.checkpointing.interval=200ms", "-D", "execution.checkpointing.dir=" + checkpoints, "-D", "execution.checkpointing.min-pause=0"}
	writeViews(t, in, 0, 1200)
	first := start(t, args...)
	first.until(t, func() bool { return len(files(t, dir)) >= 50 })
	writeViews(t, in, 1200, 2400)
	first.end(syscall.SIGKILL)
	latest := lastCheckpoint(t, checkpoints)
	second := start(t, append(args, "-D", "execution.state-recovery.path="+latest)...)
	writeViews(t, in, 2400, 3602)
	second.until(t, func() bool { return len(files(t, dir)) >= 300 })
	second.end(syscall.SIGINT)
	require.Equal(t, 5, second.cmd.ProcessState.ExitCode(), "%s", second.output)
	require.Equal(t, counts(60), files(t, dir))
}

// lastCheckpoint is the newest complete one of a job.
func lastCheckpoint(t *testing.T, dir string) string {
	all, err := filepath.Glob(filepath.Join(dir, "*", "chk-*", "_metadata"))
	require.NoError(t, err)
	require.NotEmpty(t, all)
	number := func(name string) (n int) {
		_, err := fmt.Sscanf(filepath.Base(filepath.Dir(name)), "chk-%d", &n)
		require.NoError(t, err)
		return n
	}
	return filepath.Dir(slices.MaxFunc(all, func(a, b string) int { return cmp.Compare(number(a), number(b)) }))
}

// TestAProgramWithAWrongPassword says what is wrong, and nothing of the password, whatever it logs.
func TestAProgramWithAWrongPassword(t *testing.T) {
	s := newSecurity(t)
	in := topic(t, "secured", 1)
	s.allow(in, "read", "write")
	var text strings.Builder
	for name, value := range s.login("SCRAM-SHA-512", "sasl.jaas.config", `x required username="alice" password="hunter2";`) {
		fmt.Fprintf(&text, "%s=%s\n", name, value)
	}
	file := filepath.Join(t.TempDir(), "client.properties")
	require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
	for _, more := range [][]string{{"--out", in}, {"--output", t.TempDir()}} {
		p := start(t, append([]string{"--properties", file, "--in", in, "--until-now"}, more...)...)
		<-p.done
		require.Equal(t, 1, p.cmd.ProcessState.ExitCode())
		require.Contains(t, p.output.String(), "the brokers do not know this user, or not with this password")
		require.NotContains(t, p.output.String(), "hunter2")
	}
}
