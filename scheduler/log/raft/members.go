package raft

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/raft"
	"github.com/leatproject/leat/scheduler/log"
)

// ErrRefused says that a change of the members was not made because it would do harm.
var ErrRefused = errors.New("the members are not changed")

// Status is a member and whether it answers.
type Status struct {
	Member
	Answers bool
}

// Members returns the members as this one knows them.
func (l *Log) Members() ([]Member, error) {
	f := l.raft.GetConfiguration()
	if err := f.Error(); err != nil {
		return nil, fmt.Errorf("members of the cluster: %w", err)
	}
	return membersOf(f.Configuration()), nil
}

// Ask asks the members whether they are there. One that hangs takes two seconds.
func (l *Log) Ask() ([]Status, error) {
	members, err := l.Members()
	if err != nil {
		return nil, err
	}
	all := make([]Status, len(members))
	var asked sync.WaitGroup
	for i, m := range members {
		all[i] = Status{m, m.ID == l.opt.ID}
		if !all[i].Answers {
			asked.Go(func() {
				id, err := l.stream.ask(m.Address)
				all[i].Answers = err == nil && id == m.ID
			})
		}
	}
	asked.Wait()
	return all, nil
}

func membersOf(c raft.Configuration) (all []Member) {
	for _, s := range c.Servers {
		all = append(all, Member{string(s.ID), string(s.Address)})
	}
	return all
}

// Add makes the JobManager at an address a member, or gives a member that has moved there its new address. It must be running:
// one that is not would count as a member that is down. Only the leader can.
func (l *Log) Add(ctx context.Context, address string) (m Member, err error) {
	all, err := l.Ask()
	if err != nil {
		return m, err
	}
	id, err := l.stream.ask(address)
	if err != nil {
		return m, fmt.Errorf("%w: %w; start it first, with this cluster's secret, id and storage, then add it", ErrRefused, err)
	}
	m = Member{id, address}
	known := false
	for _, x := range all {
		switch {
		case x.Member == m:
			return m, fmt.Errorf("%w: %s is one already", ErrRefused, address)
		case x.Address == address:
			return m, fmt.Errorf("%w: %s was there before and is not any more: remove it first", ErrRefused, x.ID)
		case x.ID == id:
			known = true
		case !x.Answers && !known:
			err = fmt.Errorf("%w: %s does not answer: remove a dead member before its replacement is added, or a majority is harder to have", ErrRefused, x.ID)
		}
	}
	if err != nil && !known {
		return m, err
	}
	return m, l.changed(ctx, l.raft.AddVoter(raft.ServerID(id), raft.ServerAddress(address), 0, enqueueTimeout))
}

// Remove ends the membership of a member, unless those that remain would have no majority. Only the leader can; one that
// removes itself stops leading.
func (l *Log) Remove(ctx context.Context, id string) error {
	all, err := l.Ask()
	if err != nil {
		return err
	}
	found, rest, answer := false, 0, 0
	for _, x := range all {
		if x.ID == id {
			found = true
			continue
		}
		rest++
		if x.Answers {
			answer++
		}
	}
	switch {
	case !found:
		return fmt.Errorf("%w: %s is none", ErrRefused, id)
	case rest == 0:
		return fmt.Errorf("%w: %s is the last one", ErrRefused, id)
	case answer <= rest/2:
		return fmt.Errorf("%w: of the %d that would remain only %d answer, which is no majority: remove those first that are dead, or start them", ErrRefused, rest, answer)
	}
	return l.changed(ctx, l.raft.RemoveServer(raft.ServerID(id), 0, enqueueTimeout))
}

func (l *Log) changed(ctx context.Context, f raft.IndexFuture) error {
	if err := l.wait(ctx, f); err != nil {
		return l.failure(err)
	}
	return nil
}

// Transfer hands leadership to another member, which must be caught up. It returns when that one leads, or has not.
func (l *Log) Transfer(ctx context.Context, to Member) error {
	if err := l.wait(ctx, l.raft.LeadershipTransferToServer(raft.ServerID(to.ID), raft.ServerAddress(to.Address))); err != nil {
		return fmt.Errorf("hand leadership to %s: %w", to.ID, err)
	}
	return nil
}

// configured is called by Raft when a change of the members was committed.
func (l *Log) configured() {
	select {
	case l.members <- struct{}{}:
	default:
	}
}

// tellMembers says who the members are when that has changed. One that is removed may not learn that this was committed: its
// leader is gone by then.
func (l *Log) tellMembers() {
	all, err := l.Members()
	if err != nil || slices.Equal(all, l.told) {
		return
	}
	l.told = all
	var ids []string
	for _, m := range all {
		ids = append(ids, m.ID)
	}
	if slices.Contains(ids, l.opt.ID) {
		l.opt.Logger.Info("members of the cluster", "members", ids)
	} else {
		l.opt.Logger.Warn("this JobManager is no member of the cluster any more: stop it, or add it again", "members", ids)
	}
}

var _ log.Log = (*Log)(nil)
