package job

// restarting ends the wait of a job's restarted regions when none of their tasks is live and the delay has passed. Other
// regions go on meanwhile.
func (d *decision) restarting(j *Job) {
	if j.in(TaskCanceling) == 0 && due(d.timers(j).restart, d.now) {
		d.add(&TasksReset{j.ID})
	}
}
