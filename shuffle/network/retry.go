package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"
)

// dialAttempts is how often a connection is tried while its failure is transient. The waits between them double from
// Options.Backoff on: a worker that is gone is known to be so within a second, and its JobManager knows better.
const dialAttempts = 5

// retry makes the connection, again after transient failures.
func (l *link) retry(ctx context.Context) (net.Conn, error) {
	wait := l.exchange.opt.Backoff
	for attempt := 1; ; attempt++ {
		conn, err := l.connect(ctx)
		if err == nil || !transient(err) {
			return conn, err
		}
		if attempt == dialAttempts {
			return nil, fmt.Errorf("%w, %d times", err, attempt)
		}
		l.exchange.opt.Logger.Info("data connection is tried again", "worker", l.peer.Worker, "in", wait, "error", err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, errors.Join(err, ctx.Err())
		}
		wait *= 2
	}
}

// transient tells whether connecting may succeed a little later: the other end starts, or the network has had a fault. What
// the other end has refused it refuses again.
func transient(err error) bool {
	var name *net.DNSError
	if errors.As(err, &name) {
		return name.IsTemporary || name.IsTimeout
	}
	return slices.ContainsFunc([]error{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EHOSTUNREACH, syscall.ENETUNREACH,
		syscall.ETIMEDOUT, syscall.EADDRNOTAVAIL}, func(e error) bool { return errors.Is(err, e) })
}
