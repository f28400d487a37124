package processes

import (
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// listenWithin listens in a network namespace.
func listenWithin(space, address string) (net.Listener, error) {
	f, err := os.Open(space)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only
	type result struct {
		l   net.Listener
		err error
	}
	got := make(chan result)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with the goroutine
		if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
			got <- result{err: os.NewSyscallError("setns", err)}
			return
		}
		l, err := net.Listen("tcp", address)
		got <- result{l, err}
	}()
	r := <-got
	return r.l, r.err
}
