// Package backfill runs a program once for each interval of a span of time: the days that a scheduled job has to catch up with, or
// last night alone. It knows nothing of jobs and clusters: what a run is, its caller says.
//
//	interval.go  Range: which intervals there are, by the calendar of a time zone; what they put into arguments
//	ledger.go    Ledger: which runs have begun and how they have ended, as files that are written once
//	lock.go      that nobody else runs the same backfill meanwhile
//	run.go       Plan, which is a pure function, and Run
//	summary.go   what has come of it, in one line and an exit code
//
// An interval is [start, end) and is known by these alone, so a second call finds what the first has finished whatever the
// arguments are. One that has failed, or whose process has died, is run again by the next call; one that has succeeded is not.
// Nothing is run that has not ended yet by the calendar.
//
// Start reading at Run.
package backfill
