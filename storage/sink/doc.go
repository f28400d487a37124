// Package sink is the seam between the engine and what it writes.
//
// A Sink opens one Writer a sub-task and at most one Committer a job. A writer that has a committer makes nothing visible:
// it returns Committables (plain data: a hidden file and the name that it is to have, a transaction and its keys), and the
// engine calls Commit once they are decided on: when a checkpoint is complete that has them, without checkpoints when all
// sub-tasks have finished, and in STREAMING also when a part is full or old enough (Roller). Commit is idempotent: what is
// committed already counts as done. Abort removes what will not be committed.
//
// A sink that writes exactly once to something with transactions is a TwoPhase sink:
//
//	Flush(end)  pre-commit, at the barrier of a checkpoint: all that was written is durable and can be committed by whoever has
//	            the committable, in another process and after this one is gone; what is written next goes elsewhere
//	Commit      when the checkpoint is complete. It may be called again, also long after it has succeeded (Recommitter)
//	Abort       when the job ends without that checkpoint
//	Close       of a writer: it takes back what was not flushed
//	Clean       what killed attempts of the job have left behind (Cleaner), or of one sub-task that begins anew alone (SubtaskCleaner)
//
// The committables are in the checkpoint. A job that begins again from it commits them first (Recommit), before any of its
// writers opens, and sub-tasks that begin again alone open theirs after that: so a writer may take back whatever it finds of
// earlier attempts of its sub-task. Names should carry job, sub-task and attempt
// (Env), so that an attempt that was given up and still runs meets no later one. A committable that is not committed by the
// next checkpoint is committed with that.
//
// Promises: a Writer is called by one goroutine at a time; blocking calls end when their context does; nothing that was
// not committed is visible to a reader that follows the naming rules (names beginning with . or _ are no output).
//
// Start reading at Sink.
package sink
