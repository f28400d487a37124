package network

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

func TestTransientFailuresOfDiallingAreTriedAgain(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for name, c := range map[string]struct {
		failure  error
		failures int32
		dials    int32
		want     string // of the loss, if there is one
	}{
		"in the end there": {refused, dialAttempts - 1, dialAttempts, ""},
		"never there":      {refused, dialAttempts, dialAttempts, "refused, 5 times: to be produced again by map/0#0"},
		"for good":         {errors.New("no such address"), 1, 1, "no such address"},
		"no name":          {&net.DNSError{Err: "no such host", IsNotFound: true}, 1, 1, "no such host"},
		"name server":      {&net.DNSError{Err: "busy", IsTemporary: true}, 1, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var dials atomic.Int32
			r := startNetwork(t, 1, Options{Backoff: time.Microsecond, Dial: func(ctx context.Context, address string) (net.Conn, error) {
				if dials.Add(1) <= c.failures {
					return nil, c.failure
				}
				var d net.Dialer
				return d.DialContext(ctx, "tcp", address)
			}}, Options{})
			p := r.channel(0, 0, column.NewBatch[text]())
			p.Send(shuffle.Element{Batch: texts(0, 0, 1, 1)})
			if c.want != "" {
				require.ErrorContains(t, <-p.lost, c.want)
				r.abandon()
			} else {
				p.Send(shuffle.Element{Kind: shuffle.End})
				require.Equal(t, 1, verify(t, r.consumer(0), 1))
				r.close(t)
			}
			require.Equal(t, c.dials, dials.Load())
		})
	}
}
