package jobmanager

import (
	"context"
	"errors"
	"time"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/scheduler/job"
)

// lostWorker is the news of a Provider.
type lostWorker = resourcemanager.Loss

// workers are those that this leader has asked for or found.
type workers struct {
	asked map[string]time.Time // not registered yet, and since when
	ours  map[string]bool      // all that the Provider has started
	idle  map[string]time.Time // without tasks, and since when
	next  uint64
}

// askAgain is how long a worker may take to register before it counts as lost.
const askAgain = 5 * time.Minute

func newWorkers() workers {
	return workers{asked: map[string]time.Time{}, ours: map[string]bool{}, idle: map[string]time.Time{}}
}

// losses hands on what the Provider tells until ctx ends.
func (m *JobManager) losses(ctx context.Context) <-chan lostWorker {
	out := make(chan lostWorker)
	m.help.Go(func() {
		for {
			select {
			case l, ok := <-m.opt.Provider.Lost():
				if !ok {
					return
				}
				select {
				case out <- l:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	})
	return out
}

// findWorkers takes over what an earlier leader has asked for.
func (m *JobManager) findWorkers(ctx context.Context) {
	if m.opt.Provider == nil || !m.opt.Provider.Elastic() {
		return
	}
	found, err := m.opt.Provider.Found(ctx)
	if err != nil {
		m.opt.Logger.Warn("workers of the leader before could not be found", "error", err)
	}
	for _, w := range found {
		m.leader.workers.ours[w.Name], m.leader.workers.asked[w.Name] = true, m.opt.Clock.Now()
	}
}

// workerLost gives up a worker that its Provider knows to be gone.
func (m *JobManager) workerLost(loss lostWorker) {
	l := m.leader
	if l == nil {
		return
	}
	delete(l.workers.ours, loss.Name)
	delete(l.workers.asked, loss.Name)
	delete(l.workers.idle, loss.Name)
	m.opt.Logger.Warn("worker lost", "worker", loss.Name, "cause", loss.Cause)
	m.View(func(s *job.State) {
		if t, ok := s.Registered(loss.Name); ok {
			l.observations.Disconnected(t.Number, loss.Cause)
		}
	})
	m.observe()
}

// balanceWorkers asks for workers when slots are wanted, and gives back those that have been idle.
func (m *JobManager) balanceWorkers(ctx context.Context, l *leader) {
	p := m.opt.Provider
	if p == nil || !p.Elastic() {
		return
	}
	now, w, wanted := m.opt.Clock.Now(), &l.workers, 0
	var release []string
	m.View(func(s *job.State) {
		wanted = s.SlotsWanted()
		for t := range s.TaskManagers {
			delete(w.asked, t.Resource)
			if !w.ours[t.Resource] || inUse(t) {
				delete(w.idle, t.Resource)
			} else if since, ok := w.idle[t.Resource]; !ok {
				w.idle[t.Resource] = now
			} else if wanted == 0 && now.Sub(since) >= m.opt.WorkerIdle {
				release = append(release, t.Resource)
			}
		}
	})
	for name, since := range w.asked {
		if now.Sub(since) > askAgain {
			release = append(release, name)
		}
	}
	for _, name := range release {
		if err := p.Release(ctx, name); err != nil {
			m.opt.Logger.Warn("worker was not given back", "worker", name, "error", err)
			continue
		}
		delete(w.asked, name)
		delete(w.ours, name)
		delete(w.idle, name)
	}
	slots := max(1, m.opt.WorkerSize.Slots)
	for len(w.asked)*slots < wanted {
		w.next++
		x := resourcemanager.Worker{Name: resourcemanager.Name(l.generation, l.term, w.next), Size: m.opt.WorkerSize}
		if err := p.Request(ctx, x); err != nil {
			m.opt.Logger.Warn("no worker was started", "error", err, "again", errors.Is(err, resourcemanager.ErrBusy))
			return
		}
		w.asked[x.Name], w.ours[x.Name] = now, true
	}
}

// inUse tells whether a job owns a slot of a TaskManager.
func inUse(t *job.TaskManager) bool {
	for i := range t.Slots {
		if t.Slots[i].Job != "" || len(t.Slots[i].Tasks) > 0 {
			return true
		}
	}
	return false
}
