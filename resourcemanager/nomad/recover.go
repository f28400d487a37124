package nomad

import (
	"cmp"
	"context"
	"slices"

	"github.com/hashicorp/nomad/api"

	"github.com/leatproject/leat/resourcemanager"
)

// list returns the jobs of a cluster's workers and the index that the list is of.
func list(ctx context.Context, client *api.Client, spec *Spec) ([]*api.JobListStub, uint64, error) {
	query := spec.query(ctx)
	query.Prefix = prefix(spec.Cluster)
	all, meta, err := client.Jobs().ListOptions(&api.JobListOptions{Fields: &api.JobListFields{Meta: true}}, query)
	if err != nil {
		return nil, 0, err
	}
	ours := all[:0]
	for _, j := range all {
		if j.Meta[MetaCluster] == spec.Cluster {
			ours = append(ours, j)
		}
	}
	return ours, meta.LastIndex, nil
}

// over tells whether the one allocation that a worker's job may have has ended, as far as a list shows it.
func over(j *api.JobListStub) bool {
	if j.Stop || j.Status == "dead" {
		return true
	}
	if j.JobSummary != nil {
		s := j.JobSummary.Summary[groupName]
		return s.Complete+s.Failed+s.Lost+s.Unknown > 0
	}
	return false
}

// compare brings what is known in line with what Nomad lists, and returns the index of the list. adopt takes over workers that
// somebody else has asked for, as a new leader does.
func (p *Provider) compare(ctx context.Context, adopt bool) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	jobs, index, err := list(ctx, p.opt.Client, &p.opt.Spec)
	if err != nil {
		return 0, err
	}
	ended, there := p.sort(jobs, adopt), map[string]bool{}
	for _, j := range jobs {
		there[j.ID] = true
	}
	for _, child := range ended {
		p.inspect(ctx, child)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.adopted = p.adopted || adopt
	for name, w := range p.workers {
		if w.child != "" && !there[w.child] && w.created <= index {
			p.remove(name)
			p.losses.Tell(name, "worker is gone: Nomad does not know its job "+w.child+" any more; somebody has purged it")
		}
	}
	return index, nil
}

// sort takes in each job of a list and returns those whose workers are known here and have ended.
func (p *Provider) sort(jobs []*api.JobListStub, adopt bool) (ended []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, j := range jobs {
		name, ok := workerOf(j.ID)
		if !ok {
			continue
		}
		w := p.workers[name]
		switch {
		case w != nil && w.child == "":
			p.known(w, j.ID, j.CreateIndex)
			if over(j) {
				ended = append(ended, j.ID)
			}
		case w != nil && w.child == j.ID:
			if over(j) {
				ended = append(ended, j.ID)
			}
		case over(j):
			if w == nil && !p.gone[name] {
				p.gone[name], p.before[name] = true, true
			}
		case w != nil || p.gone[name] || p.orphan(name, adopt):
			p.gone[name] = p.gone[name] || w == nil
			p.opt.Logger.Info("nomad: a worker that nobody waits for is stopped", "worker", name, "job", j.ID)
			p.discard(j.ID)
		case adopt || isAhead(name):
			p.workers[name] = &worker{Worker: resourcemanager.Worker{Name: name, Size: sizeOf(j.Meta)}, child: j.ID, created: j.CreateIndex}
			p.children[j.ID] = name
			p.opt.Logger.Info("nomad: found a worker of another leader", "worker", name, "job", j.ID)
		}
	}
	return ended
}

// known notes the job of a worker that is being dispatched.
func (p *Provider) known(w *worker, child string, created uint64) {
	w.child, w.created = child, created
	p.children[child] = w.Name
}

// orphan tells whether a worker that is not known here, though all were taken over that there were, was asked for by a leader
// whose time is over: its request came late. One of a later leader is that one's.
func (p *Provider) orphan(name string, adopt bool) bool {
	generation, term, _, _ := resourcemanager.ParseName(name)
	return !adopt && p.adopted && generation != ahead && p.leading.after(epoch{generation, term})
}

// inspect looks why a worker has ended, and tells of it.
func (p *Provider) inspect(ctx context.Context, child string) {
	allocations, _, err := p.opt.Client.Jobs().Allocations(child, true, p.opt.Spec.query(ctx))
	if err != nil {
		p.opt.Logger.Warn("nomad: why a worker has ended cannot be seen", "job", child, "error", Said(err))
	}
	slices.SortFunc(allocations, func(a, b *api.AllocationListStub) int { return cmp.Compare(a.CreateIndex, b.CreateIndex) })
	cause := ""
	for _, a := range allocations { // the first is the worker; others would be what Nomad has put in its place
		if text, ended := Explain(a, p.opt.MemoryKey); ended && cause == "" {
			cause = text
		}
	}
	if cause == "" {
		cause = "worker was stopped in Nomad: its job " + child + " has ended"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended(child, cause, true)
}

// ended tells of the end of a worker, by its job. Where Nomad would put another in its place, the job is stopped.
func (p *Provider) ended(child, cause string, stop bool) {
	name, ok := p.children[child]
	if !ok {
		return
	}
	w := p.remove(name)
	cause = cmp.Or(w.cause, cause)
	if stop {
		p.discard(child)
	}
	p.losses.Tell(name, cause)
}
