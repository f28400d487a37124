package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/leatproject/leat/client/status"
)

// statusDescriptor is the number that the status pipe has in the child: the first after the standard three.
const statusDescriptor = 3

// drainTime is how long events of a program that has ended are waited for: a process that it left behind may hold the pipe.
const drainTime = time.Second

// outcome is how a program ended.
type outcome struct {
	code     int            // its exit code; 128 + n when signal n ended it
	last     status.Event   // the last event of its last job
	hasLast  bool           // whether there was one
	received syscall.Signal // what asked the command to end; 0 for nothing
}

// exitCode is the command's own: a signal's, else the last job's, else the program's.
func (o outcome) exitCode() int {
	if o.received != 0 {
		return 128 + int(o.received)
	}
	if code, ok := codeOf(o.last); o.hasLast && ok {
		return code
	}
	return o.code
}

// child is a program to be run.
type child struct {
	program program
	args    []string
	env     []string
	streams streams
	handle  func(e status.Event, line []byte) // called for each event, one after the other
	notice  func(text string)                 // called from another goroutine, when a signal came
	// session is the flag that names the cluster that the jobs run on, if it goes on without the program: a signal then ends the
	// program and none of them.
	session string
}

// run starts the program and waits for its end. The first SIGINT or SIGTERM asks it to cancel its job, the second kills it; on a
// session cluster the first does, and the job goes on.
func (c child) run() (outcome, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return outcome{}, fmt.Errorf("making the status pipe: %w", err)
	}
	defer read.Close()
	command := exec.Command(c.program.path, c.args...)
	command.Env = append(c.env, fmt.Sprintf("%s=%d", status.Variable, statusDescriptor))
	command.Stdin, command.Stdout, command.Stderr = c.streams.in, c.streams.out, c.streams.err
	command.ExtraFiles = []*os.File{write}
	ownGroup := c.session != "" || !isTerminal(c.streams.in)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: ownGroup}

	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	err = command.Start()
	c.program.release()
	closing := write.Close()
	if err != nil {
		return outcome{}, startError(c.program.path, err)
	}
	if closing != nil {
		return outcome{}, errors.Join(fmt.Errorf("handing over the status pipe: %w", closing), command.Process.Kill())
	}

	var result outcome
	var job atomic.Pointer[string]
	decoded, ended, forwarded := make(chan error, 1), make(chan struct{}), make(chan struct{})
	go func() { decoded <- c.decode(read, &result, &job) }()
	go func() {
		defer close(forwarded)
		result.received = c.forward(signals, ended, command.Process.Pid, ownGroup, &job)
	}()
	waited := command.Wait()
	close(ended)
	<-forwarded
	if err := read.SetReadDeadline(time.Now().Add(drainTime)); err != nil {
		return outcome{}, fmt.Errorf("reading the program's status: %w", err)
	}
	if err := <-decoded; err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return outcome{}, err
	}
	var exited *exec.ExitError
	if waited != nil && !errors.As(waited, &exited) {
		return outcome{}, fmt.Errorf("running %s: %w", c.program.path, waited)
	}
	result.code = processCode(command.ProcessState)
	return result, nil
}

// startError tells a user what is wrong with an executable that does not start.
func startError(path string, err error) error {
	if errors.Is(err, syscall.ENOEXEC) {
		return wrongUsage("starting %s: it is no program for this machine; build it here, or give its Go package instead: %w", path, err)
	}
	return wrongUsage("starting the program: %w", err)
}

// decode handles the events of the program, and notes the job that is running.
func (c child) decode(pipe io.Reader, result *outcome, job *atomic.Pointer[string]) error {
	events := status.NewDecoder(pipe)
	for {
		e, line, err := events.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			_, _ = io.Copy(io.Discard, pipe) // the program must not wait for a reader
			return err
		}
		if job.Store(&e.JobID); e.Last() {
			result.last, result.hasLast = e, true
			job.Store(nil)
		}
		c.handle(e, line)
	}
}

// forward passes signals to the program until it has ended, and returns the first. A program that reads from the terminal
// stays in its foreground group, and so gets Ctrl-C from the terminal itself; one more from here would look like a second.
func (c child) forward(signals <-chan os.Signal, ended <-chan struct{}, pid int, ownGroup bool, job *atomic.Pointer[string]) syscall.Signal {
	var first syscall.Signal
	target := pid
	if ownGroup {
		target = -pid
	}
	for {
		select {
		case <-ended:
			return first
		case s := <-signals:
			if first != 0 || c.session != "" {
				if first == 0 {
					first = s.(syscall.Signal)
					c.detach(job.Load())
				}
				_ = syscall.Kill(target, syscall.SIGKILL)
				continue
			}
			first = s.(syscall.Signal)
			c.notice("cancelling the job; once more kills the program")
			if ownGroup || first == syscall.SIGTERM {
				_ = syscall.Kill(target, first)
			}
		}
	}
}

// detach says what becomes of the job when the program is ended.
func (c child) detach(job *string) {
	if job == nil {
		c.notice("the program is ended; none of its jobs was running")
		return
	}
	c.notice(fmt.Sprintf("detached: job %s goes on; cancel it by: leat cancel %s %s", *job, c.session, *job))
}

func processCode(state *os.ProcessState) int {
	if wait, ok := state.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		return 128 + int(wait.Signal())
	}
	return state.ExitCode()
}
