package local

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/leatproject/leat/resourcemanager"
)

// StartFunc runs a worker until it ends or ctx does. It returns why the worker has ended; what it returns after ctx has ended
// is ignored.
type StartFunc func(ctx context.Context, w resourcemanager.Worker) error

// Provider implements resourcemanager.Provider.
type Provider struct {
	start StartFunc
	limit int
	lost  chan resourcemanager.Loss

	mu      sync.Mutex
	workers map[string]running
	gone    map[string]bool // names that may not be used again
	closed  bool
	done    chan struct{}
	all     sync.WaitGroup
}

type running struct {
	resourcemanager.Worker
	stop context.CancelFunc
}

var _ resourcemanager.Provider = (*Provider)(nil)

// New returns a Provider of at most limit workers at a time.
func New(limit int, start StartFunc) *Provider {
	return &Provider{start: start, limit: limit, lost: make(chan resourcemanager.Loss), workers: map[string]running{},
		gone: map[string]bool{}, done: make(chan struct{})}
}

// Elastic is true.
func (*Provider) Elastic() bool { return true }

// Request starts a worker.
func (p *Provider) Request(ctx context.Context, w resourcemanager.Worker) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.workers[w.Name]; known || p.gone[w.Name] {
		return nil
	}
	switch {
	case p.closed:
		return fmt.Errorf("%w: the provider is closed", resourcemanager.ErrRefused)
	case len(p.workers) >= p.limit:
		return fmt.Errorf("%w: %d workers run on this machine already", resourcemanager.ErrBusy, p.limit)
	}
	living, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.workers[w.Name] = running{w, stop}
	p.all.Go(func() { p.watch(living, w) })
	return nil
}

// watch runs a worker and tells of its end, unless somebody wanted it.
func (p *Provider) watch(ctx context.Context, w resourcemanager.Worker) {
	err := p.start(ctx, w)
	p.mu.Lock()
	if r, ok := p.workers[w.Name]; ok {
		r.stop()
	}
	wanted := p.gone[w.Name] || p.closed
	delete(p.workers, w.Name)
	p.gone[w.Name] = true
	p.mu.Unlock()
	if wanted {
		return
	}
	cause := "the worker has ended"
	if err != nil {
		cause += ": " + err.Error()
	}
	select {
	case p.lost <- resourcemanager.Loss{Name: w.Name, Cause: cause}:
	case <-p.done:
	}
}

// Release stops a worker.
func (p *Provider) Release(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone[name] = true
	if r, ok := p.workers[name]; ok {
		delete(p.workers, name)
		r.stop()
	}
	return nil
}

// Found returns the workers that run.
func (p *Provider) Found(ctx context.Context) ([]resourcemanager.Worker, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []resourcemanager.Worker
	for _, r := range p.workers {
		all = append(all, r.Worker)
	}
	slices.SortFunc(all, func(a, b resourcemanager.Worker) int { return cmp.Compare(a.Name, b.Name) })
	return all, ctx.Err()
}

// Lost tells of workers that have ended by themselves.
func (p *Provider) Lost() <-chan resourcemanager.Loss { return p.lost }

// Close stops all workers and waits for them.
func (p *Provider) Close() error {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	for _, r := range p.workers {
		r.stop()
	}
	p.mu.Unlock()
	if first {
		close(p.done)
	}
	p.all.Wait()
	if first {
		close(p.lost)
	}
	return nil
}
