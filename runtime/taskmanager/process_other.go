//go:build !unix

package taskmanager

import (
	"context"
	"errors"
)

// Processes starts each worker as a process, which this system cannot.
type Processes struct{}

// Launch implements Launcher.
func (Processes) Launch(context.Context, Launch) (Worker, error) {
	return nil, errors.New("worker processes need a Unix system: use application mode")
}
