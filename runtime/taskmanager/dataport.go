package taskmanager

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/leatproject/leat/shuffle/wire"
)

// admitTimeout bounds the preamble of a data connection. Within it the job's worker must have come up, since the connecting
// worker may have been deployed first.
const admitTimeout = 20 * time.Second

// acceptData reads the preamble of every connection to the data port and passes the socket to the worker that it is for, which
// begins TLS on it: a socket can be passed to another process, the keys of a TLS connection cannot. Who asks for blocking outputs
// is answered here.
func (t *TaskManager) acceptData() {
	for {
		conn, err := t.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			t.log.Warn("data port", "error", err)
			if !t.sleep(t.ctx, 100*time.Millisecond) {
				return
			}
			continue
		}
		t.group.Go(func() {
			if err := t.admit(conn); err != nil {
				conn.Close()
				t.log.Warn("data connection refused", "remote", conn.RemoteAddr().String(), "error", err)
			}
		})
	}
}

// admit takes one connection in.
func (t *TaskManager) admit(conn net.Conn) error {
	ctx, cancel := context.WithTimeout(t.ctx, admitTimeout)
	defer cancel()
	defer context.AfterFunc(t.ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	token := func(job string) []byte { return wire.JobToken(t.opt.Secret, job) }
	var take func(net.Conn, wire.Preamble) error
	p, err := wire.Admit(conn, token, func(p wire.Preamble) (err error) {
		if err = p.Agree(t.opt.Certificates != nil); err != nil {
			return fmt.Errorf("%w (security.ssl.internal.enabled)", err)
		}
		if p.Purpose == wire.Bulk {
			take, err = t.admitReader(p)
			return err
		}
		to, err := t.waitWorker(ctx, p.Job, p.To)
		if err == nil {
			take = to.Pass
		}
		return err
	}, admitTimeout)
	if err != nil {
		return err
	}
	return take(conn, p)
}

// sleep waits; it is false when ctx ended first.
func (t *TaskManager) sleep(ctx context.Context, d time.Duration) bool {
	over := make(chan struct{})
	stop := t.clock.AfterFunc(d, func() { close(over) })
	select {
	case <-over:
		return true
	case <-ctx.Done():
		stop()
		return false
	}
}
