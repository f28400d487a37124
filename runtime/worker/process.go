//go:build unix

package worker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/leatproject/leat/runtime/rpc"
)

// Variable is set in the environment of a process that a TaskManager has started. It is removed when the process begins, so
// that what the program starts is no worker.
const Variable = "LEAT_WORKER"

// The descriptors that a worker process inherits.
const (
	messagesDescriptor    = 3
	connectionsDescriptor = 4
)

// inherited is the process's worker; nil in every other process.
var inherited = inherit()

func inherit() *Process {
	if os.Getenv(Variable) == "" {
		return nil
	}
	os.Unsetenv(Variable)
	link, err := NewSocketLink(Sockets{inheritedFile(messagesDescriptor), inheritedFile(connectionsDescriptor)})
	p := &Process{err: err}
	if err == nil {
		p.link = watch(link)
	}
	return p
}

func inheritedFile(descriptor int) *os.File {
	syscall.CloseOnExec(descriptor)
	return os.NewFile(uintptr(descriptor), "worker")
}

// Process is a program that a TaskManager has started to run one of its jobs.
type Process struct {
	err  error // of the beginning
	link Link

	mu       sync.Mutex
	executed int
	start    *rpc.Start
}

// watched is a link that ends the process when its TaskManager is gone, whatever main() is doing. Before the worker is ready
// the TaskManager sends nothing but Start, so the reader is never held up.
type watched struct {
	Link
	in chan *rpc.ToWorker
}

func watch(link Link) watched {
	w := watched{link, make(chan *rpc.ToWorker, 1)}
	go func() {
		for {
			m, err := link.Receive()
			if err != nil {
				os.Exit(exitOrphaned)
			}
			w.in <- m
		}
	}()
	return w
}

func (w watched) Receive() (*rpc.ToWorker, error) { return <-w.in, nil }

// exitOrphaned is the exit code of a worker whose TaskManager is gone.
const exitOrphaned = 1

// Started returns the process's worker, or nil when no TaskManager has started the process.
func Started() *Process { return inherited }

// Execute is what the program's next Execute does in a worker. For one before the job's it returns the stored result. For the
// job's it runs what the TaskManager orders, and ends the process after that. The error says that the job cannot run here; the
// program should end by it.
func (p *Process) Execute(build func(*rpc.Start) (*Job, error)) (*rpc.Executed, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(); err != nil {
		return nil, err
	}
	k := p.executed
	p.executed++
	switch {
	case k < int(p.start.Execute):
		earlier := p.start.Submission.GetEarlier()
		if k >= len(earlier) {
			return nil, fmt.Errorf("the result of Execute number %d is not known to this worker", k)
		}
		return earlier[k], nil
	case k > int(p.start.Execute):
		return nil, fmt.Errorf("a worker for Execute number %d has come to number %d", p.start.Execute, k)
	}
	job, err := build(p.start)
	if err == nil {
		if err = serve(context.Background(), p.link, p.start, job, limitMemory); err == nil {
			os.Exit(0)
		}
	} else if e := p.link.Send(&rpc.FromWorker{Message: &rpc.FromWorker_Failed{Failed: err.Error()}}); e != nil {
		return nil, e
	}
	return nil, err
}

// Submission returns what the job was submitted with. It is called before the Execute that is the job.
func (p *Process) Submission() (*rpc.Submission, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(); err != nil {
		return nil, err
	}
	return p.start.Submission, nil
}

// begin waits for Start.
func (p *Process) begin() error {
	if p.start == nil && p.err == nil {
		p.start, p.err = receiveStart(p.link)
	}
	if p.err != nil {
		return fmt.Errorf("this process was started as a worker: %w", p.err)
	}
	return nil
}

// Fetch brings a blob to a file, which the caller removes. It is called before the Execute that is the job.
func (p *Process) Fetch(digest string) (path string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(); err != nil {
		return "", err
	}
	name := "fetched-" + digest
	if err := p.link.Send(&rpc.FromWorker{Message: &rpc.FromWorker_Blob{Blob: &rpc.BlobRequest{Digest: digest, File: name}}}); err != nil {
		return "", err
	}
	m, err := p.link.Receive()
	if err != nil {
		return "", err
	}
	if m.GetBlob() == nil {
		return "", errors.New("the TaskManager has not answered the request for a blob")
	}
	return filepath.Join(p.start.Directory, name), replyError(m.GetBlob())
}

// limitMemory sets Go's limit a little below what the process may use; 0 is no limit.
func limitMemory(n int64) {
	if n <= 0 {
		n = math.MaxInt64
	} else {
		n -= n / 10
	}
	debug.SetMemoryLimit(n)
}
