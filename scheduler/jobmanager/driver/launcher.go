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
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/process"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/rest"
)

// Launcher implements rest.Drivers.
type Launcher struct {
	environ []string
	conf    *config.Configuration
	file    string
	logger  *slog.Logger

	living context.Context
	stop   context.CancelFunc
	all    sync.WaitGroup
}

var _ rest.Drivers = (*Launcher)(nil)

// New returns a launcher. Drivers get the environment without its configuration, then the configuration, which was read from
// file, with the target that they submit to.
func New(environ []string, conf *config.Configuration, file string, logger *slog.Logger) *Launcher {
	l := &Launcher{environ: slices.DeleteFunc(slices.Clone(environ), config.IsConfiguration), conf: conf, file: file, logger: logger}
	l.living, l.stop = context.WithCancel(context.Background())
	return l
}

// Close kills all drivers and waits for them.
func (l *Launcher) Close() {
	l.stop()
	l.all.Wait()
}

// event is what a driver says of a job; see package client/status.
type event struct {
	Event string          `json:"event"`
	JobID string          `json:"jobId"`
	Error string          `json:"error"`
	Plan  json.RawMessage `json:"plan"`
}

// longestLine is the longest event in bytes: a plan of some thousand vertices.
const longestLine = 64 << 20

// statusDescriptor is the number of the pipe in the driver: the first after the standard three.
const statusDescriptor = 3

// Run implements rest.Drivers.
func (l *Launcher) Run(ctx context.Context, d rest.Driver) (string, error) {
	e, err := l.start(ctx, d, nil, "submitted", "rejected")
	if err != nil {
		return "", err
	}
	if e.Event == "rejected" {
		return "", fmt.Errorf("%w: %s", jobmanager.ErrInvalid, e.Error)
	}
	return e.JobID, nil
}

// Plan implements rest.Drivers.
func (l *Launcher) Plan(ctx context.Context, d rest.Driver) (json.RawMessage, error) {
	e, err := l.start(ctx, d, []string{config.InfoVariable + "=1"}, "plan", "rejected")
	if err != nil {
		return nil, err
	}
	if e.Event == "rejected" {
		return nil, fmt.Errorf("%w: %s", jobmanager.ErrInvalid, e.Error)
	}
	return e.Plan, nil
}

// start runs a program and waits for the first of some events, or for its end.
func (l *Launcher) start(ctx context.Context, d rest.Driver, variables []string, wanted ...string) (event, error) {
	environ, err := l.environment(d)
	if err != nil {
		return event{}, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return event{}, fmt.Errorf("starting a driver: %w", err)
	}
	said := &tail{}
	command, err := process.Start(func() *exec.Cmd {
		command := exec.CommandContext(l.living, d.Path, d.Args...)
		command.Env = append(append(environ, variables...), fmt.Sprintf("%s=%d", config.StatusVariable, statusDescriptor))
		command.Stdout, command.Stderr, command.ExtraFiles = said, said, []*os.File{write}
		command.WaitDelay = time.Second
		return command
	})
	if err := errors.Join(err, write.Close()); err != nil {
		return event{}, errors.Join(fmt.Errorf("%w: starting the program: %w", jobmanager.ErrInvalid, err), read.Close())
	}
	found := make(chan event, 1)
	l.all.Go(func() {
		defer close(found)
		first := l.listen(read, wanted)
		if first != nil {
			found <- *first
			_, _ = io.Copy(io.Discard, read) // the driver must not wait for a reader
		}
		err := errors.Join(read.Close(), command.Wait())
		l.logger.Info("driver has ended", "program", d.Path, "pid", command.Process.Pid, "error", err, "output", said.String())
		if first == nil {
			found <- event{Event: "ended", Error: strings.TrimSpace(cmp.Or(said.String(), fmt.Sprint(err)))}
		}
	})
	select {
	case e := <-found:
		if e.Event == "ended" {
			return e, fmt.Errorf("%w: the program ended without a job: %s", jobmanager.ErrInvalid, e.Error)
		}
		return e, nil
	case <-ctx.Done():
		return event{}, errors.Join(ctx.Err(), command.Process.Kill())
	}
}

// environment is what a driver is told.
func (l *Launcher) environment(d rest.Driver) ([]string, error) {
	conf := l.conf.Clone()
	for key, value := range d.Configuration {
		if err := conf.SetFrom("the request", key, value); err != nil {
			return nil, fmt.Errorf("%w: %w", jobmanager.ErrInvalid, err)
		}
	}
	for _, set := range [][2]string{{config.ExecutionTarget.Key, "remote"}, {config.ExecutionAttached.Key, "false"}} {
		if err := conf.SetFrom("the JobManager", set[0], set[1]); err != nil {
			return nil, err
		}
	}
	return append(slices.Clone(l.environ), conf.Environ(l.file)...), nil
}

// listen reads events until one is wanted; nil at the end.
func (l *Launcher) listen(pipe io.Reader, wanted []string) *event {
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err == nil && slices.Contains(wanted, e.Event) {
			return &e
		}
	}
	return nil
}

// tail keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// mostOutput is how much of a driver's output is kept, in bytes.
const mostOutput = 16 << 10

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if n := len(t.text) - mostOutput; n > 0 {
		t.text = slices.Clone(t.text[n:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
