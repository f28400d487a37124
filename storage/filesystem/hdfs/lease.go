package hdfs

import (
	"context"
	"sync"
	"time"

	"github.com/leatproject/leat/storage/hadoop/namenode"
)

// renewal is how often the lease on files that are being written is renewed. After 60 s without, others may take it.
const renewal = 30 * time.Second

// lease is what keeps the files that this process writes from being taken over by others: one for all of them.
type lease struct {
	client *client
	holder string

	mu    sync.Mutex
	files int // being written
	next  *time.Timer
}

func (l *lease) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.files++; l.files == 1 {
		l.next = time.AfterFunc(renewal, l.renew)
	}
}

func (l *lease) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.files--; l.files == 0 {
		l.next.Stop()
	}
}

// renew renews the lease and plans the next time. A lease that was lost is found out by the next call for the file.
func (l *lease) renew() {
	ctx, cancel := context.WithTimeout(context.Background(), renewal)
	defer cancel()
	_, err := l.client.call(ctx, func(nn *namenode.Client) error { return nn.RenewLease(ctx, l.holder) })
	if err != nil {
		l.client.log.Warn("hdfs: the lease on files that are being written could not be renewed", "namenodes", l.client.String(), "error", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.files > 0 {
		l.next.Reset(renewal)
	}
}
