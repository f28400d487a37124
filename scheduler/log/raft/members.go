package raft

import (
	"context"
	"fmt"

	"github.com/hashicorp/raft"
	"github.com/leatproject/leat/scheduler/log"
)

// Members returns the members as this one knows them.
func (l *Log) Members() ([]Member, error) {
	f := l.raft.GetConfiguration()
	if err := f.Error(); err != nil {
		return nil, fmt.Errorf("members of the cluster: %w", err)
	}
	var all []Member
	for _, s := range f.Configuration().Servers {
		all = append(all, Member{string(s.ID), string(s.Address)})
	}
	return all, nil
}

// Add makes m a member, or gives it another address if it is one. Only the leader can.
func (l *Log) Add(ctx context.Context, m Member) error {
	return l.changed(ctx, l.raft.AddVoter(raft.ServerID(m.ID), raft.ServerAddress(m.Address), 0, enqueueTimeout))
}

// Remove ends the membership of a member. Only the leader can.
func (l *Log) Remove(ctx context.Context, id string) error {
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

var _ log.Log = (*Log)(nil)
