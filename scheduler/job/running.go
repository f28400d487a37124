package job

import (
	"cmp"
	"fmt"
	"strconv"
)

// running decides about a job that is to run: first what has failed, then what is ready to be reset, decided or deployed, then
// whether all is done.
func (d *decision) running(j *Job) {
	if d.failures(j) {
		return
	}
	if j.State == Restarting {
		d.restarting(j)
	}
	t := d.timers(j)
	if j.Waiting.Needed > 0 && due(t.slots, d.now) {
		total, free := d.s.Slots()
		d.add(&JobFailing{j.ID, Cause{Time: d.now, Vertex: -1, Message: fmt.Sprintf(
			"no resources: the job waited %s for %d slots, of %d there are %d free: start more TaskManagers or lower the parallelism",
			seconds(j.Settings.SlotTimeout), j.Waiting.Needed, total, free)}})
		return
	}
	if j.allFinished() {
		d.add(d.end(j, Finished))
		return
	}
	d.broadcasts(j)
	for c, lanes := range j.lanes {
		if lanes == 0 {
			d.parallelism(j, c)
		}
	}
	d.deploy(j)
	d.stragglers(j)
	d.checkpoints(j)
}

func (j *Job) allFinished() bool {
	for v := range j.Vertices {
		if !j.Vertices[v].finished() {
			return false
		}
	}
	return j.live() == 0
}

// failures restarts what has failed or was lost, or fails the job. It tells whether there was something.
func (d *decision) failures(j *Job) bool {
	trouble := j.troubled
	for v := range j.Vertices {
		trouble = trouble || j.Vertices[v].count[TaskFailed] > 0 || j.Vertices[v].lost > 0
	}
	if !trouble {
		return false
	}
	regions, cause, found := j.toRestart(j.Settings.FullFailover || d.o.unhosted(d.s, j))
	if !found {
		return false
	}
	if cause.Time == 0 {
		cause.Time = d.now
	}
	history, again := j.Settings.Restart.Next(j.Restart, j.State == Restarting, d.now, d.s.Seed^uint64(j.Number))
	if !again || j.exhausted() {
		d.add(&JobFailing{j.ID, cause})
		return true
	}
	runs := regions.runs()
	if len(runs) > maxLaneRuns { // stop more rather than write more
		runs = widen(runs)
	}
	d.add(&RegionsRestarted{j.ID, runs, cause, history})
	return true
}

// exhausted tells whether a task that has failed has done so too often.
func (j *Job) exhausted() bool {
	most := j.Settings.TaskFailures
	if most == 0 {
		return false
	}
	for v := range j.Vertices {
		if j.Vertices[v].count[TaskFailed] == 0 {
			continue
		}
		for i := range j.Vertices[v].Subtasks {
			if t := &j.Vertices[v].Subtasks[i]; t.State == TaskFailed && int(t.Failures) >= most {
				return true
			}
		}
	}
	return false
}

// maxLaneRuns keeps a RegionsRestarted within an entry.
const maxLaneRuns = 4096

// widen makes one run of lanes per component.
func widen(runs []Lanes) []Lanes {
	var all []Lanes
	for _, r := range runs {
		if k := len(all) - 1; k >= 0 && all[k].Component == r.Component {
			all[k].To = r.To
		} else {
			all = append(all, r)
		}
	}
	return all
}

// end makes the command that ends a job.
func (d *decision) end(j *Job, state JobState) *JobEnded {
	e := &JobEnded{Job: j.ID, State: state, Application: j.Application, Execute: j.Execute, Program: j.Program}
	if cause, ok := j.RootCause(); ok && state == Failed {
		e.Error = cause.Message
	}
	if state == Finished {
		e.Collected = j.Collected()
	}
	return e
}

// Collected is what the program has collected so far.
func (j *Job) Collected() (all []Collected) {
	for v := range j.Vertices {
		if node := j.Plan.Vertices[v].Collects; node != 0 && len(j.Vertices[v].Subtasks) == 1 && len(j.Vertices[v].Subtasks[0].Result) > 0 {
			all = append(all, Collected{node, Digest(j.Vertices[v].Subtasks[0].Result)})
		}
	}
	return all
}

func compareTasks(a, b Task) int {
	return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Vertex, b.Vertex), cmp.Compare(a.Subtask, b.Subtask))
}

func seconds(t Time) string { return strconv.FormatInt(int64(t/1000), 10) + " s" }
