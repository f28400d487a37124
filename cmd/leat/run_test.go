package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRunHandsEverythingOver(t *testing.T) {
	program := link(t, programName)
	got := leat(t, "run", "-p", "4", program, "arguments", "-p", "8", "--", "-Dx=y", "--help")
	require.Equal(t, result{0, `["arguments","-p","8","--","-Dx=y","--help"]` + "\n", ""}, got)

	t.Setenv("LEAT_PIPELINE_NAME", "from the environment")
	t.Setenv("LEAT_TEST_OTHER", "kept")
	conf := filepath.Join(t.TempDir(), "my.yaml")
	require.NoError(t, os.WriteFile(conf, []byte("pipeline.name: file\nparallelism.default: 1\n"), 0o600))
	got = leat(t, "run", "--config", conf, "-p4", "-Dio.tmp.dirs=/a,/b", program, "environment:LEAT_PIPELINE_NAME",
		"environment:LEAT_PARALLELISM_DEFAULT", "environment:LEAT_IO_TMP_DIRS", "environment:LEAT_CONFIG", "environment:LEAT_TEST_OTHER")
	require.Equal(t, result{0, "from the environment\n4\n[/a, /b]\n" + conf + "\nkept\n", ""}, got)

	input, err := os.Open(conf)
	require.NoError(t, err)
	defer input.Close()
	var out sink
	require.Equal(t, 0, execute([]string{"run", program, "input:"}, streams{in: input, out: &out, err: &out}))
	require.Equal(t, "pipeline.name: file\nparallelism.default: 1\n", out.text.String())
}

func TestExitCodes(t *testing.T) {
	program := link(t, programName)
	for _, tc := range []struct {
		name   string
		do     []string
		code   int
		errors string
	}{
		{"finished", []string{`event:{"event":"finished","job":"j","jobId":"01","durationMs":1200}`}, 0, "Job j (01) finished in 1.2 s\n"},
		{"failed, program goes on", []string{`event:{"event":"failed","job":"j","error":"e"}`, "exit:0"}, 1, "Job j failed after 0.0 s: e\n"},
		{"rejected", []string{`event:{"event":"rejected","error":"no sinks"}`, "exit:1"}, 2, "Job was rejected: no sinks\n"},
		{"cancelled", []string{`event:{"event":"canceled","job":"j"}`, "exit:1"}, 5, "Job j was cancelled after 0.0 s\n"},
		{"own code of the event", []string{`event:{"event":"failed","job":"j","error":"e","code":4}`, "exit:1"}, 4, "Job j failed after 0.0 s: e\n"},
		{"second job finished", []string{`event:{"event":"failed","job":"j","error":"e"}`, `event:{"event":"finished","job":"k"}`}, 0,
			"Job j failed after 0.0 s: e\nJob k finished in 0.0 s\n"},
		{"program's own", []string{`event:{"event":"finished","job":"k"}`, "exit:7"}, 7, "Job k finished in 0.0 s\n"},
		{"no job", []string{"exit:3"}, 3, ""},
		{"killed", []string{"die:"}, 137, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, result{tc.code, "", tc.errors}, leat(t, append([]string{"run", program}, tc.do...)...))
		})
	}
	got := leat(t, "run", "--quiet", program, `event:{"event":"finished","job":"j"}`)
	require.Equal(t, result{0, "", ""}, got)
	got = leat(t, "run", "--json", program, `event:{"event":"finished","job":"j"}`)
	require.Equal(t, result{0, "", `{"event":"finished","job":"j","time":0}` + "\n"}, got)
	got = leat(t, "run", program, "garbage:")
	require.Equal(t, result{1, "", "leat: reading the program's status: \"garbage\": invalid character 'g' looking for beginning of value\n"}, got)
}

func TestRunRefuses(t *testing.T) {
	program := link(t, programName)
	folder := t.TempDir()
	plain := filepath.Join(folder, "data.txt")
	require.NoError(t, os.WriteFile(plain, []byte("a"), 0o600))
	script := filepath.Join(folder, "broken")
	require.NoError(t, os.WriteFile(script, []byte("\x7fnothing"), 0o700))
	for _, tc := range []struct {
		args    []string
		message string
	}{
		{[]string{}, "run: which program? leat run PROGRAM"},
		{[]string{"job.jar"}, "job.jar: Leat has no Java virtual machine and cannot run jars: leat runs an executable file"},
		{[]string{"job.PY"}, "Leat runs no Python"},
		{[]string{"job.sql"}, "finding the script: stat job.sql"},
		{[]string{"missing"}, "finding the program: stat missing: no such file or directory; leat runs"},
		{[]string{plain}, "is not executable: chmod +x it"},
		{[]string{script}, "it is no Go binary"},
		{[]string{"-d", program}, "-d: a detached job needs a cluster"},
		{[]string{"-t", "yarn-session", program}, `you have no session on YARN`},
		{[]string{"-t", "local", "-m", "host:8081", program}, "-m: a local job has no JobManager"},
		{[]string{"-m", "http://host:8081", program}, "-m http://host:8081: expected HOST:PORT"},
		{[]string{"-s", "/savepoint", "--claimMode", "LEGACY", program}, "--claimMode LEGACY"},
		{[]string{"-p", "x", program}, `--parallelism: parallelism.default: "x" is not valid: expected a whole number from 1 to 32768`},
		{[]string{"-Dparalelism.default=4", program}, `-D: unknown configuration key "paralelism.default"; did you mean "parallelism.default"?`},
		{[]string{"--config", "/no/such", program}, "--config: reading the configuration: stat /no/such"},
		{[]string{"--detached=maybe", program}, "run: invalid boolean value"},
	} {
		got := leat(t, append([]string{"run"}, tc.args...)...)
		require.Equal(t, 2, got.code, "%q: %s", tc.args, got.err)
		require.Contains(t, got.err, tc.message)
		require.Empty(t, got.out)
	}
	got := leat(t, "run", "-c", "org.Main", program, "exit:0")
	require.Equal(t, result{0, "", "leat: -c is ignored: a Go program has one main function\n"}, got)
}

func TestRunBuildsPackages(t *testing.T) {
	compiled, err := exec.Command("go", "env", "GOCACHE").Output()
	require.NoError(t, err)
	t.Setenv("GOCACHE", strings.TrimSpace(string(compiled)))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	folder := filepath.Join(t.TempDir(), "hello")
	require.NoError(t, os.Mkdir(folder, 0o700))
	source := "package main\n\nimport (\"fmt\"; \"os\")\n\nfunc main() { fmt.Println(\"built\", os.Args[1:]) }\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte(source), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module example.com/hello\n\ngo 1.26\n"), 0o600))

	want := result{0, "built [-p x]\n", ""}
	require.Equal(t, want, leat(t, "run", folder, "-p", "x"))
	require.Equal(t, want, leat(t, "run", filepath.Join(folder, "main.go"), "-p", "x"))
	t.Chdir(folder)
	require.Equal(t, want, leat(t, "run", "example.com/hello", "-p", "x"))
	require.Equal(t, want, leat(t, "run", ".", "-p", "x"))

	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte("package main\n\nfunc main() { undefined() }\n"), 0o600))
	got := leat(t, "run", folder)
	require.Equal(t, 2, got.code)
	require.Contains(t, got.err, "undefined: undefined")
	require.Contains(t, got.err, "leat: building "+folder)

	require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte("package hello\n"), 0o600))
	require.Contains(t, leat(t, "run", folder).err, "is not a program: its package is not main")

	t.Setenv("PATH", "")
	require.Contains(t, leat(t, "run", folder).err, "needs the go command, which is not in PATH")
}

func TestInfo(t *testing.T) {
	program := link(t, programName)
	plan := `event:{"event":"plan","plan":{"nodes":[]},"text":"source -> sink\n"}`
	require.Equal(t, result{0, "source -> sink\n", "1\nmine\n"},
		leat(t, "info", program, "environment:LEAT_INFO", "print:mine", plan, "exit:1"))
	require.Equal(t, result{0, "{\"nodes\":[]}\n", ""}, leat(t, "info", "--json", program, plan))
	require.Equal(t, result{1, "", "leat: the program ended without Execute, so it has no plan\n"}, leat(t, "info", program, "exit:0"))
	require.Equal(t, result{7, "", "leat: the program ended with exit code 7 before it came to a job\n"}, leat(t, "info", program, "exit:7"))
	require.Equal(t, result{2, "", "leat: Job was rejected: no sinks\n"},
		leat(t, "info", program, `event:{"event":"rejected","error":"no sinks"}`))
}

// A signal is sent to the command when the program, or the command itself, has said that it is ready for it.
func TestSignals(t *testing.T) {
	command, program := link(t, commandName), link(t, programName)
	running := `event:{"event":"submitted","job":"j","jobId":"01"}`
	cancelled := `event:{"event":"canceled","job":"j","jobId":"01"}`
	const ready, cancelling = "Job has been submitted with JobID 01", "leat: cancelling the job; once more kills the program"
	for _, tc := range []struct {
		name    string
		signals map[string]syscall.Signal // by the line that they follow
		do      []string
		code    int
		last    string
	}{
		{"Ctrl-C cancels", map[string]syscall.Signal{ready: syscall.SIGINT},
			[]string{"interruptible:", running, "wait:", cancelled, "exit:1"}, 130, "Job j (01) was cancelled after 0.0 s"},
		{"termination cancels", map[string]syscall.Signal{ready: syscall.SIGTERM},
			[]string{"interruptible:", running, "wait:", cancelled, "exit:1"}, 143, "Job j (01) was cancelled after 0.0 s"},
		{"a program without a handler ends", map[string]syscall.Signal{ready: syscall.SIGINT}, []string{running, "wait:"}, 130, cancelling},
		{"the second kills", map[string]syscall.Signal{ready: syscall.SIGINT, cancelling: syscall.SIGINT},
			[]string{"stubborn:", running, "wait:"}, 130, cancelling},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, command, append([]string{"run", program}, tc.do...)...)
			pipe, err := cmd.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			var seen []string
			for lines := bufio.NewScanner(pipe); lines.Scan(); {
				seen = append(seen, lines.Text())
				if s, ok := tc.signals[lines.Text()]; ok {
					require.NoError(t, cmd.Process.Signal(s))
				}
			}
			_ = cmd.Wait()
			require.NoError(t, ctx.Err())
			require.Equal(t, tc.code, cmd.ProcessState.ExitCode(), "%q", seen)
			require.Equal(t, tc.last, seen[len(seen)-1])
		})
	}
}

func TestConfigurationWarningsAreLeftToTheProgram(t *testing.T) {
	got := leat(t, "run", "-Denv.java.opts.all=-Xmx1g", link(t, programName), "environment:LEAT_ENV_JAVA_OPTS_ALL")
	require.Equal(t, result{0, "-Xmx1g\n", ""}, got)
	require.False(t, strings.Contains(got.err, "no effect"))
}
