//go:build unix

package taskmanager

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
)

// printed copies what a worker prints from a pipe. Unlike that of os/exec it can tell that it has copied all that was printed before
// a moment: a task that has ended was not told of before what it has printed can be read.
type printed struct {
	in   *os.File
	raw  syscall.RawConn
	done chan struct{} // closed at the end of the pipe

	mu     sync.Mutex // of reading and writing, so that their order is kept
	out    io.Writer
	buffer []byte
}

// newPrinted makes the pipe. The worker gets theirs, which is closed here when it has started.
func newPrinted(out io.Writer) (p *printed, theirs *os.File, err error) {
	in, theirs, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	raw, err := in.SyscallConn()
	if err != nil {
		return nil, nil, errors.Join(err, in.Close(), theirs.Close())
	}
	p = &printed{in: in, raw: raw, done: make(chan struct{}), out: out, buffer: make([]byte, 32<<10)}
	return p, theirs, nil
}

// run copies until all who may print have ended.
func (p *printed) run() {
	defer close(p.done)
	for ended := false; !ended; {
		err := p.raw.Read(func(fd uintptr) (ready bool) {
			var some bool
			some, ended = p.take(int(fd))
			return some || ended
		})
		if err != nil { // it was closed
			return
		}
	}
}

// flush copies what is in the pipe.
func (p *printed) flush() {
	_ = p.raw.Control(func(fd uintptr) { // an error says that it was closed
		for some := true; some; {
			some, _ = p.take(int(fd))
		}
	})
}

// take copies a piece of what is in the pipe, if there is any.
func (p *printed) take(fd int) (some, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		n, err := syscall.Read(fd, p.buffer)
		switch {
		case n > 0:
			_, _ = p.out.Write(p.buffer[:n]) // a log never fails
			return true, false
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return false, false
		default:
			return false, true
		}
	}
}
