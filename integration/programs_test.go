package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

// programs are the user programs of these tests, by name: the test binary becomes one of them when it is called by that
// name. Most of them do something wrong.
var programs = map[string]func(ctx context.Context, env *datastream.Environment, args []string) error{
	"panics": func(ctx context.Context, env *datastream.Environment, args []string) error {
		numbers := datastream.Map(datastream.FromSequence(env, 1, 1000), func(n int64) int64 { return 1000 / (n - 500) }).Name("Divide")
		datastream.WriteText(numbers, args[0])
		return execute(ctx, env)
	},
	"unencodable": func(ctx context.Context, env *datastream.Environment, args []string) error {
		type order struct {
			ID    int64
			Reply chan string
		}
		datastream.WriteText(datastream.Rebalance(datastream.FromSlice(env, order{})), args[0])
		return execute(ctx, env)
	},
	"sinkless": func(ctx context.Context, env *datastream.Environment, _ []string) error {
		datastream.Map(datastream.FromSequence(env, 1, 10), func(n int64) int64 { return n })
		return execute(ctx, env)
	},
	// readtext PATH DIR reads lines of up to 20 bytes.
	"readtext": func(ctx context.Context, env *datastream.Environment, args []string) error {
		datastream.WriteText(datastream.ReadText(env, datastream.TextOptions{MaxLength: 20}, args[0]), args[1])
		return execute(ctx, env)
	},
	// readcsv PATH DIR [skip|side]
	"readcsv": func(ctx context.Context, env *datastream.Environment, args []string) error {
		rows := datastream.ReadCSV[item](env, datastream.CSVOptions{FileOptions: policy(args)}, args[0]).Name("Items")
		datastream.WriteCSV(rows, args[1]+"/good")
		return writeBad(ctx, env, rows, args)
	},
	"readjson": func(ctx context.Context, env *datastream.Environment, args []string) error {
		rows := datastream.ReadJSON[item](env, datastream.JSONOptions{FileOptions: policy(args)}, args[0]).Name("Items")
		datastream.WriteJSON(rows, args[1]+"/good")
		return writeBad(ctx, env, rows, args)
	},
	// reconnects HOST:PORT prints lines for as long as it finds a server.
	"reconnects": func(ctx context.Context, env *datastream.Environment, args []string) error {
		var host string
		var port int
		if _, err := fmt.Sscanf(strings.Replace(args[0], ":", " ", 1), "%s %d", &host, &port); err != nil {
			return err
		}
		datastream.SocketTextWith(env, host, port, datastream.SocketOptions{
			Reconnect: datastream.Reconnect{Attempts: 50, Backoff: 10 * time.Millisecond}}).Print().Parallelism(1)
		return execute(ctx, env)
	},
	// sorts DIR sorts more than fits into memory.
	"sorts": func(ctx context.Context, env *datastream.Environment, args []string) error {
		env.Set("taskmanager.memory.managed.size", "2 mb")
		numbers := datastream.FromSequence(env, 1, 2_000_000)
		sums := datastream.Reduce(datastream.KeyBy(numbers, func(n int64) int64 { return n * 7919 % 1_000_003 }), func(a, b int64) int64 { return a + b })
		datastream.WriteText(sums, args[0])
		return execute(ctx, env)
	},
	// endless DIR writes numbers for ever and says when it has begun.
	"endless": func(ctx context.Context, env *datastream.Environment, args []string) error {
		var once sync.Once
		numbers := datastream.Map(datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Rate: datastream.Rate{PerSecond: 100_000}}),
			func(n int64) int64 {
				if n > 5_000 {
					once.Do(func() { fmt.Println("running") })
				}
				return n
			})
		datastream.WriteText(numbers, args[0])
		return execute(ctx, env)
	},
	// fickle DIR has one more operator each time it runs.
	"fickle": func(ctx context.Context, env *datastream.Environment, args []string) error {
		run, err := os.CreateTemp(args[0], "run")
		if err != nil {
			return err
		}
		if err := run.Close(); err != nil {
			return err
		}
		runs, err := os.ReadDir(args[0])
		if err != nil {
			return err
		}
		numbers := datastream.FromSequence(env, 1, 10)
		for range runs {
			numbers = datastream.Map(numbers, func(n int64) int64 { return n })
		}
		numbers.Print()
		return execute(ctx, env)
	},
	"small": func(ctx context.Context, env *datastream.Environment, _ []string) error {
		datastream.Map(datastream.FromSlice(env, 2), func(n int) int { return n * n }).Print()
		return execute(ctx, env)
	},
}

// item is a record of the files that are malformed.
type item struct {
	Name  string
	Price float64
}

func policy(args []string) datastream.FileOptions {
	if len(args) > 2 {
		return datastream.FileOptions{Malformed: datastream.SkipMalformed}
	}
	return datastream.FileOptions{}
}

// writeBad ends a program that reads items: it writes what is malformed if it is asked to, and prints how many there were.
func writeBad(ctx context.Context, env *datastream.Environment, rows *datastream.Stream[item], args []string) error {
	if len(args) > 2 && args[2] == "side" {
		datastream.WriteCSV(datastream.Malformed(rows), args[1]+"/bad")
	}
	result, err := env.Execute(ctx, "items")
	if err == nil {
		fmt.Println("malformed:", result.Metric("Items", "numRecordsInErrors"))
	}
	return err
}

func execute(ctx context.Context, env *datastream.Environment) error {
	_, err := env.Execute(ctx, "test")
	return err
}

func TestMain(m *testing.M) {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	if len(args) > 0 && strings.HasPrefix(args[0], asProgram) { // on a cluster the binary has another name
		name, args = args[0][len(asProgram):], args[1:]
	}
	program, ok := programs[name]
	if !ok {
		code := m.Run()
		if built.folder != "" {
			_ = os.RemoveAll(built.folder)
		}
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := program(ctx, datastream.NewEnvironment(), args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	}
	os.Exit(datastream.ExitCode(err))
}

// asProgram begins the first argument that makes the test binary a program; its name follows.
const asProgram = "as:"

// link returns the path under which the test binary is a program.
func link(t *testing.T, name string) string {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Symlink(executable, path))
	return path
}

// built are the commands of the tree, compiled once for all tests.
var built struct {
	once   sync.Once
	folder string
	err    error
}

// command returns the path of leat or of an example.
func command(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the commands of the tree")
	}
	built.once.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "leat-integration-"); built.err != nil {
			return
		}
		build := exec.Command("go", "build", "-o", built.folder+"/", "./cmd/leat", "./cmd/examples/...", "./integration/evolving", "./integration/exactly", "./integration/ticks", "./integration/waiter")
		build.Dir = ".."
		if out, err := build.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	require.NoError(t, built.err)
	return filepath.Join(built.folder, name)
}

// outcome is how a process has ended.
type outcome struct {
	code     int
	out, err string
}

// processTime is how long a process may run; it is killed then.
const processTime = time.Minute

// start begins a process whose temporary files go to a folder of their own, in a process group of its own.
func start(t *testing.T, path string, args ...string) (cmd *exec.Cmd, temporary string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), processTime)
	t.Cleanup(cancel)
	temporary = t.TempDir()
	cmd = exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temporary)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 5 * time.Second
	return cmd, temporary
}

// runProcess runs a process to its end and requires that it leaves no temporary files.
func runProcess(t *testing.T, path string, args ...string) outcome {
	t.Helper()
	cmd, temporary := start(t, path, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	require.Empty(t, files(t, temporary), "temporary files")
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// files are all files below a folder, hidden ones too; none if it does not exist.
func files(t *testing.T, folder string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	return paths
}
