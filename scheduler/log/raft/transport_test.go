package raft

import (
	"testing"

	"github.com/hashicorp/raft"
	"github.com/stretchr/testify/require"
)

// TestCommitIsOfWhatIsSent: a follower never hears that more is committed than what the request says it has.
func TestCommitIsOfWhatIsSent(t *testing.T) {
	entries := []*raft.Log{{Index: 8}, {Index: 9}}
	for _, c := range []struct {
		previous, commit, want uint64
		entries                []*raft.Log
	}{
		{previous: 7, commit: 5, want: 5, entries: entries},
		{previous: 7, commit: 9, want: 9, entries: entries},
		{previous: 7, commit: 12, want: 9, entries: entries},
		{previous: 7, commit: 7, want: 7},
		{previous: 7, commit: 8, want: 7}, // the follower's own entry 8 may be another
		{previous: 0, commit: 0, want: 0}, // a sign of life
	} {
		args := &raft.AppendEntriesRequest{Term: 3, PrevLogEntry: c.previous, LeaderCommitIndex: c.commit, Entries: c.entries}
		sent := bounded(args)
		require.Equal(t, c.want, sent.LeaderCommitIndex, "%+v", c)
		require.Equal(t, c.commit, args.LeaderCommitIndex, "the library's own is left alone")
		sent.LeaderCommitIndex = c.commit
		require.Equal(t, args, sent)
	}
}
