package datastream

import (
	"context"
	"errors"
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

// ExitCode is 2: usage, configuration or graph are wrong.
func (*RejectedError) ExitCode() int { return 2 }
