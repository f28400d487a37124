package socket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"
	"time"

	"github.com/leatproject/leat/storage/clock"
)

// Reconnect says how often to connect again when a connection cannot be made or is lost.
type Reconnect struct {
	// Attempts is the number of further attempts after a failed one; 0 is none, -1 is no limit. It counts anew after each
	// connection that carried data.
	Attempts int
	// Backoff is the time between attempts; 500 ms when 0.
	Backoff time.Duration
	// Clock measures Backoff; the machine's when nil.
	Clock clock.Clock
}

func (r Reconnect) withDefaults() Reconnect {
	if r.Backoff <= 0 {
		r.Backoff = 500 * time.Millisecond
	}
	if r.Clock == nil {
		r.Clock = clock.Real
	}
	return r
}

// dialer makes the connections of one reader or writer, one after the other.
type dialer struct {
	address string
	Reconnect
	logger *slog.Logger
	failed int // attempts since the last connection that carried data
}

func newDialer(address string, r Reconnect, logger *slog.Logger) dialer {
	if logger == nil {
		logger = slog.Default()
	}
	return dialer{address: address, Reconnect: r.withDefaults(), logger: logger}
}

// connect returns a connection or the error of the last attempt.
func (d *dialer) connect(ctx context.Context) (net.Conn, error) {
	for {
		var to net.Dialer
		conn, err := to.DialContext(ctx, "tcp", d.address)
		if err == nil {
			return conn, nil
		}
		if again, waitErr := d.again(ctx, err); waitErr != nil {
			return nil, waitErr
		} else if !again {
			return nil, d.explain(err)
		}
	}
}

// again tells whether there is an attempt left after a failure, and waits for its time.
func (d *dialer) again(ctx context.Context, cause error) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if d.Attempts >= 0 && d.failed >= d.Attempts {
		return false, nil
	}
	d.failed++
	d.logger.Warn("socket connection failed, trying again", "address", d.address, "attempt", d.failed, "in", d.Backoff, "cause", cause)
	due := make(chan struct{})
	stop := d.Clock.AfterFunc(d.Backoff, func() { close(due) })
	defer stop()
	select {
	case <-due:
		return true, nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

func (d *dialer) explain(err error) error {
	var unknown *net.DNSError
	remedy := "check host and port"
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		remedy = "nothing listens there: start the server first (for example: nc -lk PORT) or allow reconnect attempts"
	case errors.As(err, &unknown):
		remedy = "the host name cannot be resolved: check it"
	}
	return fmt.Errorf("connect to socket %s: %w; %s", d.address, err, remedy)
}

// interrupt makes blocked calls on conn return when ctx ends, until the returned function is called.
func interrupt(ctx context.Context, conn net.Conn) (stop func() bool) {
	return context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) }) //nolint:errcheck // then it is closed already
}
