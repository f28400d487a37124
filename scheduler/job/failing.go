package job

// failing ends a job as FAILED when none of its tasks is live.
func (d *decision) failing(j *Job) {
	if j.live() == 0 {
		d.add(d.end(j, Failed))
	}
}
