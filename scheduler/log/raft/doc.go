// Package raft is the replicated form of scheduler/log: three or five members that agree by Raft (hashicorp/raft), entries and
// votes in one bbolt file each, snapshots beside it. It outlives the loss of a minority of its members.
//
// Time-outs are those of a cluster in one place: 300 ms without a leader begin an election, a leader that has not heard of a
// majority for 200 ms steps down. Connections are made by the caller's listener and dialer, so that they are as secure as it
// makes them. Members are added, removed and given new addresses while the cluster runs; a dead member is removed before its
// replacement is added, or three members would count as four.
//
// Start reading at Open.
package raft
