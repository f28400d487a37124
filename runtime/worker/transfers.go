package worker

import (
	"context"
	"errors"
	"sync"

	"github.com/leatproject/leat/runtime/rpc"
)

// transfers are the requests to move files between the worker's directory and the blob store that were not answered yet.
type transfers struct {
	mu      sync.Mutex
	last    uint64
	waiting map[uint64]chan error
}

// move asks for a transfer and waits for its end.
func (t *transfers) move(ctx context.Context, link Link, q *rpc.BlobRequest) error {
	done := make(chan error, 1)
	t.mu.Lock()
	t.last++
	q.Request = t.last
	if t.waiting == nil {
		t.waiting = map[uint64]chan error{}
	}
	t.waiting[q.Request] = done
	t.mu.Unlock()
	if err := link.Send(&rpc.FromWorker{Message: &rpc.FromWorker_Blob{Blob: q}}); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.waiting, q.Request)
		return context.Cause(ctx)
	}
}

func (t *transfers) answered(a *rpc.BlobReply) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if done, ok := t.waiting[a.Request]; ok {
		delete(t.waiting, a.Request)
		done <- replyError(a)
	}
}

func replyError(a *rpc.BlobReply) error {
	if a.Error == "" {
		return nil
	}
	return errors.New(a.Error)
}
