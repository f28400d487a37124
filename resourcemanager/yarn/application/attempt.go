package application

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/yarn"
	"github.com/leatproject/leat/resourcemanager/yarn/launch"
	"github.com/leatproject/leat/resourcemanager/yarn/master"
	"github.com/leatproject/leat/resourcemanager/yarn/nm"
	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/storage/hadoop/conf"
	"github.com/leatproject/leat/storage/hadoop/credentials"
)

// Options of an Attempt. All are needed but those with a default in their comment.
type Options struct {
	Conf      conf.Conf
	Container *Container
	// Standbys is how many JobManagers there are beside this one, which StandbyCommand starts in containers of StandbySize.
	Standbys       int
	StandbyCommand []string
	StandbySize    resourcemanager.Size
	// Description is what workers and standbys are told.
	Description Description
	// Command starts a worker in its container, which may have more memory than was asked for.
	Command func(w resourcemanager.Worker, memoryBytes int64) []string
	// Environment is that of workers beside what YARN sets.
	Environment map[string]string
	Size        resourcemanager.Size // of workers that leave theirs open
	NodeLabel   string               // of the nodes of workers; empty: the application's
	MemoryKey   string               // what users set the memory of workers by
	// Port is where clients reach the application on this host, TrackingURL its pages.
	Port                     int
	TrackingURL              string
	Heartbeat, BusyHeartbeat time.Duration // see master.Options
	// Dial connects to YARN; nil by TCP.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Logger *slog.Logger
}

// Attempt is an ApplicationMaster at work. It is a Provider: what is left of it when that is closed keeps YARN from starting
// another, until Finish or End.
type Attempt struct {
	*yarn.Provider
	opt       Options
	scheduler *rm.Scheduler
	nodes     *nm.Nodes
	master    *master.Master
	standbys  *standbys
	ended     chan error
	stop      context.CancelFunc
	lost      chan resourcemanager.Loss
	// registered is closed when it is known which containers earlier attempts have left.
	registered chan struct{}
	register   func()
}

// Begin registers with YARN in the background.
func Begin(o Options) (*Attempt, error) {
	scheduler, err := rm.ConnectScheduler(rm.Options{Conf: o.Conf, Dial: o.Dial, Logger: o.Logger}, o.Container.Credentials().Find(credentials.KindAMRM))
	if err != nil {
		return nil, err
	}
	expiry, err := o.Conf.Milliseconds("yarn.am.liveness-monitor.expiry-interval-ms", 10*time.Minute)
	if err != nil {
		return nil, err
	}
	a := &Attempt{opt: o, scheduler: scheduler, ended: make(chan error, 1), lost: make(chan resourcemanager.Loss), registered: make(chan struct{})}
	a.register = sync.OnceFunc(func() {
		close(a.registered)
		a.standbys.fill()
	})
	a.master = master.New(master.Options{Scheduler: scheduler, Host: o.Container.Host, Port: o.Port, TrackingURL: o.TrackingURL,
		Heartbeat: o.Heartbeat, BusyHeartbeat: o.BusyHeartbeat, Expiry: expiry, Logger: o.Logger})
	if a.nodes, err = nm.New(nm.Options{Conf: o.Conf, Token: a.master.NodeToken, Dial: o.Dial, Logger: o.Logger}); err != nil {
		return nil, err
	}
	a.Provider = yarn.New(yarn.Options{Master: a.master, Nodes: a.nodes, Launch: a.launch, Size: o.Size, NodeLabel: o.NodeLabel,
		MemoryKey: o.MemoryKey, Logger: o.Logger})
	a.standbys = &standbys{provider: a.Provider, count: o.Standbys, size: o.StandbySize, attempt: o.Container.Attempt(), host: o.Container.Host,
		hosts: map[string]string{}, logger: o.Logger}
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	go a.sort(ctx)
	go func() { a.ended <- a.master.Run(ctx, a.handle) }()
	return a, nil
}

// handle takes in what YARN tells.
func (a *Attempt) handle(e master.Events) {
	for _, c := range e.Recovered {
		if name, _ := yarn.NameOf(c.GetAllocationRequestId()); isStandby(name) {
			a.standbys.found(name, c.GetNodeId().GetHost())
		}
	}
	refused := false
	for _, c := range e.Allocated {
		if name, _ := yarn.NameOf(c.GetAllocationRequestId()); isStandby(name) && !a.standbys.take(name, c) {
			_ = a.Release(context.Background(), name) // a container that nobody wants is given back
			refused = true
		}
	}
	a.Handle(e)
	a.register()
	if refused {
		a.standbys.fill()
	}
}

// sort hands on the losses of workers, and has standbys replaced.
func (a *Attempt) sort(ctx context.Context) {
	defer close(a.lost)
	for loss := range a.Provider.Lost() {
		if isStandby(loss.Name) {
			a.standbys.lost(loss)
			continue
		}
		select {
		case a.lost <- loss:
		case <-ctx.Done():
			return
		}
	}
}

// Lost implements resourcemanager.Provider.
func (a *Attempt) Lost() <-chan resourcemanager.Loss { return a.lost }

// foundPatience is how long the ResourceManager may take to tell of containers of earlier attempts; later ones are found when they
// register with the JobManager.
const foundPatience = 5 * time.Second

// Found implements resourcemanager.Provider.
func (a *Attempt) Found(ctx context.Context) ([]resourcemanager.Worker, error) {
	if a.opt.Container.Attempt() > 1 {
		late := time.NewTimer(foundPatience)
		defer late.Stop()
		select {
		case <-a.registered:
		case <-late.C:
		case <-ctx.Done():
		}
	}
	all, err := a.Provider.Found(ctx)
	return slices.DeleteFunc(all, func(w resourcemanager.Worker) bool { return isStandby(w.Name) }), err
}

// Ended tells that YARN and this attempt have parted without Finish: another may run.
func (a *Attempt) Ended() <-chan error { return a.ended }

// launch says how a worker or a standby is started. It gets no tokens of the ResourceManager.
func (a *Attempt) launch(w resourcemanager.Worker, c *wire.Container) (*wire.ContainerLaunchContext, error) {
	own := a.opt.Container.Credentials()
	tokens := &credentials.Credentials{Secrets: own.Secrets}
	for _, t := range own.Tokens {
		if t.Token.Kind != credentials.KindAMRM && t.Token.Kind != credentials.KindResourceManager {
			tokens.Add(t.Alias, t.Token)
		}
	}
	packed, err := a.opt.Description.Pack()
	if err != nil {
		return nil, err
	}
	AddDescription(tokens, packed)
	l := launch.Launch{Files: a.opt.Description.Files, Command: a.opt.StandbyCommand, Credentials: tokens, Environment: a.opt.Environment}
	if !isStandby(w.Name) {
		l.Command = a.opt.Command(w, c.GetResource().GetMemory()<<20)
	}
	return l.Context()
}

// Finish ends the application, and with it all its containers.
func (a *Attempt) Finish(ctx context.Context, status wire.FinalApplicationStatus, diagnostics string) error {
	a.standbys.close()
	return a.master.Finish(ctx, status, diagnostics, "")
}

// End ends this process's part, and the Provider if it is not closed. The application goes on with another attempt, unless it has
// finished.
func (a *Attempt) End() error {
	a.standbys.close()
	err := a.Provider.Close()
	a.stop()
	a.nodes.Close()
	a.scheduler.Close()
	if err != nil {
		return fmt.Errorf("ending the ApplicationMaster: %w", err)
	}
	return nil
}
