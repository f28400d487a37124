package yarn

import (
	"fmt"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/yarn/master"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
)

// Handle takes in what YARN tells; give it to the Master's Run.
func (p *Provider) Handle(e master.Events) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.NodeCount > 0 {
		p.blame.nodes = e.NodeCount
	}
	for _, c := range e.Recovered {
		p.recovered(c)
	}
	for _, c := range e.Allocated {
		p.allocated(c)
	}
	for _, r := range e.Refused {
		if name, ok := NameOf(r.ID); ok && p.remove(name) != nil {
			p.losses.Tell(name, fmt.Sprintf("no container: %v", r.Err))
		}
	}
	for _, x := range e.Preempting {
		if w := p.workers[p.containers[x.ID]]; w != nil && !w.preempting {
			w.preempting = true
			p.losses.Warn(w.Name, fmt.Sprintf("YARN wants its container back for another queue or application [%s]", x.ID))
		}
	}
	for _, s := range e.Ended {
		p.ended(s)
	}
	for _, n := range e.Nodes {
		p.node(n)
	}
}

// recovered takes over a container that an earlier attempt has started.
func (p *Provider) recovered(c *wire.Container) {
	if p.closed { // the next attempt's
		return
	}
	name, ok := NameOf(c.GetAllocationRequestId())
	if !ok || p.gone[name] || p.workers[name] != nil {
		p.opt.Master.Release(c.GetId())
		return
	}
	size := resourcemanager.Size{Slots: p.opt.Size.Slots, MemoryBytes: c.GetResource().GetMemory() << 20, MilliCPUs: int(c.GetResource().GetVirtualCores()) * 1000}
	p.workers[name] = &worker{Worker: resourcemanager.Worker{Name: name, Size: size}, id: c.GetAllocationRequestId(), container: c}
	p.containers[c.GetId().Text()] = name
	p.opt.Logger.Info("yarn: found a container of an earlier attempt", "worker", name, "container", c.GetId().Text(), "node", c.GetNodeId().Text())
}

// allocated starts the worker that the container was asked for.
func (p *Provider) allocated(c *wire.Container) {
	name, _ := NameOf(c.GetAllocationRequestId())
	w := p.workers[name]
	if w == nil || w.container != nil || p.closed {
		p.opt.Master.Release(c.GetId())
		return
	}
	w.container = c
	p.containers[c.GetId().Text()] = name
	asked := w.Worker
	p.running.Go(func() { p.start(asked, c) })
}

// start starts a worker in its container.
func (p *Provider) start(w resourcemanager.Worker, c *wire.Container) {
	select {
	case p.starts <- struct{}{}:
		defer func() { <-p.starts }()
	case <-p.ctx.Done():
		return
	}
	launch, err := p.opt.Launch(w, c)
	if err == nil {
		err = p.opt.Nodes.Start(p.ctx, c, launch)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	host := c.GetNodeId().GetHost()
	switch {
	case err == nil:
		p.blame.started(host)
		p.opt.Logger.Info("yarn: worker started", "worker", w.Name, "container", c.GetId().Text(), "node", c.GetNodeId().Text())
	case p.ctx.Err() != nil:
	case p.containers[c.GetId().Text()] == w.Name:
		p.remove(w.Name)
		p.opt.Master.Release(c.GetId())
		p.failedOn(host)
		p.losses.Tell(w.Name, fmt.Sprintf("container could not be started on %s: %v", host, err))
	}
}

// ended tells of a worker whose container has ended.
func (p *Provider) ended(s *wire.ContainerStatus) {
	name, ok := p.containers[s.GetContainerId().Text()]
	if !ok {
		return
	}
	w := p.remove(name)
	host := w.container.GetNodeId().GetHost()
	if code := s.GetExitStatus(); code == exitNotStarted || code == exitDisksFailed {
		p.failedOn(host)
	}
	cause := Explain(s, host, p.opt.MemoryKey)
	if w.preempting && s.GetExitStatus() != exitPreempted {
		cause += " (YARN wanted it back)"
	}
	p.losses.Tell(name, fmt.Sprintf("%s [%s]", cause, s.GetContainerId().Text()))
}

func (p *Provider) failedOn(host string) {
	if p.blame.failed(host) {
		p.opt.Logger.Warn("yarn: no more containers are wanted on a node where they do not start", "host", host)
		p.opt.Master.Avoid(host, true)
	}
}

// node takes in how a node is. Its containers' ends are told apart.
func (p *Provider) node(n *wire.NodeReport) {
	host := n.GetNodeId().GetHost()
	p.opt.Logger.Info("yarn: a node has changed", "node", n.GetNodeId().Text(), "state", n.GetNodeState().String(), "report", n.GetHealthReport())
	if n.GetNodeState() == wire.NodeState_NS_RUNNING && p.blame.usable(host) {
		p.opt.Master.Avoid(host, false)
	}
}
