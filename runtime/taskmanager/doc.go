// Package taskmanager is the supervisor of one machine's slots: it obeys the JobManager and keeps a worker for each job.
//
// A TaskManager owns slots, one data port, the captured output of its workers and a cache of programs; it runs no user code
// itself. What it is told and what it answers is the control protocol of package rpc; what happens inside a worker is package
// worker. A Launcher starts workers: as processes from the program's binary, or inside this process in application mode and
// in tests.
//
// Promises:
//
//   - Tasks do not notice a change of the leader: only another generation, or another number than before, ends them.
//   - Orders of an older leader are refused, whatever stream they come by.
//   - Every attempt it was given is reported until the leader has said that it may be forgotten: the death of a worker is the
//     failure of its attempts, with the exit status and the last lines of its stderr.
//   - Finished blocking outputs are served on the data port until the job ends, whatever becomes of the worker that has written
//     them; under another number or generation they are kept, and offered.
//   - Copies of state files that workers keep in the folders it gives them are there for the job's next worker, until the job ends.
//     They go with the process; what one that was killed has left behind goes when the next begins beside it (WorkDir).
//   - A worker that ignores a cancellation, uses more memory than its slots have, or hangs is killed, and the cause names it.
//   - When it ends, its workers end. When its cluster has been gone for ClusterTimeout, it ends.
//
// One goroutine, that of Run, owns all state; everything else posts to it. Start reading at Run, then orders.go.
package taskmanager
