package job

// cancelling ends a job as CANCELED when none of its tasks is live.
func (d *decision) cancelling(j *Job) {
	if j.live() == 0 {
		d.add(d.end(j, Canceled))
	}
}
