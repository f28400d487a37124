//go:build !unix

package worker

import (
	"errors"

	"github.com/leatproject/leat/runtime/rpc"
)

// Process is a program that a TaskManager has started; there are none on this system.
type Process struct{}

// Started returns nil: TaskManagers start no processes on this system.
func Started() *Process { return nil }

// Submission always fails.
func (*Process) Submission() (*rpc.Submission, error) { return nil, errNoProcesses }

// Fetch always fails.
func (*Process) Fetch(string) (string, error) { return "", errNoProcesses }

var errNoProcesses = errors.New("worker processes need a Unix system")

// Execute always fails.
func (*Process) Execute(func(*rpc.Start) (*Job, error)) (*rpc.Executed, error) {
	return nil, errNoProcesses
}
