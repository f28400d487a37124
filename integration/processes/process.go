package processes

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// Patience is how long is waited for what must happen, on a machine under any load.
	Patience = 3 * time.Minute
	// farewell is how long a process may take to end when it is asked to.
	farewell = time.Minute
	// shown is how much of the output of each process a test that has failed prints, in bytes.
	shown = 40_000
)

// Process is one that a test starts, again and again if need be. What it writes is added to a file.
type Process struct {
	Name    string // of the file
	t       testing.TB
	log     string
	command []string
	cmd     *exec.Cmd
	done    chan struct{} // nil before the first start
}

// New is a process that does not run yet.
func New(t testing.TB, log string, command ...string) *Process {
	p := &Process{Name: strings.TrimSuffix(filepath.Base(log), ".log"), t: t, log: log, command: command}
	t.Cleanup(func() {
		if p.done == nil {
			return
		}
		p.Signal(syscall.SIGCONT)
		p.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(farewell):
			t.Errorf("%s does not end with SIGTERM", p.Name)
			p.Signal(syscall.SIGQUIT) // its log tells what it waits for
			select {
			case <-p.done:
			case <-time.After(farewell):
				p.Kill()
			}
		}
		if t.Failed() {
			text := p.Text()
			t.Logf("%s:\n%s", p.Name, text[max(0, len(text)-shown):])
		}
	})
	return p
}

// Start starts a process.
func Start(t testing.TB, log string, command ...string) *Process {
	t.Helper()
	p := New(t, log, command...)
	p.Start()
	return p
}

// Start starts one that does not run.
func (p *Process) Start() {
	p.t.Helper()
	f, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(p.t, err)
	defer f.Close() // the process has its own
	p.cmd = exec.Command(p.command[0], p.command[1:]...)
	p.cmd.Stdout, p.cmd.Stderr = f, f
	require.NoError(p.t, p.cmd.Start())
	p.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		defer close(done)
		_ = cmd.Wait()
	}(p.cmd, p.done)
}

// Signal sends a signal, which may come too late.
func (p *Process) Signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// Kill ends it without a farewell.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// Done is closed when it has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Ended is whether it has.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Wait waits until it has ended and returns its exit code, -1 after a signal.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(Patience):
		require.Fail(p.t, p.Name+" does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// PID is its number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Text is what it has written so far.
func (p *Process) Text() string {
	b, err := os.ReadFile(p.log)
	require.NoError(p.t, err)
	return string(b)
}

// Says waits until it has written something.
func (p *Process) Says(t testing.TB, text string) {
	t.Helper()
	require.Eventually(t, func() bool {
		b, err := os.ReadFile(p.log)
		return err == nil && strings.Contains(string(b), text)
	}, Patience, 20*time.Millisecond, "%s does not say %q", p.Name, text)
}

// Children are the processes that it has started and that run: those in which a TaskManager runs jobs. There are none where there
// is no /proc.
func (p *Process) Children() (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[0] == "Z" || fields[1] != strconv.Itoa(p.PID()) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// FreePort is one that nobody uses on loopback.
func FreePort(t testing.TB) int {
	t.Helper()
	return FreePorts(t, 1)
}

// given are the ports that were given away, which nobody may use yet.
var given = struct {
	sync.Mutex
	ports map[int]bool
}{ports: map[int]bool{}}

// FreePorts is the first of n ports in a row that nobody uses on loopback. No port is given away twice.
func FreePorts(t testing.TB, n int) (first int) {
	t.Helper()
	given.Lock()
	defer given.Unlock()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		first = l.Addr().(*net.TCPAddr).Port
		free := 0
		for l.Close() == nil && !given.ports[first+free] {
			if free++; free == n {
				break
			}
			if l, err = net.Listen("tcp", fmt.Sprint("127.0.0.1:", first+free)); err != nil {
				break
			}
		}
		if free == n {
			for i := range n {
				given.ports[first+i] = true
			}
			return first
		}
	}
}
