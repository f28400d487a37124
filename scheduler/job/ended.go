package job

// ended forgets a job some time after its end.
func (d *decision) ended(j *Job) {
	if due(d.timers(j).forgetAt, d.now) {
		d.add(&JobRemoved{j.ID})
	}
}

// programs forgets programs that are old enough and that no job and no application needs. It is looked at with the jobs.
func (d *decision) programs() {
	for _, p := range d.s.programs.all {
		used := d.now-p.Added < d.o.opt.Expiry
		for _, j := range d.s.jobs.all {
			used = used || j.Program == p.Digest
		}
		for _, r := range d.s.results.all {
			used = used || r.Program == p.Digest
		}
		for _, a := range d.s.applications.all {
			used = used || a.Program == p.Digest && !a.State.Terminal()
		}
		for _, x := range d.s.schedules.all {
			used = used || x.Program == p.Digest
		}
		if !used {
			d.add(&ProgramRemoved{p.Digest})
		}
	}
}
