package standalone

import (
	"context"
	"sync"

	"github.com/leatproject/leat/resourcemanager"
)

// Provider implements resourcemanager.Provider.
type Provider struct {
	once sync.Once
	lost chan resourcemanager.Loss
}

var _ resourcemanager.Provider = (*Provider)(nil)

// New returns a Provider.
func New() *Provider { return &Provider{lost: make(chan resourcemanager.Loss)} }

// Elastic is false: nothing starts by being asked for.
func (*Provider) Elastic() bool { return false }

// Request does nothing.
func (*Provider) Request(ctx context.Context, _ resourcemanager.Worker) error { return ctx.Err() }

// Release does nothing: who has started the worker stops it.
func (*Provider) Release(ctx context.Context, _ string) error { return ctx.Err() }

// Found is empty: workers find the JobManager by themselves.
func (*Provider) Found(ctx context.Context) ([]resourcemanager.Worker, error) { return nil, ctx.Err() }

// Lost tells of nothing: a worker's closed connection does.
func (p *Provider) Lost() <-chan resourcemanager.Loss { return p.lost }

// Close closes Lost.
func (p *Provider) Close() error {
	p.once.Do(func() { close(p.lost) })
	return nil
}
