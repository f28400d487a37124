package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// played is a leat sql at a pseudo-terminal, and what it has shown.
type played struct {
	t       *testing.T
	tty     *os.File
	command *exec.Cmd
	mu      sync.Mutex
	shown   strings.Builder
	seen    int           // up to where see has looked
	ended   chan struct{} // closed when nothing more comes
}

// openTerminal is both ends of a pseudo-terminal.
func openTerminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
	}
	fd := int(ours.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	theirs, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 200}))
	return ours, theirs
}

func startShell(t *testing.T, home string, args ...string) *played {
	t.Helper()
	ours, theirs := openTerminal(t)
	c := exec.Command(link(t, commandName), append([]string{"sql"}, args...)...)
	c.Env = append(os.Environ(), "HOME="+home, "TERM=xterm")
	c.Stdin, c.Stdout, c.Stderr = theirs, theirs, theirs
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, c.Start())
	require.NoError(t, theirs.Close())
	s := &played{t: t, tty: ours, command: c, ended: make(chan struct{})}
	go s.watch()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = ours.Close()
	})
	return s
}

func (s *played) watch() {
	defer close(s.ended)
	b := make([]byte, 4096)
	for {
		n, err := s.tty.Read(b)
		s.mu.Lock()
		s.shown.Write(b[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *played) press(keys string) {
	s.t.Helper()
	_, err := s.tty.WriteString(keys)
	require.NoError(s.t, err)
}

// has says whether a text has come since the last one that was seen, and moves behind it.
func (s *played) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := strings.Index(s.shown.String()[s.seen:], text)
	if at < 0 {
		return false
	}
	s.seen += at + len(text)
	return true
}

// see waits until a text is shown.
func (s *played) see(text string) {
	s.t.Helper()
	s.until(text, func() {})
}

// until calls again and again what should bring a text up.
func (s *played) until(text string, again func()) {
	s.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !s.has(text); {
		if time.Now().After(end) {
			s.mu.Lock()
			defer s.mu.Unlock()
			require.FailNow(s.t, "not shown: "+text, "%q", s.shown.String())
		}
		again()
		select {
		case <-s.ended:
			end = time.Now()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// exit waits for the end of the shell.
func (s *played) exit() int {
	s.t.Helper()
	err := s.command.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(s.t, err)
	}
	return s.command.ProcessState.ExitCode()
}

const endless = "CREATE TABLE big (a INT) WITH ('connector' = 'datagen', 'number-of-rows' = '1000000');"

func TestShellAtATerminal(t *testing.T) {
	home := t.TempDir()
	s := startShell(t, home, "--var", "n=7")
	s.see("Leat SQL> ")
	s.press("SELECT 1 +\r")
	s.see("        > ")
	s.press("{{n}} AS eight;\r")
	s.see("| eight |")
	s.see("|     8 |")
	s.see("1 row in set")
	s.see("Leat SQL> ")
	s.press("CREATE VIEW numbers AS SEL\t 'x' AS letter, 5 AS number;\r")
	s.see("[INFO] Execute statement succeeded.")
	s.press("SELECT letter FROM num\t;\r")
	s.see("| letter |")
	s.press("SELEC 1;\r")
	s.see("did you mean SELECT")
	s.see("Leat SQL> ")
	s.press("SELECT 'thrown away'\x03")
	s.see("Leat SQL> ")
	s.press(endless + "\r")
	s.see("succeeded")
	s.press("SELECT COUNT(*) AS pairs FROM big AS a CROSS JOIN big AS b;\r")
	s.until("[INFO] Cancelled.", func() { s.press("\x03") })
	s.press("SET 'sql-client.execution.result-mode' = 'changelog'; SELECT 3 AS three;\r")
	s.see("| op | three |")
	s.see("Leat SQL> ")
	s.press("\x04")
	require.Zero(t, s.exit())

	s = startShell(t, home)
	s.see("Leat SQL> ")
	s.press(strings.Repeat("\x1b[A", 4))
	s.see("SELEC 1;")
	s.press(strings.Repeat("\x1b[B", 3) + "\r")
	s.see("| op | three |")
	s.press("quit\r")
	require.Zero(t, s.exit())
	kept, err := os.Stat(filepath.Join(home, ".leat-sql-history"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), kept.Mode().Perm())
}

// TestShellIsKilled ends the shell while it writes a file: nothing of it is there then, and no temporary file either.
func TestShellIsKilled(t *testing.T) {
	dir, spill := t.TempDir(), t.TempDir()
	s := startShell(t, t.TempDir(), "-D", "io.tmp.dirs="+spill)
	s.see("Leat SQL> ")
	s.press(endless + "\r")
	s.see("succeeded")
	s.press("INSERT INTO '" + dir + "/out.csv' SELECT a.a FROM big AS a CROSS JOIN big AS b;\r")
	require.Eventually(t, func() bool {
		inside, err := os.ReadDir(dir)
		return err == nil && len(inside) > 0
	}, 2*time.Minute, 20*time.Millisecond, "the statement has begun to write")
	require.NoError(t, s.command.Process.Signal(syscall.SIGTERM))
	require.Equal(t, exitTerminated, s.exit())
	for _, d := range []string{dir, spill} {
		left, err := filepath.Glob(filepath.Join(d, "*"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
}
