package yarn

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/yarn/master"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

// Master is what a Provider needs of *master.Master.
type Master interface {
	Ask(master.Ask) error
	Withdraw(id int64)
	Release(*wire.ContainerId)
	Avoid(host string, avoid bool)
}

// Nodes is what a Provider needs of *nm.Nodes.
type Nodes interface {
	Start(context.Context, *wire.Container, *wire.ContainerLaunchContext) error
}

// Options make a Provider. Master, Nodes and Launch are needed.
type Options struct {
	Master Master
	Nodes  Nodes
	// Launch says how a worker is started in its container, which may be larger than the worker was asked for. It is called
	// concurrently.
	Launch func(resourcemanager.Worker, *wire.Container) (*wire.ContainerLaunchContext, error)
	// Size stands for what a worker leaves open.
	Size      resourcemanager.Size
	NodeLabel string // of the nodes that workers run on; empty: the application's
	Priority  int32  // of workers among the application's containers
	// MemoryKey is what users set the memory of workers by, for messages.
	MemoryKey string
	Logger    *slog.Logger
}

// Provider implements resourcemanager.Provider.
type Provider struct {
	opt     Options
	losses  *resourcemanager.Losses
	ctx     context.Context // of starts
	stop    context.CancelFunc
	starts  chan struct{} // holds one element for each start that is going on
	running sync.WaitGroup

	mu         sync.Mutex
	workers    map[string]*worker // by name
	containers map[string]string  // names, by container id
	gone       map[string]bool    // names that may not be used again
	blame      blame
	closed     bool
}

// worker is one that was asked for and is not known to be gone.
type worker struct {
	resourcemanager.Worker
	id         int64
	container  *wire.Container // nil while YARN has not given one
	preempting bool
}

var _ resourcemanager.Provider = (*Provider)(nil)

// parallelStarts is how many NodeManagers are called at a time.
const parallelStarts = 32

// New returns a Provider, which hears of YARN by Handle.
func New(o Options) *Provider {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	p := &Provider{
		opt: o, losses: resourcemanager.NewLosses(), starts: make(chan struct{}, parallelStarts), workers: map[string]*worker{},
		containers: map[string]string{}, gone: map[string]bool{}, blame: newBlame(),
	}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p
}

// Elastic is true.
func (*Provider) Elastic() bool { return true }

// Request asks YARN for a container.
func (p *Provider) Request(ctx context.Context, w resourcemanager.Worker) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	id, ok := requestID(w.Name)
	if !ok {
		return fmt.Errorf("%w: %q cannot be the name of a worker on YARN", resourcemanager.ErrRefused, w.Name)
	}
	w.Size.Slots = cmp.Or(w.Size.Slots, p.opt.Size.Slots)
	w.Size.MemoryBytes = cmp.Or(w.Size.MemoryBytes, p.opt.Size.MemoryBytes)
	w.Size.MilliCPUs = cmp.Or(w.Size.MilliCPUs, p.opt.Size.MilliCPUs)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.workers[w.Name] != nil || p.gone[w.Name] {
		return nil
	}
	if p.closed {
		return fmt.Errorf("%w: the provider is closed", resourcemanager.ErrRefused)
	}
	ask := master.Ask{ID: id, MemoryMB: (w.Size.MemoryBytes + 1<<20 - 1) >> 20, VCores: int32(max(1, (w.Size.MilliCPUs+999)/1000)),
		Priority: p.opt.Priority, NodeLabel: p.opt.NodeLabel}
	if err := p.opt.Master.Ask(ask); err != nil {
		return fmt.Errorf("%w: %w", resourcemanager.ErrRefused, err)
	}
	p.workers[w.Name] = &worker{Worker: w, id: id}
	return nil
}

// Release gives the container back, or takes the request back.
func (p *Provider) Release(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.remove(name)
	switch {
	case w == nil:
	case w.container == nil:
		p.opt.Master.Withdraw(w.id)
	default:
		p.opt.Master.Release(w.container.GetId())
	}
	return nil
}

// remove forgets a worker for ever and returns what it was; nil if it was none.
func (p *Provider) remove(name string) *worker {
	w := p.workers[name]
	p.gone[name] = true
	delete(p.workers, name)
	if w != nil && w.container != nil {
		delete(p.containers, w.container.GetId().Text())
	}
	return w
}

// Found returns the workers that were asked for, and those of earlier attempts whose containers run.
func (p *Provider) Found(ctx context.Context) ([]resourcemanager.Worker, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []resourcemanager.Worker
	for _, w := range p.workers {
		all = append(all, w.Worker)
	}
	slices.SortFunc(all, func(a, b resourcemanager.Worker) int { return cmp.Compare(a.Name, b.Name) })
	return all, ctx.Err()
}

// Lost tells of workers whose containers have ended by themselves or could not be had.
func (p *Provider) Lost() <-chan resourcemanager.Loss { return p.losses.Lost() }

// Close ends the Provider. Containers go on running; YARN ends them with the application.
func (p *Provider) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	p.running.Wait()
	p.losses.Close()
	return nil
}
