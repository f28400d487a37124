package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/jobmanager/replication"
	"github.com/leatproject/leat/scheduler/rest/messages"
)

// replicate has this JobManager agree with the others of its job on Nomad: one of them begins the cluster alone, and the others add
// themselves, as those do that Nomad puts in the place of one that is lost.
func (m *nomadMaster) replicate(h *head) {
	h.first = []string{ownControl(m.conf)}
	h.running = func(ctx context.Context) { m.keepMembership(ctx, h) }
}

// membersPeriod is how often a member looks whether there is a leader, and patienceForOthers how long there may be none before one
// that was never a member begins anew. Nomad has started it because others are gone, but they may be coming back.
const (
	membersPeriod     = 5 * time.Second
	patienceForOthers = time.Minute
)

var (
	errMembersLost   = errors.New("a majority of the cluster's JobManagers is lost: a new generation begins from what is in high-availability.storageDir")
	errNewGeneration = errors.New("the cluster's JobManagers have begun a new generation, which this one joins when it is started again")
)

// keepMembership makes this JobManager a member and sees to it that there is a leader again if a majority of the members is lost.
func (m *nomadMaster) keepMembership(ctx context.Context, h *head) {
	own := messages.Member{ID: h.joined.ID, Address: ownControl(m.conf)}
	led, silent, period := time.Now(), map[string]int{}, memberPeriod
	for ; ctx.Err() == nil; wait(ctx, period) {
		period = memberPeriod
		here, client, err := m.others()
		var all messages.Members
		if err == nil {
			all, err = ask(ctx, client)
		}
		if err != nil {
			if m.forsaken(ctx, h, here, time.Since(led)) {
				m.fail(errMembersLost)
				return
			}
			continue
		}
		led = time.Now()
		if all.Generation > h.joined.Generation {
			m.fail(errNewGeneration)
			return
		}
		c, member := joining(all, own, here, m.replicas, silent)
		if member {
			period = membersPeriod
		}
		for _, id := range c.remove {
			h.logger.Warn("a JobManager is lost, and this one takes its place", "member", id)
		}
		if err := c.apply(ctx, client, own.Address); err != nil && ctx.Err() == nil {
			h.logger.Info("the JobManagers of the cluster have not changed yet", "error", err)
		}
	}
}

// others returns the control addresses of JobManagers that Nomad's services name, and a client of them and this one.
func (m *nomadMaster) others() (here []string, client *rest.Client, err error) {
	if here, err = m.place.Masters(); err != nil {
		return nil, nil, err
	}
	all, err := m.place.Rest()
	if err != nil {
		return here, nil, err
	}
	client, err = clientOfApplication(m.conf, append([]string{m.rest}, all...), config.Get(m.conf, config.SecretFile))
	return here, client, err
}

// joining decides what one of so many JobManagers does by what the leader says, and tells whether it is a member. It becomes one
// where there is room, or in the place of a member that does not answer and that Nomad does not run any more. One more than are
// wanted waits: Nomad starts one when it has lost a node whose tasks may be running on. silent counts how often members have not
// answered, by their ids.
func joining(all messages.Members, own messages.Member, here []string, replicas int, silent map[string]int) (c change, member bool) {
	room := replicas - len(all.Members)
	for _, x := range all.Members {
		switch {
		case x.ID == own.ID && x.Address == own.Address:
			return change{}, true
		case x.ID == own.ID: // it has moved, with what it has agreed to
			return change{add: true}, false
		case x.Address == own.Address, !x.Answers && !slices.Contains(here, x.Address) && silent[x.ID] >= mostSilence:
			c.remove = append(c.remove, x.ID)
			room++
		}
		silent[x.ID]++
		if x.Answers {
			delete(silent, x.ID)
		}
	}
	c.add = room > 0
	return c, false
}

// forsaken begins a new generation if there will be no leader of this one any more. What is left of the old one ends by that.
func (m *nomadMaster) forsaken(ctx context.Context, h *head, here []string, since time.Duration) bool {
	if _, self := h.manager.Leader(); self || since < leaderless {
		return false
	}
	members, err := h.manager.Members()
	if err != nil || !stranded(members, here) && (len(members) > 0 || since < patienceForOthers || !first(here, ownControl(m.conf))) {
		return false
	}
	place, err := placeOf(ctx, m.conf)
	if err == nil {
		_, err = replication.Recover(ctx, place, replication.Raft, h.first)
	}
	if err != nil {
		h.logger.Warn("a majority of the cluster's JobManagers is lost, and a new generation does not begin", "error", err)
	}
	return err == nil
}

// first tells whether an address is the smallest: one begins, not all.
func first(here []string, own string) bool { return len(here) > 0 && slices.Min(here) == own }

// stranded tells whether the members that answer, or that Nomad still runs, are no majority.
func stranded(members []jobmanager.MemberStatus, here []string) bool {
	left := 0
	for _, x := range members {
		if x.Answers || slices.Contains(here, x.Control) {
			left++
		}
	}
	return len(members) > 0 && left <= len(members)/2
}

// checkReplicas refuses what cannot be replicated.
func checkReplicas(conf *config.Configuration) error {
	switch n := config.Get(conf, config.JobManagerReplicas); {
	case n%2 == 0:
		return wrongUsage("%s is %d: three can lose one, five can lose two; else set 1", config.JobManagerReplicas.Key, n)
	case n > 1 && config.Get(conf, config.HighAvailabilityDir) == "":
		return wrongUsage("%s is %d, which needs %s, a folder that all nodes reach", config.JobManagerReplicas.Key, n, config.HighAvailabilityDir.Key)
	}
	return nil
}
