// Package sink is the seam between the engine and what it writes.
//
// A Sink opens one Writer a sub-task and at most one Committer a job. A writer that has a committer makes nothing visible:
// it returns Committables (plain data: a hidden file and the name that it is to have), and the engine calls Commit once
// they are decided on: when all sub-tasks have finished, and in STREAMING also when a part is full or old enough (Roller).
// Commit is idempotent: what is committed already counts as done. Abort removes what will not be committed.
//
// Promises: a Writer is called by one goroutine at a time; blocking calls end when their context does; nothing that was
// not committed is visible to a reader that follows the naming rules (names beginning with . or _ are no output).
//
// Start reading at Sink.
package sink
