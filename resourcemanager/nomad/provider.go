package nomad

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/secret"
)

// Options make a Provider. Client and Spec are needed.
type Options struct {
	Client *api.Client
	Spec   Spec
	// Secret is the cluster's, given to workers through a Variable if Spec.Secret is set.
	Secret secret.Secret
	// Items are the values of Spec.Items.
	Items map[string]string
	// Size stands for what a worker leaves open.
	Size resourcemanager.Size
	// MemoryKey is what users set the memory of workers by, for messages.
	MemoryKey string
	// Compare is how often what Nomad lists is compared with what is known, beside the event stream; 0: a minute.
	Compare time.Duration
	Logger  *slog.Logger
}

// Provider implements resourcemanager.Provider. It calls Nomad only after the first Request or Found, so those of JobManagers
// that do not lead are silent.
type Provider struct {
	opt     Options
	losses  *resourcemanager.Losses
	ctx     context.Context // of all calls
	stop    context.CancelFunc
	calls   chan struct{} // holds one element for each dispatch or stop that is going on
	running sync.WaitGroup
	begin   sync.Once // of watching
	blind   bool      // of who watches: the token may not read nodes
	jobs    registry

	mu       sync.Mutex
	workers  map[string]*worker // by name
	children map[string]string  // names, by the job that was dispatched for them
	gone     map[string]bool    // names that may not be used again
	before   map[string]bool    // those of them that have ended before this process knew them, and were not asked for since
	refused  map[string]refusal // by job
	leading  epoch              // the highest that a worker was asked for in
	adopted  bool               // the latest Found has succeeded
	unplaced unplaced
	closed   bool
}

// worker is one that was asked for and is not known to be gone.
type worker struct {
	resourcemanager.Worker
	child   string // its job; empty while it is being dispatched
	created uint64 // the index at which Nomad made that job
	cause   string // why Nomad began to stop it
}

// refusal is why workers of a size cannot be had.
type refusal struct {
	err  error
	till time.Time
}

var _ resourcemanager.Provider = (*Provider)(nil)

const (
	parallelCalls = 8                // workers that are dispatched or stopped at a time
	longestPause  = 10 * time.Second // between two tries of a call
)

// New returns a Provider.
func New(o Options) (*Provider, error) {
	if o.Client == nil {
		return nil, errors.New("workers on Nomad: there is no client")
	}
	if err := o.Spec.Check(); err != nil {
		return nil, fmt.Errorf("workers on Nomad: %w", err)
	}
	if o.Spec.Secret && o.Secret.IsZero() {
		return nil, errors.New("workers on Nomad: the cluster's secret is missing")
	}
	o.Compare = cmp.Or(o.Compare, time.Minute)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	p := &Provider{
		opt: o, losses: resourcemanager.NewLosses(), calls: make(chan struct{}, parallelCalls), jobs: registry{known: map[string]bool{}},
		workers: map[string]*worker{}, children: map[string]string{}, gone: map[string]bool{}, before: map[string]bool{}, refused: map[string]refusal{},
	}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p, nil
}

// Elastic is true.
func (*Provider) Elastic() bool { return true }

// Request has a worker dispatched. It calls nothing itself: what Nomad refuses is told of by Lost, and by the error of further
// requests of that size within the next seconds.
func (p *Provider) Request(ctx context.Context, w resourcemanager.Worker) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	generation, term, _, ok := resourcemanager.ParseName(w.Name)
	if !ok {
		return fmt.Errorf("%w: %q cannot be the name of a worker on Nomad", resourcemanager.ErrRefused, w.Name)
	}
	w.Size.Slots = cmp.Or(w.Size.Slots, p.opt.Size.Slots)
	w.Size.MemoryBytes = cmp.Or(w.Size.MemoryBytes, p.opt.Size.MemoryBytes)
	w.Size.MilliCPUs = cmp.Or(w.Size.MilliCPUs, p.opt.Size.MilliCPUs)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.before[w.Name] { // by a leader before this one, or a cluster of the same id
		delete(p.before, w.Name)
		p.losses.Tell(w.Name, "worker has ended: Nomad lists its job as dead")
		return nil
	}
	if p.workers[w.Name] != nil || p.gone[w.Name] {
		return nil
	}
	if p.closed {
		return fmt.Errorf("%w: the provider is closed", resourcemanager.ErrRefused)
	}
	if r, ok := p.refused[p.opt.Spec.JobID(w.Size)]; ok && time.Now().Before(r.till) {
		return r.err
	}
	if e := (epoch{generation, term}); e.after(p.leading) {
		p.leading = e
	}
	p.workers[w.Name] = &worker{Worker: w}
	p.begin.Do(p.watching)
	p.running.Go(func() { p.place(w) })
	return nil
}

// Release has a worker stopped, and tried again until Nomad has heard it.
func (p *Provider) Release(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.remove(name); w != nil && w.child != "" {
		p.discard(w.child)
	}
	return nil
}

// remove forgets a worker for ever and returns what it was; nil if it was none.
func (p *Provider) remove(name string) *worker {
	w := p.workers[name]
	p.gone[name] = true
	delete(p.workers, name)
	if w != nil {
		delete(p.children, w.child)
	}
	return w
}

// Found asks Nomad what there is, and returns it with what is being dispatched.
func (p *Provider) Found(ctx context.Context) ([]resourcemanager.Worker, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	closed := p.closed
	p.adopted = false
	if !closed {
		p.begin.Do(p.watching)
	}
	p.mu.Unlock()
	if !closed {
		if _, err := p.compare(ctx, true); err != nil {
			return nil, fmt.Errorf("looking for workers on Nomad: %w", err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []resourcemanager.Worker
	for _, w := range p.workers {
		all = append(all, w.Worker)
	}
	slices.SortFunc(all, func(a, b resourcemanager.Worker) int { return cmp.Compare(a.Name, b.Name) })
	return all, ctx.Err()
}

// Lost tells of workers that have ended by themselves or could not be had.
func (p *Provider) Lost() <-chan resourcemanager.Loss { return p.losses.Lost() }

// Close ends the Provider. Workers go on running; those whose stop was not heard yet are tried once more.
func (p *Provider) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	p.running.Wait()
	p.losses.Close()
	return nil
}

// pause waits, longer each time; false if the Provider is closed.
func (p *Provider) pause(wait *time.Duration) bool {
	*wait = min(max(100*time.Millisecond, 2**wait), longestPause)
	timer := time.NewTimer(*wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// enter waits for the right to call Nomad; false if the Provider is closed.
func (p *Provider) enter() bool {
	select {
	case p.calls <- struct{}{}:
		return true
	case <-p.ctx.Done():
		return false
	}
}

func (p *Provider) leave() { <-p.calls }
