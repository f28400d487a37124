package nomad

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/leatproject/leat/resourcemanager"
)

// callLimit is how long one call of Nomad may take, refusalHolds how long a refusal stands for further requests of that size.
const (
	callLimit    = 15 * time.Second
	refusalHolds = 10 * time.Second
)

// registry is which jobs are known to be registered as this process wants them.
type registry struct {
	mu    sync.Mutex
	known map[string]bool
}

// epoch is of a leader that names workers.
type epoch struct{ generation, term uint64 }

func (e epoch) after(o epoch) bool {
	return e.generation > o.generation || e.generation == o.generation && e.term > o.term
}

// place dispatches a worker, again and again while that may succeed and it is still wanted.
func (p *Provider) place(w resourcemanager.Worker) {
	var wait time.Duration
	for p.enter() {
		child, created, err := p.dispatch(w)
		p.leave()
		if p.placed(w, child, created, err) || !p.pause(&wait) {
			return
		}
	}
}

// placed takes in the answer to a dispatch; false if it is to be tried again.
func (p *Provider) placed(w resourcemanager.Worker, child string, created uint64, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	have := p.workers[w.Name]
	switch {
	case have == nil: // released meanwhile
		if err == nil {
			p.running.Go(func() { p.halt(child) })
		} // a job that came to be in spite of an error is found by compare
		return true
	case have.child != "" && err != nil: // compare or an event was faster
		return true
	case err == nil:
		have.child, have.created = child, created
		p.children[child] = w.Name
		p.opt.Logger.Info("nomad: worker asked for", "worker", w.Name, "job", child)
		return true
	case errors.Is(err, resourcemanager.ErrRefused):
		p.refused[p.opt.Spec.JobID(w.Size)] = refusal{err, time.Now().Add(refusalHolds)}
		p.remove(w.Name)
		p.losses.Tell(w.Name, err.Error())
		return true
	case p.ctx.Err() == nil:
		p.opt.Logger.Warn("nomad: a worker could not be asked for; trying again", "worker", w.Name, "error", Said(err))
	}
	return false
}

// dispatch starts a worker and returns its job. Nomad starts none if that worker runs already.
func (p *Provider) dispatch(w resourcemanager.Worker) (child string, created uint64, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, callLimit)
	defer cancel()
	id, err := p.register(ctx, w.Size)
	if err != nil {
		return "", 0, err
	}
	write := p.opt.Spec.write(ctx)
	write.IdempotencyToken = p.opt.Spec.Cluster + "/" + w.Name
	answer, _, err := p.opt.Client.Jobs().Dispatch(id, map[string]string{MetaWorker: w.Name}, nil, w.Name, write)
	switch {
	case err == nil:
		return answer.DispatchedJobID, answer.JobCreateIndex, nil
	case Denied(err):
		return "", 0, fmt.Errorf("%w: Nomad's token has no right to dispatch job %s: %s; give it the capability dispatch-job in the namespace", resourcemanager.ErrRefused, id, Said(err))
	case Absent(err): // somebody has removed it
		p.jobs.forget(id)
		return "", 0, fmt.Errorf("dispatching job %s: %w", id, err)
	case final(err):
		return "", 0, fmt.Errorf("%w: Nomad does not dispatch job %s: %s", resourcemanager.ErrRefused, id, Said(err))
	}
	return "", 0, fmt.Errorf("dispatching job %s: %w", id, err)
}

func (r *registry) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, id)
}

// register has the job for workers of a size there, and the secret that its tasks read, and returns its id.
func (p *Provider) register(ctx context.Context, size resourcemanager.Size) (string, error) {
	id := p.opt.Spec.JobID(size)
	p.jobs.mu.Lock()
	defer p.jobs.mu.Unlock()
	if p.jobs.known[id] {
		return id, nil
	}
	if err := p.publish(ctx, id); err != nil {
		return "", err
	}
	_, _, err := p.opt.Client.Jobs().Register(p.opt.Spec.Job(size), p.opt.Spec.write(ctx))
	if Denied(err) {
		err = p.registered(ctx, id, err)
	} else if final(err) {
		err = fmt.Errorf("%w: Nomad does not accept job %s: %s", resourcemanager.ErrRefused, id, Said(err))
	}
	if err != nil {
		return "", fmt.Errorf("registering job %s: %w", id, err)
	}
	p.jobs.known[id] = true
	return id, nil
}

// registered makes do with a job that somebody else has registered, as the token may not.
func (p *Provider) registered(ctx context.Context, id string, denied error) error {
	j, _, err := p.opt.Client.Jobs().Info(id, p.opt.Spec.query(ctx))
	switch {
	case Absent(err), err == nil && (!j.IsParameterized() || j.Meta[MetaCluster] != p.opt.Spec.Cluster || j.Stop != nil && *j.Stop):
		return fmt.Errorf("%w: Nomad's token has no right to register job %s, and it is not there: %s; give the token the capability submit-job in the namespace, or register that job",
			resourcemanager.ErrRefused, id, Said(denied))
	case Denied(err):
		return fmt.Errorf("%w: Nomad's token may neither register nor read job %s: %s; give it the capabilities submit-job and read-job in the namespace",
			resourcemanager.ErrRefused, id, Said(denied))
	}
	return err
}

// publish writes the cluster's secret to where tasks of a job, and nobody without rights, can read it.
func (p *Provider) publish(ctx context.Context, job string) error {
	if !p.opt.Spec.Secret {
		return nil
	}
	v := api.NewVariable(variablePath(job))
	v.Items[secretItem] = string(p.opt.Secret.Bytes())
	maps.Copy(v.Items, p.opt.Items)
	_, _, err := p.opt.Client.Variables().Update(v, p.opt.Spec.write(ctx))
	switch {
	case err == nil:
		return nil
	case final(err):
		return fmt.Errorf("%w: Nomad's token has no right to write the variable %s with the cluster's secret: %s; give it variables { path \"nomad/jobs/leat-*\" { capabilities = [\"write\"] } } in the namespace",
			resourcemanager.ErrRefused, v.Path, Said(err))
	}
	return fmt.Errorf("writing the variable %s: %w", v.Path, err)
}
