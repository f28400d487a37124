package nomad

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/nomad/api"
)

// warning is how long before Nomad stops the workers of a node that is drained they are told of: time for a checkpoint.
const warning = 30 * time.Second

// subscribe opens the event stream. A token that may not read nodes hears nothing of drains.
func (p *Provider) subscribe(ctx context.Context, from uint64) (<-chan *api.Events, error) {
	if !p.blind {
		all := maps.Clone(topics)
		all[api.TopicNode] = []string{"*"}
		stream, err := p.opt.Client.EventStream().Stream(ctx, all, from, p.opt.Spec.query(ctx))
		if !Denied(err) {
			return stream, err
		}
		p.blind = true
		p.opt.Logger.Info(`nomad: drains of nodes are not heard of beforehand: the token has no right to read nodes; give it node { policy = "read" }`)
	}
	return p.opt.Client.EventStream().Stream(ctx, topics, from, p.opt.Spec.query(ctx))
}

// drains warns of the workers on a node that is drained shortly before Nomad stops them: it lets batch jobs run until the deadline.
func (p *Provider) drains(ctx context.Context, n *api.Node) {
	if n.DrainStrategy == nil || n.DrainStrategy.ForceDeadline.IsZero() { // they stay for ever, or are stopped already
		return
	}
	deadline, names := n.DrainStrategy.ForceDeadline, p.workersOn(ctx, n.ID)
	if len(names) == 0 {
		return
	}
	p.running.Go(func() {
		timer := time.NewTimer(time.Until(deadline.Add(-warning)))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.ctx.Done():
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, name := range names {
			if p.workers[name] != nil {
				p.losses.Warn(name, fmt.Sprintf("node %s is being drained: Nomad stops what runs there at %s", n.Name, deadline.Format(time.TimeOnly)))
			}
		}
	})
}

// workersOn are the names of workers on a node.
func (p *Provider) workersOn(ctx context.Context, node string) (names []string) {
	p.mu.Lock()
	children := maps.Clone(p.children)
	p.mu.Unlock()
	for child, name := range children {
		all, _, err := p.opt.Client.Jobs().Allocations(child, true, p.opt.Spec.query(ctx))
		if err != nil {
			p.opt.Logger.Warn("nomad: where a worker runs cannot be seen", "worker", name, "error", Said(err))
		}
		for _, a := range all {
			if a.NodeID == node {
				names = append(names, name)
				break
			}
		}
	}
	return names
}
