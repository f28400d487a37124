package jobmanager

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/log"
)

// leader is what a member knows while it leads.
type leader struct {
	generation, term uint64
	observations     *job.Observations
	sessions         map[string]*session // by resource
	numbers          map[job.TM]*session // welcomed
	hosts            map[job.ID]host     // of coordinators
	ended            map[job.ID]string   // coordinators that have ended since the last round, and why
	storage          storage
	inherited        map[job.ID]bool // jobs that are older than the term
	workers          workers
	retry            time.Time                     // when to try again what the log had no room for
	masters          []string                      // that TaskManagers were told of
	drivers          map[string]context.CancelFunc // by application
}

// decisions is how often a round asks Decide before it lets others speak.
const decisions = 100

// retryAfter is how long a round waits when the log could not take its entry.
const retryAfter = time.Second

// follow begins or ends a term when the log says so.
func (m *JobManager) follow(ctx context.Context) {
	l := m.log.Leadership()
	if l.Over != nil {
		m.failed = fmt.Errorf("this JobManager is over: %w", l.Over)
		return
	}
	if m.leader != nil && (!l.Leading || l.Term != m.leader.term) {
		m.opt.Logger.Warn("leadership lost", "term", m.leader.term, "leader", l.Leader)
		m.stepDown()
	}
	switch {
	case m.leader != nil || !l.Leading:
	case m.opt.Clock.Now().Before(m.again):
		m.arm(m.again)
	default:
		m.elect(ctx, l.Term)
	}
}

// elect begins a term.
func (m *JobManager) elect(ctx context.Context, term uint64) {
	generation := m.opt.Generation
	m.View(func(s *job.State) { generation = max(generation, s.Generation) })
	l := &leader{generation: generation, term: term, sessions: map[string]*session{}, numbers: map[job.TM]*session{},
		hosts: map[job.ID]host{}, ended: map[job.ID]string{}, storage: newStorage(), inherited: map[job.ID]bool{}, workers: newWorkers(), drivers: map[string]context.CancelFunc{}}
	m.machine.lead(true)
	if err := m.propose(ctx, l, &job.LeaderElected{Generation: generation, Term: term, Leader: m.opt.Member.text()}); err != nil {
		m.machine.lead(false)
		m.opt.Logger.Warn("leadership could not be taken up", "term", term, "error", err)
		m.again = m.opt.Clock.Now().Add(retryAfter)
		m.arm(m.again)
		return
	}
	m.View(func(s *job.State) {
		l.observations = job.NewObservations(s, m.opt.leader(), m.Now())
		for j := range s.Jobs {
			l.inherited[j.ID] = true
			if j.State.Terminal() { // whose files the leader before may not have removed
				l.storage.ended = append(l.storage.ended, j.ID)
			}
		}
	})
	m.leader, m.dirty = l, true
	m.opt.Logger.Info("leading", "generation", generation, "term", term)
	m.findWorkers(ctx)
}

// stepDown ends a term: TaskManagers are sent away to look for the next leader.
func (m *JobManager) stepDown() {
	l := m.leader
	if l == nil {
		return
	}
	m.leader = nil
	m.machine.lead(false)
	m.figures.Clear()
	m.history.clear()
	for _, stop := range l.drivers { // the next leader runs them again
		stop()
	}
	leadership := m.log.Leadership()
	for _, s := range l.sessions {
		s.say(&rpc.Down{Message: &rpc.Down_Redirect{Redirect: m.redirect(leadership)}})
		s.end(nil)
	}
}

func (m *JobManager) redirect(l log.Leadership) *rpc.Redirect {
	r := &rpc.Redirect{Masters: m.masters()}
	if !l.Leading {
		m.View(func(s *job.State) { r.Leader = memberOf(s.Leader).Control })
	}
	if r.Leader == m.opt.Member.Control {
		r.Leader = ""
	}
	return r
}

// propose adds commands to the log and takes what they have touched. After ErrNotLeader nothing of the leader may be used.
func (m *JobManager) propose(ctx context.Context, l *leader, commands ...job.Command) error {
	entries, err := job.Entry{Generation: l.generation, Term: l.term, Time: m.Now(), Commands: commands}.Split()
	if err != nil {
		return err
	}
	for _, e := range entries {
		_, err := m.log.Propose(context.WithoutCancel(ctx), e)
		stale := m.absorb(l)
		switch {
		case errors.Is(err, log.ErrFenced), errors.Is(err, log.ErrClosed):
			m.failed = fmt.Errorf("the log cannot go on: %w", err)
			return m.resign(l, err)
		case errors.Is(err, log.ErrNotLeader), errors.Is(err, log.ErrUnknown):
			return m.resign(l, err)
		case err != nil:
			return err
		case stale:
			return m.resign(l, log.ErrNotLeader)
		}
	}
	return nil
}

// resign gives up a term whose entries the log does not take any more.
func (m *JobManager) resign(l *leader, cause error) error {
	if m.leader == l {
		m.opt.Logger.Warn("leadership lost", "term", l.term, "error", cause)
		m.stepDown()
		m.again = m.opt.Clock.Now().Add(retryAfter)
	}
	return fmt.Errorf("%w: %w", ErrNotLeader, cause)
}

// absorb tells the observations what was applied.
func (m *JobManager) absorb(l *leader) (stale bool) {
	effects := m.machine.take()
	if l.observations == nil {
		return false
	}
	m.View(func(s *job.State) {
		for _, e := range effects {
			stale = stale || e.Stale
			l.observations.Applied(s, e, m.Now())
			for _, fact := range e.Facts {
				m.history.applied(s, fact)
			}
		}
	})
	for _, e := range effects {
		for _, id := range e.Ended {
			m.figures.End(string(id))
			delete(l.hosts, id)
			l.storage.ended = append(l.storage.ended, id)
		}
		for _, fact := range e.Facts {
			if removed, ok := fact.(*job.JobRemoved); ok {
				m.figures.Remove(string(removed.Job))
			}
		}
	}
	return stale
}

// maybeRound makes a round when one is due, and sees to it that the next will be.
func (m *JobManager) maybeRound(ctx context.Context) {
	for m.leader != nil {
		due, ok := m.nextRound(m.leader)
		if !ok {
			return
		}
		if m.opt.Clock.Now().Before(due) {
			m.arm(due)
			return
		}
		m.round(ctx, m.leader)
	}
}

// nextRound is when the next round is due, if one is.
func (m *JobManager) nextRound(l *leader) (due time.Time, ok bool) {
	due = m.rounded.Add(m.opt.Round)
	if !m.dirty {
		wake := l.observations.Wake()
		if wake == 0 {
			return due, false
		}
		if soonest := m.rounded.Add(time.Millisecond); soonest.After(due) {
			due = soonest // the time of a restart may have come before all tasks are cancelled
		}
		if at := time.UnixMilli(int64(wake)); at.After(due) {
			due = at
		}
	} else if m.observed >= roundLimit {
		due = m.rounded
	}
	if l.retry.After(due) {
		due = l.retry
	}
	return due, true
}

// round decides until nothing is left, then says what has to be said.
func (m *JobManager) round(ctx context.Context, l *leader) {
	m.rounded, m.observed, m.dirty = m.opt.Clock.Now(), 0, false
	if err := m.lookAfterHosts(ctx, l); err != nil {
		return
	}
	for i := 0; ; i++ {
		var commands []job.Command
		m.View(func(s *job.State) { commands = job.Decide(s, l.observations, m.Now()) })
		if len(commands) == 0 {
			l.observations.Decided(nil)
			break
		}
		if err := m.propose(ctx, l, commands...); err != nil {
			if m.leader == l {
				m.opt.Logger.Error("the log took no entry", "error", err)
				m.dirty, l.retry = true, m.opt.Clock.Now().Add(retryAfter)
			}
			return
		}
		l.observations.Decided(commands)
		if i == decisions {
			m.dirty = true
			break
		}
	}
	m.welcome(l)
	m.order(ctx, l)
	m.keepCheckpoints(ctx, l)
	m.balanceWorkers(ctx, l)
	m.drive(ctx, l)
}

// arm wakes Run at a time. Only the last call counts.
func (m *JobManager) arm(at time.Time) {
	m.disarm()
	m.disarm = m.opt.Clock.AfterFunc(max(0, at.Sub(m.opt.Clock.Now())), func() {
		select {
		case m.alarm <- struct{}{}:
		default:
		}
	})
}

// observe notes that something was fed to the observations.
func (m *JobManager) observe() { m.observed, m.dirty = m.observed+1, true }
