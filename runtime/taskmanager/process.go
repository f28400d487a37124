//go:build unix

package taskmanager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/leatproject/leat/runtime/config"
	runtimeprocess "github.com/leatproject/leat/runtime/process"
	"github.com/leatproject/leat/runtime/worker"
)

// outputDelay is how long to wait for output after a worker has ended, if something that it started keeps it open.
const outputDelay = time.Second

// Processes starts each worker as a process of the job's program: the session mode. What the worker is told of the cluster goes
// by inherited sockets; arguments and declared environment are the program's own.
type Processes struct{}

// Launch implements Launcher.
func (Processes) Launch(_ context.Context, l Launch) (Worker, error) {
	path, err := l.Program()
	if err != nil {
		return nil, fmt.Errorf("fetch the program: %w", err)
	}
	ours, theirs, err := worker.NewSockets()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	control, err := worker.NewSocketControl(ours)
	if err != nil {
		return nil, err
	}
	w := &process{Control: control}
	files := make([]*os.File, 2)
	for i, out := range []io.Writer{l.Stdout, l.Stderr} {
		if w.prints[i], files[i], err = newPrinted(out); err != nil {
			w.release()
			control.Close()
			return nil, err
		}
		defer files[i].Close()
	}
	w.cmd, err = runtimeprocess.Start(func() *exec.Cmd {
		cmd := exec.Command(path, l.Submission.GetArgs()...)
		cmd.Env = environment(l)
		cmd.Stdout, cmd.Stderr = files[0], files[1]
		cmd.ExtraFiles = []*os.File{theirs.Messages, theirs.Connections}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's interrupt is for the TaskManager
		return cmd
	})
	if err != nil {
		w.release()
		control.Close()
		if errors.Is(err, syscall.ENOEXEC) {
			err = fmt.Errorf("%w: it is not a program for %s", err, platform)
		}
		return nil, err
	}
	for _, p := range w.prints {
		go p.run()
	}
	return w, nil
}

// environment is the TaskManager's without configuration, then what the job declares and is configured with.
func environment(l Launch) []string {
	var env []string
	for _, v := range os.Environ() {
		if !config.IsConfiguration(v) {
			env = append(env, v)
		}
	}
	env = append(env, config.FileVariable+"="+os.DevNull, worker.Variable+"=1")
	for key, value := range l.Submission.GetConfiguration() {
		env = append(env, config.EnvName(key)+"="+value)
	}
	if l.MemoryLimit > 0 {
		env = append(env, fmt.Sprintf("GOMEMLIMIT=%d", l.MemoryLimit-l.MemoryLimit/10))
	}
	for _, v := range l.Submission.GetEnvironment() {
		if !strings.HasPrefix(v, worker.Variable+"=") {
			env = append(env, v)
		}
	}
	return env
}

type process struct {
	worker.Control
	cmd    *exec.Cmd
	prints [2]*printed
}

func (p *process) Pid() int { return p.cmd.Process.Pid }

// Kill implements Worker. An error says that the process has ended already.
func (p *process) Kill() { _ = p.cmd.Process.Kill() }

// Flush implements Worker.
func (p *process) Flush() {
	for _, out := range p.prints {
		out.flush()
	}
}

// Wait implements Worker.
func (p *process) Wait() error {
	err := p.cmd.Wait()
	late, stop := context.WithTimeout(context.Background(), outputDelay)
	defer stop()
	for _, out := range p.prints {
		select {
		case <-out.done:
		case <-late.Done():
		}
	}
	p.release()
	return err
}

func (p *process) release() {
	for _, out := range p.prints {
		if out != nil {
			_ = out.in.Close() // nothing comes of its error
		}
	}
}
