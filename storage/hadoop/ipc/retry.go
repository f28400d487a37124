package ipc

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	firstPause = 100 * time.Millisecond
	maxPause   = 2 * time.Second
)

// verdict is what to do after a try.
type verdict int

const (
	giveUp   verdict = iota // the error, or success, is the result
	again                   // the same server, after a pause
	failOver                // the next server
	lost                    // nobody knows what became of the call
)

// judge decides after a try. sent tells that the server may have got the call; once that it must not get it twice.
func judge(err error, sent, once bool) verdict {
	var remote *RemoteException
	switch {
	case err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrLogin) || errors.Is(err, errClosed):
		return giveUp
	case errors.Is(err, StandbyException):
		return failOver
	case errors.Is(err, RetriableException), errors.Is(err, ServerTooBusyException):
		return again
	case errors.As(err, &remote):
		return giveUp
	case sent && once:
		return lost
	}
	return failOver
}

// retries is one call until its end.
type retries struct {
	client *Client
	call   *call
	once   bool
	begin  time.Time
}

func (r *retries) run(ctx context.Context) ([]byte, error) {
	c := r.client
	pause := firstPause
	for number := 0; ; number++ {
		at := int(c.current.Load())
		body, sent, err := c.try(ctx, c.servers[at], r.call, number)
		if ctxErr := ctx.Err(); err != nil && ctxErr != nil {
			return nil, r.cancelled(ctxErr, err, sent)
		}
		decision := judge(err, sent, r.once)
		switch decision {
		case giveUp:
			return body, r.explain(err)
		case lost:
			return nil, fmt.Errorf("%s of %s: %w: %w", r.call.method, c, ErrAnswerLost, err)
		case failOver:
			c.current.CompareAndSwap(int32(at), int32((at+1)%len(c.servers)))
		}
		if decision == failOver && (number+1)%len(c.servers) != 0 {
			continue // there are servers that were not asked in this round
		}
		wait := pause/2 + rand.N(pause/2)
		if time.Since(r.begin)+wait > r.patience() {
			return nil, r.exhausted(err)
		}
		c.opts.Logger.Debug("hadoop rpc: trying again", "service", c.String(), "method", r.call.method, "after", wait, "error", err)
		if ctxErr := sleep(ctx, wait); ctxErr != nil {
			return nil, r.cancelled(ctxErr, err, false)
		}
		pause = min(2*pause, maxPause)
	}
}

func (r *retries) patience() time.Duration {
	if r.client.reached.Load() {
		return r.client.opts.Patience
	}
	return r.client.opts.FirstPatience
}

func (r *retries) cancelled(ctxErr, err error, sent bool) error {
	if sent {
		return fmt.Errorf("%s of %s: %w: %w", r.call.method, r.client, ctxErr, ErrAnswerLost)
	}
	if !errors.Is(err, ctxErr) {
		return fmt.Errorf("%s of %s: %w: %w", r.call.method, r.client, ctxErr, err)
	}
	return fmt.Errorf("%s of %s: %w", r.call.method, r.client, ctxErr)
}

// exhausted is the error when patience is at its end.
func (r *retries) exhausted(err error) error {
	tried := time.Since(r.begin).Round(100 * time.Millisecond)
	var remote *RemoteException
	if errors.As(err, &remote) {
		return fmt.Errorf("given up after %s: %w", tried, err)
	}
	return fmt.Errorf("%s %w for %s: %w; check that the %s runs and can be reached from here", r.client, ErrUnreachable, tried, err, r.client.opts.Service)
}

// explain adds what to do about a refused login.
func (r *retries) explain(err error) error {
	var remote *RemoteException
	if !errors.As(err, &remote) || !remote.Fatal {
		return err
	}
	login := &r.client.opts.Login
	switch class := remote.Short(); {
	case class == AccessControlException && login.Kerberos == nil && login.token() == nil:
		return fmt.Errorf("%w: %w; the cluster is secured: set HADOOP_CONF_DIR to its configuration, where hadoop.security.authentication is kerberos",
			ErrLogin, err)
	case class == InvalidToken:
		return fmt.Errorf("%w: %w; the token has expired or was cancelled: get a new one", ErrLogin, err)
	case class == SaslException:
		return fmt.Errorf("%w: %w; check the clock of this machine, the keytab or token, and the principal of the server", ErrLogin, err)
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
