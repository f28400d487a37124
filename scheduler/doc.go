// Package scheduler runs jobs: it expands a JobGraph into tasks, starts them, watches them and ends them together.
//
// Local is the one-process form: every task of the job is a goroutine of this process, connected by in-memory channels.
// The first failure cancels the others; what sinks have prepared is committed only when every task has finished.
//
// Start reading at Local.Run.
package scheduler
