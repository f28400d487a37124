package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/leatproject/leat/client/backfill"
	"github.com/leatproject/leat/runtime/process"
)

// executor runs commands of leat as processes of their own.
type executor struct {
	leat string // this binary
	logs string // folder of what they print
}

func (e *executor) prepare() (err error) {
	if e.leat, err = os.Executable(); err != nil {
		return fmt.Errorf("finding the binary: %w", err)
	}
	if err := os.MkdirAll(e.logs, 0o700); err != nil {
		return fmt.Errorf("making the folder of logs: %w (--state)", err)
	}
	return nil
}

// endTime is how long a command may take to cancel what it runs.
const endTime = time.Minute

// execute runs the command of an interval to its end. When ctx ends it gets SIGTERM, and so it does when this process dies, where
// the system can do that.
func (e *executor) execute(ctx context.Context, r backfill.Record) backfill.Outcome {
	path := filepath.Join(e.logs, fmt.Sprintf("%s.%d.log", r.Interval.Key(), r.Attempt))
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return backfill.Outcome{Code: exitFailed, Message: err.Error()}
	}
	defer log.Close()
	said := &lastLine{}
	command := exec.CommandContext(ctx, e.leat, r.Command...)
	command.Stdout, command.Stderr = log, io.MultiWriter(log, said)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	process.DiesWithParent(command.SysProcAttr, syscall.SIGTERM)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = endTime
	err = command.Run()
	o := backfill.Outcome{Log: path}
	var exited *exec.ExitError
	switch {
	case command.ProcessState != nil && (err == nil || errors.As(err, &exited) || ctx.Err() != nil):
		if o.Code = processCode(command.ProcessState); o.Code == 0 && ctx.Err() != nil {
			return o // it was faster than the signal
		}
	case err != nil:
		o.Code, o.Message = exitFailed, err.Error()
	}
	if o.Code != exitOK {
		o.Message = cmp.Or(o.Message, said.text())
	}
	return o
}

// lastLine remembers the end of what is written to it.
type lastLine struct{ tail []byte }

const tailSize = 4 << 10

func (l *lastLine) Write(p []byte) (int, error) {
	l.tail = append(l.tail, p...)
	if over := len(l.tail) - tailSize; over > 0 {
		l.tail = append(l.tail[:0], l.tail[over:]...)
	}
	return len(p), nil
}

// text is the last line that is not empty, without the name of the command before it.
func (l *lastLine) text() string {
	lines := bytes.Split(bytes.TrimSpace(l.tail), []byte("\n"))
	return strings.TrimPrefix(strings.TrimSpace(string(lines[len(lines)-1])), "leat: ")
}
