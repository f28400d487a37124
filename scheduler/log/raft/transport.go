package raft

import "github.com/hashicorp/raft"

// transport sends what the library wants to send, except that a follower is told of no commit beyond the entries that the request is
// about (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", figure 2: "index of last new entry").
//
// The library reads the commit index when it sends, and how many entries to send before it has waited for a member that did not
// answer. A follower that then gets no entries, and itself has others that were never committed, would apply those.
type transport struct{ *raft.NetworkTransport }

// AppendEntries implements raft.Transport.
func (t transport) AppendEntries(id raft.ServerID, target raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	return t.NetworkTransport.AppendEntries(id, target, bounded(args), resp)
}

// bounded is the request with a commit index of at most its last entry.
func bounded(args *raft.AppendEntriesRequest) *raft.AppendEntriesRequest {
	last := args.PrevLogEntry + uint64(len(args.Entries))
	if args.LeaderCommitIndex <= last {
		return args
	}
	b := *args
	b.LeaderCommitIndex = last
	return &b
}
