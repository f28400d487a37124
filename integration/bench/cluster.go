package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/leatproject/leat/client/datastream"
)

// clusterStart measures processes as their users start them. Each figure is a median of startRuns.
var clusterStart = benchmark{name: "cluster", unit: "starts", about: "processes from their start, on loopback; run it inside the module, which it builds leat from",
	prepare: buildLeat,
	cases: []benchCase{{name: "leat-version", run: measureVersion},
		{name: "session-up-and-list", run: measureSession, target: "median <= 1 s"},
		{name: "one-task-job", run: measureJob, target: "median <= 300 ms"},
		{name: "local-first-record", run: measureLocal, target: "median <= 150 ms"}}}

const (
	startRuns = 7
	// programArgument makes this command a program for leat run: a job of one task that prints a number.
	programArgument = "one-task-job"
	patience        = 30 * time.Second
)

// outside is a command that does not take itself for a child of this benchmark, nor what it starts.
func outside(binary string, args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, childVariable+"=") })
	return cmd
}

func leatBinary(o *options) string { return filepath.Join(o.dir, "leat-bench-binary") }

func buildLeat(o *options) error {
	out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", leatBinary(o), "github.com/leatproject/leat/cmd/leat").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build leat: %w: %s", err, out)
	}
	return nil
}

// oneTask is the program.
func oneTask() {
	env := datastream.NewEnvironment()
	datastream.FromSlice(env, 1).Print()
	if _, err := env.Execute(context.Background(), "one task"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// medianOf runs once startRuns times and notes the median of what it returns.
func medianOf(once func() (time.Duration, error)) (int64, error) {
	var all []time.Duration
	for range startRuns {
		took, err := once()
		if err != nil {
			return 0, err
		}
		all = append(all, took)
	}
	slices.Sort(all)
	notes["median"], notes["max"] = all[len(all)/2].Round(time.Millisecond).String(), all[len(all)-1].Round(time.Millisecond).String()
	return startRuns, nil
}

func measureVersion(o *options) (int64, error) {
	return medianOf(func() (time.Duration, error) {
		began := time.Now()
		err := errorOf(outside(leatBinary(o), "version").CombinedOutput())
		return time.Since(began), err
	})
}

// errorOf adds what a command said to its error.
func errorOf(out []byte, err error) error {
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// session is a JobManager and a TaskManager on loopback.
type session struct {
	binary, dir string
	rest, rpc   int
	processes   []*exec.Cmd
}

// startSession returns when leat list has answered, and how long that took. flags are for the TaskManager.
func startSession(o *options, flags ...string) (s *session, took time.Duration, err error) {
	s = &session{binary: leatBinary(o)}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if s.dir, err = os.MkdirTemp(o.dir, "leat-bench-session"); err != nil {
		return s, 0, err
	}
	if s.rest, err = freePort(); err != nil {
		return s, 0, err
	}
	if s.rpc, err = freePort(); err != nil {
		return s, 0, err
	}
	began := time.Now()
	if err := s.start("jobmanager"); err != nil {
		return s, 0, err
	}
	if err := s.start("taskmanager", flags...); err != nil {
		return s, 0, err
	}
	for {
		err := errorOf(s.leat("list").CombinedOutput())
		took := time.Since(began)
		if err == nil || took > patience {
			return s, took, err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *session) start(role string, flags ...string) error {
	cmd := outside(s.binary, append([]string{role, "-D", fmt.Sprint("rest.port=", s.rest), "-D", fmt.Sprint("jobmanager.rpc.port=", s.rpc),
		"-D", "cluster.state-dir=" + filepath.Join(s.dir, "state"), "-D", "io.tmp.dirs=" + filepath.Join(s.dir, "tmp"),
		"-D", "cluster.work-dir=" + s.dir}, flags...)...)
	if err := cmd.Start(); err != nil {
		return err
	}
	s.processes = append(s.processes, cmd)
	return nil
}

func (s *session) leat(verb string, args ...string) *exec.Cmd {
	return outside(s.binary, append([]string{verb, "-m", fmt.Sprint("127.0.0.1:", s.rest)}, args...)...)
}

func (s *session) stop() {
	for _, p := range slices.Backward(s.processes) {
		_ = p.Process.Signal(syscall.SIGTERM)
		_ = p.Wait() // it ends by the signal
	}
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func measureSession(o *options) (int64, error) {
	return medianOf(func() (time.Duration, error) {
		s, took, err := startSession(o)
		if err == nil {
			s.stop()
		}
		return took, err
	})
}

// measureJob runs jobs on a session whose TaskManager has registered: the first job is not counted.
func measureJob(o *options) (int64, error) {
	s, _, err := startSession(o)
	if err != nil {
		return 0, err
	}
	defer s.stop()
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	once := func() (time.Duration, error) {
		began := time.Now()
		out, err := s.leat("run", "-p", "1", self, programArgument).CombinedOutput()
		took := time.Since(began)
		if err == nil && !strings.Contains(string(out), "1\n") {
			err = fmt.Errorf("the job did not print its number")
		}
		return took, errorOf(out, err)
	}
	if _, err := once(); err != nil {
		return 0, err
	}
	return medianOf(once)
}

// measureLocal waits for the first byte that a local job prints.
func measureLocal(o *options) (int64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	return medianOf(func() (time.Duration, error) {
		cmd := outside(leatBinary(o), "run", "-q", "-t", "local", self, programArgument)
		out, err := cmd.StdoutPipe()
		if err != nil {
			return 0, err
		}
		began := time.Now()
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		var first [1]byte
		_, err = io.ReadFull(out, first[:])
		took := time.Since(began)
		_, _ = io.Copy(io.Discard, out)
		if e := cmd.Wait(); e != nil {
			err = e
		}
		return took, err
	})
}
