package taskmanager

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/worker"
)

// Launcher starts workers.
type Launcher interface {
	// Launch starts the worker of a job. ctx bounds the launch and not the worker's life.
	Launch(ctx context.Context, l Launch) (Worker, error)
}

// Launch is what there is to start.
type Launch struct {
	Job        string
	Submission *rpc.Submission
	// Program fetches the job's program and returns where it is. It need not be called.
	Program func() (path string, err error)
	// MemoryLimit is what the worker may use at first, in bytes; 0 is unlimited.
	MemoryLimit int64
	// Stdout and Stderr take what the worker prints.
	Stdout, Stderr io.Writer
}

// Worker is a worker that was started. Its end is io.EOF of Receive.
type Worker interface {
	worker.Control
	// Pid is its process, 0 if it has none of its own.
	Pid() int
	// Flush returns when all that it has printed before is with Stdout and Stderr.
	Flush()
	// Kill ends it at once; it may be called at any time.
	Kill()
	// Wait waits for its end and tells how it was, if not well. It is called once.
	Wait() error
}

// InProcess runs the workers of all jobs inside the TaskManager's process: application mode, the local cluster and tests.
type InProcess struct {
	// Build makes the job of a worker.
	Build func(*rpc.Start) (*worker.Job, error)
}

// Launch implements Launcher.
func (p InProcess) Launch(_ context.Context, _ Launch) (Worker, error) {
	link, control := worker.NewMemoryLink()
	ctx, cancel := context.WithCancel(context.Background())
	w := &inProcess{Control: control, killed: ctx, kill: cancel, done: make(chan error, 1)}
	go func() {
		err := worker.Serve(ctx, link, p.Build)
		link.Close()
		w.done <- err
	}()
	return w, nil
}

// killPatience is how long to wait for the goroutines of a worker that was killed.
const killPatience = 10 * time.Second

type inProcess struct {
	worker.Control
	killed context.Context
	kill   context.CancelFunc
	done   chan error
}

func (w *inProcess) Pid() int { return 0 }

func (w *inProcess) Flush() {}
func (w *inProcess) Kill()  { w.kill() }

// Wait implements Worker. Goroutines cannot be killed: those that do not listen are left alone.
func (w *inProcess) Wait() error {
	defer w.kill()
	select {
	case err := <-w.done:
		return err
	case <-w.killed.Done():
	}
	patience := time.NewTimer(killPatience)
	defer patience.Stop()
	select {
	case err := <-w.done:
		return err
	case <-patience.C:
		return errors.New("a function of the job ignores its context and goes on running inside this process")
	}
}
