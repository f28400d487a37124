package jobmanager

import (
	"context"
	"errors"
	"time"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/scheduler/checkpoints"
	"github.com/leatproject/leat/scheduler/job"
)

// lostWorker is the news of a Provider.
type lostWorker = resourcemanager.Loss

// workers are those that this leader has asked for or found.
type workers struct {
	asked map[string]time.Time // not registered yet, and since when
	ours  map[string]bool      // all that the Provider has started
	idle  map[string]time.Time // without tasks, and since when
	soon  map[string]string    // why they will be taken away, if that is known
	over  map[string]bool      // that the Provider has given up, or that were given back to it: they may run all the same
	next  uint64
}

// askAgain is how long a worker may take to register before it counts as lost.
const askAgain = 5 * time.Minute

// unread is how long a worker is kept at least while nobody has read what its last job has printed: who waits for the job does.
const unread = 10 * time.Second

func newWorkers() workers {
	return workers{asked: map[string]time.Time{}, ours: map[string]bool{}, idle: map[string]time.Time{}, soon: map[string]string{}, over: map[string]bool{}}
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

// findWorkers takes over what an earlier leader has asked for, or somebody for this one.
func (m *JobManager) findWorkers(ctx context.Context) {
	if m.opt.Provider == nil || !m.opt.Provider.Elastic() {
		return
	}
	found, err := m.opt.Provider.Found(ctx)
	if err != nil {
		m.opt.Logger.Warn("workers of the leader before could not be found", "error", err)
	}
	l := m.leader
	for _, w := range found {
		l.workers.ours[w.Name], l.workers.asked[w.Name] = true, m.opt.Clock.Now()
		if generation, term, n, ok := resourcemanager.ParseName(w.Name); ok && generation == l.generation && term == l.term {
			l.workers.next = max(l.workers.next, n) // no name is used twice
		}
	}
	fresh := true
	m.View(func(s *job.State) {
		for range s.Jobs {
			fresh = false
			break
		}
	})
	if fresh {
		m.requestWorkers(ctx, l, m.opt.FirstWorkers)
	}
}

// workerLost gives up a worker that its Provider knows to be gone, and sends it away if it runs all the same, as on a node that is
// cut off from its cluster.
func (m *JobManager) workerLost(ctx context.Context, loss lostWorker) {
	l := m.leader
	if l == nil {
		return
	}
	if loss.Soon {
		m.workerLeaves(ctx, l, loss)
		return
	}
	m.opt.Logger.Warn("worker lost", "worker", loss.Name, "cause", loss.Cause)
	m.forgo(l, loss.Name, loss.Cause)
}

// forgo has nothing more run on a worker, whether or not it still lives.
func (m *JobManager) forgo(l *leader, name, cause string) {
	delete(l.workers.ours, name)
	delete(l.workers.asked, name)
	delete(l.workers.idle, name)
	l.workers.over[name] = true
	if s := l.sessions[name]; s != nil {
		m.dismiss(s)
	}
	m.View(func(s *job.State) {
		if t, ok := s.Registered(name); ok {
			l.observations.Disconnected(t.Number, cause)
		}
	})
	m.observe()
}

// workerLeaves has the jobs on a worker that will be taken away checkpointed, so that little is done again. If nothing runs on it, it
// is given back.
func (m *JobManager) workerLeaves(ctx context.Context, l *leader, loss lostWorker) {
	m.opt.Logger.Warn("worker will be lost", "worker", loss.Name, "cause", loss.Cause)
	l.workers.idle[loss.Name], l.workers.soon[loss.Name] = time.Time{}, loss.Cause
	var asks []job.Command
	m.View(func(s *job.State) {
		t, ok := s.Registered(loss.Name)
		if !ok {
			return
		}
		on := map[job.ID]bool{}
		for _, slot := range t.Slots {
			j, ok := s.Job(slot.Job)
			if ok && !on[j.ID] && j.State == job.Running && j.Settings.Checkpoints.Interval > 0 {
				on[j.ID] = true
				asks = append(asks, &job.CheckpointAsked{Job: j.ID, Request: checkpoints.Request{Name: "before " + loss.Name + " is lost"}})
			}
		}
	})
	if len(asks) == 0 {
		m.observe()
		return
	}
	if err := m.command(ctx, asks...); err != nil {
		m.opt.Logger.Warn("no checkpoint before a worker is lost", "worker", loss.Name, "error", err)
	}
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
			session := l.sessions[t.Resource]
			if !w.ours[t.Resource] || inUse(t) {
				delete(w.idle, t.Resource)
				if session != nil {
					session.read = false
				}
				continue
			}
			patience := m.opt.WorkerIdle
			if session != nil && !session.read {
				patience = max(patience, unread)
			}
			if since, ok := w.idle[t.Resource]; !ok {
				w.idle[t.Resource] = now
				if session != nil {
					session.read = false // what was read while the job ran may not be all
				}
			} else if wanted == 0 && now.Sub(since) >= patience {
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
		m.forgo(l, name, "the worker was given back")
	}
	slots := max(1, m.opt.WorkerSize.Slots)
	m.requestWorkers(ctx, l, (wanted+slots-1)/slots)
}

// requestWorkers asks for workers until as many are on their way.
func (m *JobManager) requestWorkers(ctx context.Context, l *leader, count int) {
	for w := &l.workers; len(w.asked) < count; {
		w.next++
		x := resourcemanager.Worker{Name: resourcemanager.Name(l.generation, l.term, w.next), Size: m.opt.WorkerSize}
		if err := m.opt.Provider.Request(ctx, x); err != nil {
			m.opt.Logger.Warn("no worker was started", "error", err, "again", errors.Is(err, resourcemanager.ErrBusy))
			return
		}
		w.asked[x.Name], w.ours[x.Name] = m.opt.Clock.Now(), true
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
