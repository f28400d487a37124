package nomad

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/hashicorp/nomad/api"

	"github.com/leatproject/leat/resourcemanager"
)

// ahead is the generation of workers that no leader has asked for: whoever starts the JobManager knows that it will need them.
const ahead = 0

// isAhead tells whether a worker was dispatched by Ahead.
func isAhead(name string) bool {
	generation, _, _, _ := resourcemanager.ParseName(name)
	return generation == ahead
}

// Ahead dispatches workers while the JobManager starts, whose leader finds them. It returns their jobs. The Provider is used for
// nothing else.
func (p *Provider) Ahead(ctx context.Context, count int) (jobs []string, err error) {
	stop := context.AfterFunc(ctx, p.stop)
	defer stop()
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range count {
		all.Go(func() {
			if !p.enter() {
				return
			}
			job, _, failure := p.dispatch(resourcemanager.Worker{Name: resourcemanager.Name(ahead, 0, uint64(n+1)), Size: p.opt.Size})
			p.leave()
			mu.Lock()
			defer mu.Unlock()
			if err = errors.Join(err, failure); failure == nil {
				jobs = append(jobs, job)
			}
		})
	}
	all.Wait()
	return jobs, err
}

// Begun tells whether a worker's job has an allocation that runs or has ended: then its node has fetched what it runs.
func (s *Spec) Begun(ctx context.Context, client *api.Client, job string) (bool, error) {
	all, _, err := client.Jobs().Allocations(job, true, s.query(ctx))
	begun := slices.ContainsFunc(all, func(a *api.AllocationListStub) bool { return a.ClientStatus != api.AllocClientStatusPending })
	return begun, err
}
