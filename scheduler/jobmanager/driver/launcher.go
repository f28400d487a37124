package driver

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/process"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/jobmanager/blob"
)

// Options of a Launcher. All are required but File, Stdout and Stderr.
type Options struct {
	// Environ is the environment of drivers, whose configuration is left out; Configuration takes its place. It was read from
	// File, if that is not empty.
	Environ       []string
	Configuration *config.Configuration
	File          string
	// Dir holds programs and what drivers print. It belongs to this launcher alone.
	Dir    string
	Blobs  *blob.Store
	Logger *slog.Logger
	// Stdout and Stderr take what drivers print, too; may be nil.
	Stdout, Stderr io.Writer
}

// Launcher implements jobmanager.Drivers.
type Launcher struct {
	opt     Options
	outputs outputs
}

var _ jobmanager.Drivers = (*Launcher)(nil)

// New returns a launcher.
func New(opt Options) (*Launcher, error) {
	opt.Environ = slices.DeleteFunc(slices.Clone(opt.Environ), config.IsConfiguration)
	for _, dir := range []string{"programs", "drivers"} {
		if err := os.MkdirAll(filepath.Join(opt.Dir, dir), 0o700); err != nil {
			return nil, fmt.Errorf("making a folder for drivers: %w (cluster.state-dir)", err)
		}
	}
	return &Launcher{opt: opt, outputs: outputs{dir: filepath.Join(opt.Dir, "drivers")}}, nil
}

// event is what a driver says of a job; see package client/status.
type event struct {
	Event string          `json:"event"`
	Error string          `json:"error"`
	Plan  json.RawMessage `json:"plan"`
}

// explains tells whether the driver has said why it will end with an exit code.
func (e event) explains() bool {
	return e.Event == "rejected" || e.Event == "failed" || e.Event == "canceled"
}

// longestLine is the longest event in bytes: a plan of some thousand vertices.
const longestLine = 64 << 20

// statusDescriptor is the number of the pipe in the driver: the first after the standard three.
const statusDescriptor = 3

// Drive implements jobmanager.Drivers.
func (l *Launcher) Drive(ctx context.Context, d jobmanager.Driver) jobmanager.Outcome {
	path, err := l.program(ctx, string(d.Program))
	if err != nil {
		return jobmanager.Outcome{Code: 1, Error: err.Error()}
	}
	var last event
	code, said, err := l.run(ctx, path, d, []string{config.ApplicationVariable + "=" + d.Application}, func(e event) { last = e })
	switch {
	case err != nil:
		return jobmanager.Outcome{Code: 1, Error: err.Error()}
	case code == 0:
		return jobmanager.Outcome{}
	case last.explains():
		return jobmanager.Outcome{Code: code, Error: last.Error}
	}
	return jobmanager.Outcome{Code: code, Crashed: true, Error: fmt.Sprintf("the driver has ended with exit code %d: %s", code, cmp.Or(said, "it has printed nothing"))}
}

// Plan runs a program, an executable, up to its first Execute and returns the plan of that.
func (l *Launcher) Plan(ctx context.Context, path string, d jobmanager.Driver) (json.RawMessage, error) {
	d.Application = "plan-" + string(jobmanager.NewID())
	defer l.outputs.remove(d.Application)
	var first event
	_, said, err := l.run(ctx, path, d, []string{config.InfoVariable + "=1"}, func(e event) {
		if first.Event == "" {
			first = e
		}
	})
	switch {
	case err != nil:
		return nil, err
	case first.Event == "plan":
		return first.Plan, nil
	}
	return nil, fmt.Errorf("%w: %s", jobmanager.ErrInvalid, cmp.Or(first.Error, said, "the program ended without a job"))
}

// run runs a program to its end and returns its exit code and the end of what it has printed.
func (l *Launcher) run(ctx context.Context, path string, d jobmanager.Driver, variables []string, heard func(event)) (code int, said string, err error) {
	environ, err := l.environment(d)
	if err != nil {
		return 0, "", err
	}
	stdout, stderr, done, err := l.outputs.open(d.Application)
	if err != nil {
		return 0, "", err
	}
	defer done()
	read, write, err := os.Pipe()
	if err != nil {
		return 0, "", fmt.Errorf("starting a driver: %w", err)
	}
	defer read.Close()
	end := &tail{}
	command, err := process.Start(func() *exec.Cmd {
		command := exec.CommandContext(ctx, path, d.Args...)
		command.Args[0] = cmp.Or(d.Name, path)
		command.Env = append(append(environ, variables...), fmt.Sprintf("%s=%d", config.StatusVariable, statusDescriptor))
		command.Stdout, command.Stderr = writers(stdout, end, l.opt.Stdout), writers(stderr, end, l.opt.Stderr)
		command.ExtraFiles = []*os.File{write}
		command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's interrupt is for the JobManager
		process.DiesWithParent(command.SysProcAttr, syscall.SIGKILL)
		command.WaitDelay = time.Second
		return command
	})
	if err := errors.Join(err, write.Close()); err != nil {
		return 0, "", fmt.Errorf("%w: starting the program: %w", jobmanager.ErrInvalid, err)
	}
	listened := make(chan struct{})
	go func() {
		defer close(listened)
		listen(read, heard)
	}()
	waited := command.Wait()
	if err := read.SetReadDeadline(time.Now().Add(time.Second)); err != nil { // what it left behind may hold the pipe
		return 0, "", err
	}
	<-listened
	var exited *exec.ExitError
	if waited != nil && !errors.As(waited, &exited) && !errors.Is(waited, exec.ErrWaitDelay) {
		return 0, "", fmt.Errorf("running a driver: %w", waited)
	}
	code = command.ProcessState.ExitCode()
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return code, strings.TrimSpace(end.String()), nil
}

// writers writes to all that are not nil.
func writers(all ...io.Writer) io.Writer {
	return io.MultiWriter(slices.DeleteFunc(all, func(w io.Writer) bool { return w == nil })...)
}

// environment is what a driver is told.
func (l *Launcher) environment(d jobmanager.Driver) ([]string, error) {
	conf := l.opt.Configuration.Clone()
	for key, value := range d.Configuration {
		if err := conf.SetFrom("the request", key, value); err != nil {
			return nil, fmt.Errorf("%w: %w", jobmanager.ErrInvalid, err)
		}
	}
	for _, set := range [][2]string{{config.ExecutionTarget.Key, "remote"}, {config.ExecutionAttached.Key, "true"}} {
		if err := conf.SetFrom("the JobManager", set[0], set[1]); err != nil {
			return nil, err
		}
	}
	return append(slices.Clone(l.opt.Environ), conf.Environ(l.opt.File)...), nil
}

// program returns where the executable of a blob is, after copying it if need be.
func (l *Launcher) program(ctx context.Context, digest string) (string, error) {
	if path, ok := l.opt.Blobs.Lent(digest); ok {
		return path, nil
	}
	path := filepath.Join(l.opt.Dir, "programs", digest)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	from, err := l.opt.Blobs.Get(ctx, digest)
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(path), "incoming-*")
	if err != nil {
		return "", fmt.Errorf("keeping a program: %w (cluster.state-dir)", err)
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Chmod(0o700), to.Close()); err == nil {
		err = os.Rename(to.Name(), path)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("keeping a program: %w (cluster.state-dir)", err), os.Remove(to.Name()))
	}
	return path, nil
}

// listen reads events to their end.
func listen(pipe io.Reader, heard func(event)) {
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			heard(e)
		}
	}
	_, _ = io.Copy(io.Discard, pipe) // the driver must not wait for a reader
}
