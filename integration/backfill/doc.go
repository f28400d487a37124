// Package backfill tests the verb leat backfill on processes: what is run, what a second call finds, and what cron is told.
package backfill
