package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/leatproject/leat/client/status"
)

// Exit codes, the same for every verb.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitRefused     = 4
	exitCancelled   = 5
	exitIntervals   = 6
	exitInterrupted = 130
	exitTerminated  = 143
)

// exitCodes is what they mean, as the help prints it.
var exitCodes = []struct {
	code    int
	meaning string
}{
	{exitOK, "ok"},
	{exitFailed, "a job failed"},
	{exitUsage, "usage, configuration or SQL is wrong"},
	{exitUnreachable, "the cluster cannot be reached"},
	{exitRefused, "refused: locked, no room in the queue, or no right"},
	{exitCancelled, "cancelled"},
	{exitIntervals, "some intervals failed"},
	{exitInterrupted, "interrupted (Ctrl-C)"},
	{exitTerminated, "terminated"},
}

// codeOf is the exit code that the last event of a job asks for; false leaves it to the program.
func codeOf(e status.Event) (int, bool) {
	if e.Code != nil {
		return *e.Code, *e.Code != exitOK
	}
	switch e.Event {
	case status.Failed:
		return exitFailed, true
	case status.Rejected:
		return exitUsage, true
	case status.Canceled:
		return exitCancelled, true
	}
	return exitOK, false
}

// exitError ends the command with a code, and with a message unless err is nil.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// wrongUsage is an error of the command line or of the configuration.
func wrongUsage(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// codeAndMessage is how the command ends with an error, or with nil.
func codeAndMessage(err error) (int, string) {
	var exit *exitError
	switch {
	case err == nil:
		return exitOK, ""
	case errors.As(err, &exit) && exit.err == nil:
		return exit.code, ""
	case errors.As(err, &exit):
		return exit.code, err.Error()
	}
	return exitFailed, err.Error()
}

func describeExitCodes() string {
	var b strings.Builder
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "   %3d  %s\n", e.code, e.meaning)
	}
	return strings.TrimRight(b.String(), "\n")
}
