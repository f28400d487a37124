// Package jobmanager is the JobManager's process around the pure decisions of scheduler/job: it listens, proposes, carries out.
//
// One goroutine, Run, owns everything that changes. While the member leads it takes what TaskManagers report, waits until
// 10 ms have passed since the last round or 1,000 observations have come, and then makes a round: it asks job.Decide until
// nothing is left to decide, proposes each answer to the log, and sends what job.Observations.Orders wants said over the
// streams of the TaskManagers. Timers come from Observations.Wake. Nothing that a leader knows beside the log outlives its
// term: a new one learns from what TaskManagers say when they connect.
//
//	machine.go      the replicated state, changed only by the log
//	leader.go       terms and rounds
//	session.go      one TaskManager's stream
//	coordinator.go  who hosts a job's coordinators
//	submit.go       jobs come in; settings.go reads their configuration
//	checkpoints.go  metadata is written, old checkpoints are removed; history.go shows them
//	applications.go drivers of programs, run by the leader as Drivers can
//	schedules.go    applications that are run again and again
//	blobs.go        programs and submissions, in package blob; what nothing refers to is removed
//	members.go      the other members, package replication: how they are found and agree
//	workers.go      workers asked for and given back, by a resourcemanager.Provider
//	logs.go         log files of TaskManagers
//	from_rpc.go, to_rpc.go  between package rpc and package job
//
// Promises: a submission that was acknowledged is in the log. A TaskManager whose connection breaks and that does not come back
// within Options.Reconnect is given up at once, one that is silent after its lease. When Run has returned, no goroutine of it
// is left.
//
// Start reading at JobManager.Run.
package jobmanager
