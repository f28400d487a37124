package datastream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ExitCode is the exit code that a program should end with after err, the same for every Leat command: 0 for nil, 2 if the
// program or its configuration was rejected, 5 if it was cancelled, 1 if the job failed. An error in the chain that has a
// method ExitCode() int decides itself.
func ExitCode(err error) int {
	var own interface{ ExitCode() int }
	switch {
	case err == nil:
		return 0
	case errors.As(err, &own):
		return own.ExitCode()
	case errors.Is(err, context.Canceled):
		return 5
	}
	return 1
}

// Exit ends a program with err's exit code, after a line about err on standard error, unless the command that runs the
// program (leat run) has that line already.
func Exit(err error) {
	if err != nil && !Told(err) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
	}
	os.Exit(ExitCode(err))
}

// Told says whether the command that runs the program has a line about err already.
func Told(err error) bool {
	var told toldError
	return errors.As(err, &told)
}

// toldError is an error that was reported to the command that runs the program.
type toldError struct{ error }

// Unwrap returns the error.
func (e toldError) Unwrap() error { return e.error }

// ExitCode is 2: usage, configuration or graph are wrong.
func (*RejectedError) ExitCode() int { return 2 }
