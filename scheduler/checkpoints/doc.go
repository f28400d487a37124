// Package checkpoints decides about the checkpoints of one job: when one begins, who must acknowledge it, when it counts, when
// it is given up, and which of the complete ones are kept. The scheduler of a local job and the leader of a cluster carry out
// the same decisions.
//
// It is pure: no I/O, clocks or goroutines. There are three parts.
//
//   - Ledger is what must not be forgotten: in a cluster it lies in the replicated log and changes only by its methods, each of
//     which refuses what does not fit. An id is reserved before anybody is told to begin, and never given out again. A
//     checkpoint is complete when its metadata is durable and the Ledger has taken it; its files may be deleted when
//     the Ledger does not name it any more.
//   - Round is what the one who triggers knows of the checkpoint that is being taken: who has acknowledged. Whoever takes over
//     has none, and gives up the checkpoint that is pending.
//   - Decide looks at both and at the time, and returns the next thing to do.
//
// # Savepoints
//
// A checkpoint that somebody asks for, rather than the interval, is a Request in the Ledger (Ledger.Ask). It begins as soon as no
// other is pending and nothing stands in its way, whatever MinPause says. Kind SAVEPOINT writes all state whole, into the
// Request's Directory, which has metadata and state files side by side; it is not restored from after a failure, nothing refers to
// its files, and so it is neither kept nor dropped here. Its Outcome is found under the Request's Name. Stop ends the job when it is
// complete, with Drain after event time has been moved to its end.
//
// Start reading at Decide.
package checkpoints
