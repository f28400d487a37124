package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/leatproject/leat/client/status"
	"github.com/stretchr/testify/require"
)

// The test binary is also the command and the program that it runs, by the name that it is started with.
const (
	commandName = "leat-under-test"
	programName = "fake-program"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "sql" { // leat run of a script starts its own binary
		main()
	}
	switch filepath.Base(os.Args[0]) {
	case commandName:
		main()
	case programName:
		os.Exit(fakeProgram(os.Args[1:]))
	}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "LEAT_") {
			_ = os.Unsetenv(name)
		}
	}
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0") // each program would wait a second for its race reports
	os.Exit(m.Run())
}

// link makes the test binary startable under another name.
func link(t *testing.T, name string) string {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Symlink(binary, path))
	return path
}

// fakeProgram does what its arguments say, one after the other, and returns its exit code.
func fakeProgram(args []string) int {
	events, err := status.FromEnvironment()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	signals := make(chan os.Signal, 1)
	for _, arg := range args {
		verb, value, _ := strings.Cut(arg, ":")
		switch verb {
		case "event":
			var e status.Event
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 99
			}
			events.Write(e)
		case "garbage":
			_, _ = os.NewFile(statusDescriptor, "status").WriteString("garbage\n")
			_, _ = os.NewFile(statusDescriptor, "status").Write(bytes.Repeat([]byte("more\n"), 100_000))
		case "print":
			fmt.Println(value)
		case "environment":
			fmt.Println(os.Getenv(value))
		case "input":
			_, _ = io.Copy(os.Stdout, os.Stdin)
		case "interruptible":
			signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
		case "stubborn":
			signal.Ignore(syscall.SIGINT)
		case "wait":
			forever := time.After(time.Hour) // or the runtime takes a static program that waits for a signal for dead
			select {
			case <-signals:
			case <-forever:
			}
		case "die":
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			time.Sleep(time.Hour)
		case "exit":
			code, _ := strconv.Atoi(value)
			return code
		default:
			encoded, _ := json.Marshal(args)
			fmt.Println(string(encoded))
			return 0
		}
	}
	return 0
}

type result struct {
	code     int
	out, err string
}

// sink collects what the command and the program write to one stream.
type sink struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// leat runs a command line in this process.
func leat(t *testing.T, args ...string) result {
	t.Helper()
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	var out, errs sink
	code := execute(args, streams{in: null, out: &out, err: &errs})
	return result{code, out.text.String(), errs.text.String()}
}

func TestVerbs(t *testing.T) {
	require.Equal(t, result{2, "", "leat: unknown verb \"rum\"; did you mean \"run\"?; leat --help lists the verbs\n"}, leat(t, "rum"))
	require.Equal(t, result{2, "", "leat: unknown verb \"cluster\"; leat --help lists the verbs\n"}, leat(t, "cluster"))
	require.Equal(t, result{2, "", "leat: flags stand after the verb: leat run -p ...\n"}, leat(t, "-p", "4", "run"))

	help := leat(t, "--help")
	require.Equal(t, 0, help.code)
	require.Contains(t, help.out, "leat run ./wordcount --input text.txt")
	require.Contains(t, help.out, "5  cancelled")
	require.Equal(t, help, leat(t, "help"))
	none := leat(t)
	require.Equal(t, 2, none.code)
	require.Equal(t, help.out, none.err)

	run := leat(t, "run", "--help")
	require.Equal(t, 0, run.code)
	require.Contains(t, run.out, "leat run -p 4 ./wordcount")
	require.Equal(t, run, leat(t, "help", "run"))
	require.Equal(t, run, leat(t, "run", "-p", "3", "-h"))
}

func TestVersion(t *testing.T) {
	plain := leat(t, "version")
	require.Equal(t, 0, plain.code)
	require.Regexp(t, `^Leat dev \((commit [0-9a-f]{12}( with changes)?, )?go1\S*, \w+/\w+\)\n$`, plain.out)
	require.Equal(t, plain, leat(t, "--version"))

	var id identity
	require.NoError(t, json.Unmarshal([]byte(leat(t, "version", "--json").out), &id))
	require.Equal(t, "dev", id.Version)

	require.Equal(t, result{2, "", "leat: version: unexpected argument \"now\": the verb takes none\n"}, leat(t, "version", "now"))
	require.Equal(t, result{2, "", "leat: version: unknown flag --jsn; did you mean \"--json\"?\n"}, leat(t, "version", "--jsn"))
	require.Equal(t, 2, leat(t, "version", "-Dno.such=1").code)
	require.Equal(t, 0, leat(t, "version", "-Dpipeline.name=a,b").code)
}

func TestDocumentNamesEveryExitCode(t *testing.T) {
	document, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, e := range exitCodes {
		require.Contains(t, string(document), fmt.Sprintf("| %d | %s |", e.code, e.meaning))
	}
}
