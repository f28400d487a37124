package job

// cancelling ends a job as CANCELED when none of its tasks is live.
func (d *decision) cancelling(j *Job) { d.unwind(j, Canceled) }
