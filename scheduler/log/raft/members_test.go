package raft_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/leatproject/leat/scheduler/log"
	"github.com/leatproject/leat/scheduler/log/logtest"
	"github.com/leatproject/leat/scheduler/log/raft"
	"github.com/stretchr/testify/require"
)

// Changes that would do harm are refused, and change nothing.
func TestMembersAreRefused(t *testing.T) {
	c := newCluster(t)
	leader := c.leader()
	l, ctx := c.logs[leader], context.Background()
	dead, other := (leader+1)%3, (leader+2)%3
	require.NoError(t, c.logs[dead].Close())
	require.ErrorIs(t, l.Remove(ctx, "nobody"), raft.ErrRefused)
	require.ErrorContains(t, l.Remove(ctx, c.members[other].ID), "no majority")
	_, err := l.Add(ctx, "host9")
	require.ErrorContains(t, err, "start it first")
	_, err = l.Add(ctx, c.members[other].Address)
	require.ErrorContains(t, err, "one already")
	open(t, c.network, t.TempDir(), raft.Member{ID: "m3", Address: "host3"}, nil, new(logtest.Machine))
	_, err = l.Add(ctx, "host3")
	require.ErrorContains(t, err, "remove a dead member")
	all, err := l.Members()
	require.NoError(t, err)
	require.ElementsMatch(t, c.members, all)
}

// However many entries there are, the files stay small.
func TestFilesStayFew(t *testing.T) {
	n, dir, me := newNetwork(), t.TempDir(), raft.Member{ID: "a", Address: "a:1"}
	l := open(t, n, dir, me, []raft.Member{me}, new(forgetful))
	logtest.Lead(t, l)
	for range 2000 {
		_, err := l.Propose(context.Background(), make([]byte, 1000))
		require.NoError(t, err)
	}
	size := int64(0)
	require.NoError(t, filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			size += info.Size()
		}
		return nil
	}))
	require.Less(t, size, int64(1500<<10))
}

// forgetful is a machine without a state.
type forgetful struct{}

func (*forgetful) Apply(uint64, []byte) ([]byte, error) { return nil, nil }
func (*forgetful) Snapshot() []byte                     { return nil }
func (*forgetful) Restore([]byte) error                 { return nil }

var _ log.Machine = (*forgetful)(nil)
