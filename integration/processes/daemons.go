package processes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Daemons are what a script up.sh has started for a directory: the brokers of Kafka, or the daemons of Hadoop.
type Daemons struct{ Script, Dir string }

// Names are those of the daemons that begin with prefix, such as broker-1 or dn2.
func (d Daemons) Names(prefix string) (names []string) {
	files, _ := filepath.Glob(filepath.Join(d.Dir, "run", prefix+"*.pid")) // the pattern is right
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".pid"))
	}
	return names
}

// Signal sends a signal to a daemon.
func (d Daemons) Signal(name string, s syscall.Signal) error {
	pid, err := d.pid(name)
	if err != nil {
		return err
	}
	return syscall.Kill(pid, s)
}

// Kill ends a daemon without a farewell, and returns when it is gone.
func (d Daemons) Kill(name string) error {
	pid, err := d.pid(name)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill %s, process %d: %w", name, pid, err)
	}
	for until := time.Now().Add(Patience); running(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			return fmt.Errorf("%s, process %d, does not die", name, pid)
		}
	}
	return nil
}

// running is whether a process has not ended: one that nobody has waited for has.
func running(pid int) bool {
	if command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil {
		return len(command) > 0
	}
	return false
}

// Up starts what does not run, and returns when all are healthy.
func (d Daemons) Up() error {
	if out, err := exec.Command(d.Script, "--dir", d.Dir).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", d.Script, err, out)
	}
	return nil
}

func (d Daemons) pid(name string) (int, error) {
	file := filepath.Join(d.Dir, "run", name+".pid")
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	return pid, nil
}
