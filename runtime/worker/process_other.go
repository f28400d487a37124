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

// Execute always fails.
func (*Process) Execute(func(*rpc.Start) (*Job, error)) (*rpc.Executed, error) {
	return nil, errors.New("worker processes need a Unix system")
}
