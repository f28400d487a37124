package process

import (
	"errors"
	"os/exec"
	"syscall"
	"time"
)

// A program's file counts as busy while any process has it open for writing. One that this process forks for another program
// has, from the fork to its exec, all of our open files, so that a program which was just written may be busy for a moment.
const (
	busyTime  = 5 * time.Second
	busyPause = 5 * time.Millisecond
)

// Start starts the command that prepare returns, again and again for a few seconds while its file is busy. prepare is called
// before each attempt, since a command cannot be started twice.
func Start(prepare func() *exec.Cmd) (*exec.Cmd, error) {
	for end := time.Now().Add(busyTime); ; time.Sleep(busyPause) {
		cmd := prepare()
		err := cmd.Start()
		if err == nil || !errors.Is(err, syscall.ETXTBSY) || time.Now().After(end) {
			return cmd, err
		}
	}
}
