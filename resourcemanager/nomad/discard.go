package nomad

import (
	"context"
	"time"

	"github.com/hashicorp/nomad/api"
)

// lastTry is how long Close waits for a stop that Nomad has not heard yet.
const lastTry = 3 * time.Second

// discard has a worker stopped by its job, without waiting for it.
func (p *Provider) discard(child string) {
	if !p.closed {
		p.running.Go(func() { p.halt(child) })
	}
}

// halt stops a worker by its job, again and again until Nomad has heard it.
func (p *Provider) halt(child string) {
	var wait time.Duration
	for p.enter() {
		err := p.end(p.ctx, callLimit, child)
		p.leave()
		if err == nil {
			return
		}
		if p.ctx.Err() == nil {
			p.opt.Logger.Warn("nomad: a worker could not be stopped; trying again", "job", child, "error", Said(err))
		}
		if Denied(err) { // rights may be given, yet not at once
			wait = longestPause
		}
		if !p.pause(&wait) {
			break
		}
	}
	if err := p.end(context.WithoutCancel(p.ctx), lastTry, child); err != nil {
		p.opt.Logger.Warn("nomad: a worker was not stopped; it will end itself when it finds its cluster gone", "job", child, "error", Said(err))
	}
}

// end stops a worker's job, in the way that the token has rights for. One that is gone is no error.
func (p *Provider) end(ctx context.Context, limit time.Duration, child string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	write := p.opt.Spec.write(ctx)
	_, _, err := p.opt.Client.Jobs().Deregister(child, false, write)
	if Denied(err) {
		_, _, err = p.opt.Client.Jobs().Scale(child, groupName, new(0), "worker released", false, nil, write)
	}
	if Absent(err) {
		return nil
	}
	return err
}

// Remove stops all workers of a cluster and removes their jobs and the secret: for the end of a cluster, and for what a cluster
// has left behind. Of spec only id, region and namespace count. It returns how many jobs it has removed.
func Remove(ctx context.Context, client *api.Client, spec *Spec) (int, error) {
	return remove(ctx, client, spec, false)
}

// Purge is Remove after which Nomad knows nothing of these workers any more: for a cluster that is to have the id of another.
func Purge(ctx context.Context, client *api.Client, spec *Spec) error {
	_, err := remove(ctx, client, spec, true)
	return err
}

func remove(ctx context.Context, client *api.Client, spec *Spec, purge bool) (int, error) {
	jobs, _, err := list(ctx, client, spec)
	if err != nil {
		return 0, err
	}
	write, removed := spec.write(ctx), 0
	for _, children := range []bool{false, true} { // parents first, so that nobody dispatches more
		for _, j := range jobs {
			if (j.ParentID != "") != children || j.Stop && !purge {
				continue
			}
			if _, _, err := client.Jobs().Deregister(j.ID, purge, write); err != nil && !Absent(err) {
				return removed, err
			}
			removed++
			if children {
				continue
			}
			if _, err := client.Variables().Delete(variablePath(j.ID), write); err != nil && !Absent(err) && !Denied(err) {
				return removed, err
			}
		}
	}
	return removed, nil
}
