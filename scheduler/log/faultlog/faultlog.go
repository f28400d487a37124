package faultlog

import (
	"context"
	"sync"

	"github.com/leatproject/leat/scheduler/log"
)

// Log passes proposals on unless told otherwise. It implements log.Log.
type Log struct {
	log.Watch
	inner log.Log

	mu      sync.Mutex
	fail    []error
	lose    *bool
	slow    func(context.Context) error
	terms   uint64 // added to those of the log beneath by Regain
	lost    bool
	stopped chan struct{}
	closing chan struct{}
	once    sync.Once
}

// New wraps a log, which belongs to it from then on.
func New(inner log.Log) *Log {
	l := &Log{inner: inner, stopped: make(chan struct{}), closing: make(chan struct{})}
	l.update()
	go l.follow()
	return l
}

func (l *Log) follow() {
	defer close(l.stopped)
	for {
		changed := l.inner.Changed()
		l.update()
		select {
		case <-changed:
		case <-l.closing:
			return
		}
	}
}

// update shows the leadership of the log beneath, unless it is lost.
func (l *Log) update() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.inner.Leadership()
	now.Term += l.terms
	if l.lost {
		now = log.Leadership{Term: now.Term}
	}
	l.Set(now)
}

// Fail makes the next proposals fail with these errors, one each, and do nothing: log.ErrFull, log.ErrNotLeader.
func (l *Log) Fail(errs ...error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = append(l.fail, errs...)
}

// Lose takes leadership away in the middle of the next proposal: it is applied or not, and the result is log.ErrUnknown.
func (l *Log) Lose(applied bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lose = &applied
}

// Regain gives leadership back, in a new term.
func (l *Log) Regain() {
	l.mu.Lock()
	l.lost = false
	l.terms++
	l.mu.Unlock()
	l.update()
}

// Slow is called before each proposal; it may wait, and its error is the result. nil makes the log fast again.
func (l *Log) Slow(f func(context.Context) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slow = f
}

// Propose implements log.Log.
func (l *Log) Propose(ctx context.Context, entry []byte) (uint64, error) {
	l.mu.Lock()
	slow := l.slow
	l.mu.Unlock()
	if slow != nil {
		if err := slow(ctx); err != nil {
			return 0, err
		}
	}
	lose, err := l.next()
	if err != nil {
		return 0, err
	}
	if lose == nil {
		return l.inner.Propose(ctx, entry)
	}
	if *lose {
		_, err = l.inner.Propose(ctx, entry)
	}
	l.update()
	if err != nil {
		return 0, err
	}
	return 0, log.ErrUnknown
}

// next takes the fault that is due, if any.
func (l *Log) next() (lose *bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.lost:
		return nil, log.ErrNotLeader
	case len(l.fail) > 0:
		err, l.fail = l.fail[0], l.fail[1:]
		return nil, err
	case l.lose != nil:
		lose, l.lose, l.lost = l.lose, nil, true
	}
	return lose, nil
}

// Verify implements log.Log.
func (l *Log) Verify(ctx context.Context) error {
	l.mu.Lock()
	lost := l.lost
	l.mu.Unlock()
	if lost {
		return log.ErrNotLeader
	}
	return l.inner.Verify(ctx)
}

// Restore implements log.Log.
func (l *Log) Restore(ctx context.Context, snapshot []byte) error {
	if err := l.Verify(ctx); err != nil {
		return err
	}
	return l.inner.Restore(ctx, snapshot)
}

// Close implements log.Log.
func (l *Log) Close() error {
	l.once.Do(func() { close(l.closing) })
	<-l.stopped
	l.Set(log.Leadership{})
	return l.inner.Close()
}
