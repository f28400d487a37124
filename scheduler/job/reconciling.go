package job

// reconciling lets a job of a new generation go on when all its outputs have been offered again, or when those who might hold
// them have had a full lease to come.
func (d *decision) reconciling(j *Job) {
	lost := int32(0)
	for v := range j.Vertices {
		lost += j.Vertices[v].lost
	}
	if lost == 0 || due(d.timers(j).reconciled, d.now) {
		d.add(&JobReconciled{j.ID})
	}
}
