package faulty

import (
	"context"
	"sync"

	"github.com/leatproject/leat/resourcemanager"
)

// Operation is a method of Provider that may fail.
type Operation string

// The operations.
const (
	Request Operation = "request"
	Release Operation = "release"
	Found   Operation = "found"
)

// Provider wraps another Provider.
type Provider struct {
	inner resourcemanager.Provider
	fault func(op Operation, name string) error
	lost  chan resourcemanager.Loss

	mu     sync.Mutex
	killed map[string]bool
	kills  chan resourcemanager.Loss
	closed sync.Once
	done   chan struct{}
	ended  chan struct{}
}

var _ resourcemanager.Provider = (*Provider)(nil)

// New wraps inner. Before each call, fault is asked: its error is the call's, and inner does not see the call. It may be nil.
func New(inner resourcemanager.Provider, fault func(op Operation, name string) error) *Provider {
	if fault == nil {
		fault = func(Operation, string) error { return nil }
	}
	p := &Provider{inner: inner, fault: fault, lost: make(chan resourcemanager.Loss), killed: map[string]bool{},
		kills: make(chan resourcemanager.Loss), done: make(chan struct{}), ended: make(chan struct{})}
	go p.forward()
	return p
}

func (p *Provider) forward() {
	defer close(p.ended)
	defer close(p.lost)
	inner := p.inner.Lost()
	for {
		var loss resourcemanager.Loss
		select {
		case l, ok := <-inner:
			if !ok {
				inner = nil
				continue
			}
			loss = l
		case loss = <-p.kills:
		case <-p.done:
			return
		}
		select {
		case p.lost <- loss:
		case <-p.done:
			return
		}
	}
}

// Kill loses a worker.
func (p *Provider) Kill(name string) {
	p.mu.Lock()
	again := p.killed[name]
	p.killed[name] = true
	p.mu.Unlock()
	if again || p.inner.Release(context.Background(), name) != nil {
		return
	}
	select {
	case p.kills <- resourcemanager.Loss{Name: name, Cause: "the worker was killed by a fault"}:
	case <-p.done:
	}
}

// Elastic is the wrapped Provider's.
func (p *Provider) Elastic() bool { return p.inner.Elastic() }

// Request asks the wrapped Provider.
func (p *Provider) Request(ctx context.Context, w resourcemanager.Worker) error {
	if err := p.fault(Request, w.Name); err != nil {
		return err
	}
	return p.inner.Request(ctx, w)
}

// Release asks the wrapped Provider.
func (p *Provider) Release(ctx context.Context, name string) error {
	if err := p.fault(Release, name); err != nil {
		return err
	}
	return p.inner.Release(ctx, name)
}

// Found asks the wrapped Provider.
func (p *Provider) Found(ctx context.Context) ([]resourcemanager.Worker, error) {
	if err := p.fault(Found, ""); err != nil {
		return nil, err
	}
	return p.inner.Found(ctx)
}

// Lost tells of the losses of the wrapped Provider and of those that were killed.
func (p *Provider) Lost() <-chan resourcemanager.Loss { return p.lost }

// Close closes the wrapped Provider.
func (p *Provider) Close() error {
	err := p.inner.Close()
	p.closed.Do(func() { close(p.done) })
	<-p.ended
	return err
}
