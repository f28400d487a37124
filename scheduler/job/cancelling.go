package job

// cancelling ends a job as CANCELED when none of its tasks is live, and as FINISHED if it was stopped with a savepoint that was
// not to cancel it.
func (d *decision) cancelling(j *Job) {
	if j.stopped() && !j.Checkpoints.Final.Cancel {
		d.unwind(j, Finished)
		return
	}
	d.unwind(j, Canceled)
}

// stopped tells whether a savepoint has ended the job. What that has decided on is committed when no task is live.
func (j *Job) stopped() bool { return j.Checkpoints.Final != nil }
