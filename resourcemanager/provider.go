package resourcemanager

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Provider starts and stops worker processes. It is safe for concurrent use.
type Provider interface {
	// Elastic tells whether workers start when they are requested. Where it is false, Request only notes the wish.
	Elastic() bool

	// Request asks for one worker. It returns when the request is placed, not when the worker runs; a worker that cannot be
	// started after all is told of by Lost. Asking again by the same name does nothing. The error is ErrBusy when it may
	// succeed later, ErrRefused when it will not: too large, no right, a quota that is used up.
	Request(ctx context.Context, w Worker) error

	// Release stops a worker, or takes back its request. A worker that is unknown or gone already is no error. Lost does not
	// tell of it.
	Release(ctx context.Context, name string) error

	// Found returns the workers that were requested before, by this process or by a JobManager before it, and that are not
	// known to be gone, in the order of their names.
	Found(ctx context.Context) ([]Worker, error)

	// Lost tells of workers that have ended without being released, and before that of their end if it is known. The channel is
	// closed by Close.
	Lost() <-chan Loss

	// Close ends the Provider and waits for what it has begun. Workers go on running unless they cannot live without it.
	Close() error
}

// The kinds of failure that callers tell apart by errors.Is.
var (
	ErrBusy    = errors.New("workers cannot be started now") // the same request may succeed later
	ErrRefused = errors.New("worker refused")                // the same request will fail again
)

// Worker is a worker process that was asked for.
type Worker struct {
	// Name is the resource name that the worker registers by, unique to its incarnation; see Name.
	Name string
	Size Size
}

// Size is how large a worker is. Zero leaves a size to the Provider.
type Size struct {
	Slots       int
	MemoryBytes int64
	MilliCPUs   int
}

// Loss is the news that a worker has ended, or will soon.
type Loss struct {
	Name  string
	Cause string // for people, with a remedy where there is one
	// Soon tells that the worker runs, but is about to be taken away. Its end is told of, too.
	Soon bool
}

// Name makes the resource name of the n-th worker that a leader of that epoch asks for. Epochs are pairs of generation and term,
// so two leaders never use the same name.
func Name(generation, term, n uint64) string {
	return fmt.Sprintf("worker-%d-%d-%d", generation, term, n)
}

// ParseName is the reverse of Name; false if Name has not made it.
func ParseName(name string) (generation, term, n uint64, ok bool) {
	fields := strings.Split(name, "-")
	if len(fields) != 4 {
		return 0, 0, 0, false
	}
	var numbers [3]uint64
	for i, field := range fields[1:] {
		var err error
		if numbers[i], err = strconv.ParseUint(field, 10, 64); err != nil {
			return 0, 0, 0, false
		}
	}
	return numbers[0], numbers[1], numbers[2], Name(numbers[0], numbers[1], numbers[2]) == name
}
