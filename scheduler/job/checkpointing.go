package job

import (
	"fmt"

	"github.com/leatproject/leat/scheduler/checkpoints"
)

// checkpointing is what a leader knows of the checkpoints of a job beside the log. A new leader knows nothing, gives up what is
// pending, and tells everybody again of the newest complete one.
type checkpointing struct {
	// host has the job's coordinators; 0 while nobody is known to.
	host  TM
	round *checkpoints.Round // of the pending one, if this leader has begun it
	at    map[TM][]checkpoints.Task
	// finished are the tasks that had ended before it began.
	finished []checkpoints.Task
	heard    map[TM]bool
	parts    []CheckpointReport
}

// CheckpointReport is what a worker has to say of a pending checkpoint, once: all that it has written for it, or why it could not.
type CheckpointReport struct {
	Job ID
	ID  int64
	// Tasks are those that have taken part. Coordinators tells that the state of the job's coordinators is in Part as well.
	Tasks        []checkpoints.Task
	Coordinators bool
	// Part is the worker's share of the metadata, encoded; Details is what is shown of it. Nothing here looks into them.
	Part    []byte
	Details any
	Cause   string
}

// CheckpointOrder is what a TaskManager is told of the checkpoints of a job.
type CheckpointOrder struct {
	Job ID
	// Trigger is the one to begin, if any: told again until the worker has reported.
	Trigger *checkpoints.Pending
	// Host tells that the worker saves the coordinators too; Finished are the tasks that have ended before.
	Host     bool
	Finished []checkpoints.Task
	// Complete is the newest complete one, with which all before it count; Abandoned was given up. 0 for none.
	Complete, Abandoned int64
}

// told is the last that a TaskManager was told of a job's checkpoints.
type told struct{ triggered, complete int64 }

// Acknowledged is a pending checkpoint that all have acknowledged.
type Acknowledged struct {
	Job     ID
	Pending checkpoints.Pending
	Parts   []CheckpointReport
	// Finished are the tasks that had ended before it began.
	Finished []checkpoints.Task
	Subtasks int
}

// Checkpointed tells whether a job's state is saved and restored. Regions that fail begin with the newest checkpoint then, while the
// others go on; but all begin anew when the coordinators do, who know what has happened since.
func (j *Job) Checkpointed() bool { return j.Settings.Checkpoints.On }

// rewind notes that tasks begin anew, from the newest checkpoint; the pending one is in vain.
func (j *Job) rewind(cause string, at Time) {
	if j.Checkpointed() {
		j.Checkpoints.Restart(cause, checkpoints.Time(at))
	}
}

// checkpoints decides about the checkpoints of a job that runs.
func (d *decision) checkpoints(j *Job) {
	if !j.takesCheckpoints() {
		return
	}
	a := d.o.next(j, d.now)
	switch a.Do {
	case checkpoints.Reserve:
		d.add(&CheckpointReserved{j.ID, a.ID})
	case checkpoints.Finish:
		d.add(&CheckpointCompleted{j.ID, a.Record})
	case checkpoints.Abort:
		drained := j.Checkpoints.Pending.Drain
		d.add(&CheckpointAborted{j.ID, a.ID, a.Cause[:min(len(a.Cause), maxMessage)], a.Counts})
		if drained {
			d.add(&JobTroubled{j.ID, Cause{Time: d.now, Vertex: -1, Message: "event time has ended for a savepoint that was not taken: " + a.Cause}})
		}
	case checkpoints.Drop:
		d.add(&CheckpointDropped{j.ID, a.ID})
	case checkpoints.GiveUp:
		d.add(&JobTroubled{j.ID, Cause{Time: d.now, Vertex: -1, Message: a.Cause}})
	}
}

// AllRunning tells whether all tasks run that have not finished, and some do.
func (j *Job) AllRunning() bool {
	for _, v := range j.progress() {
		if v.Subtasks == 0 || v.Running+v.Finished < v.Subtasks {
			return false
		}
	}
	return j.Running() > 0
}

// Running counts the tasks that run, but for a commit.
func (j *Job) Running() (n int) {
	for _, v := range j.progress() {
		n += v.Running
	}
	return n
}

func (j *Job) takesCheckpoints() bool { return j.Checkpointed() && j.State == Running && !j.troubled }

// next is what is to be done about a job's checkpoints.
func (o *Observations) next(j *Job, now Time) checkpoints.Action {
	var round *checkpoints.Round
	obstacle := "nobody hosts the coordinators"
	if c, ok := o.checkpoints.get(j.ID); ok {
		round = c.round
		if c.host != 0 {
			obstacle = checkpoints.Obstacle(&j.Settings.Checkpoints, j.progress())
		}
	}
	return checkpoints.Decide(&j.Settings.Checkpoints, &j.Checkpoints, round, obstacle, checkpoints.Time(now))
}

// progress is what an Obstacle may be in: the vertices but for the commit.
func (j *Job) progress() []checkpoints.Vertex {
	all := make([]checkpoints.Vertex, 0, len(j.Vertices))
	for v := range j.Vertices {
		if j.commits(v) {
			continue
		}
		x := checkpoints.Vertex{Subtasks: len(j.Vertices[v].Subtasks), Running: j.Vertices[v].Count(TaskRunning), Finished: j.Vertices[v].Count(TaskFinished)}
		for _, e := range j.Plan.Vertices[v].Edges {
			x.Inputs = append(x.Inputs, e.From)
		}
		all = append(all, x)
	}
	return all
}

// follow keeps up with what the log says of a job's checkpoints, and returns when something is due about them.
func (o *Observations) follow(s *State, j *Job, now Time) (wake Time) {
	if !j.Checkpointed() || j.State.Terminal() {
		o.checkpoints.remove(j.ID)
		return 0
	}
	c := o.checkpointing(j.ID)
	switch p := j.Checkpoints.Pending; {
	case p == nil || p.Term != s.Term:
		*c = checkpointing{host: c.host}
	case c.round == nil || c.round.ID != p.ID:
		c.begin(j, p.ID)
	}
	if !j.takesCheckpoints() {
		return 0
	}
	if a := o.next(j, now); a.Do == checkpoints.Wait {
		return Time(a.At)
	}
	return now
}

// unhosted tells whether the coordinators of a job with checkpoints are lost, or nobody is known to have them.
func (o *Observations) unhosted(s *State, j *Job) bool {
	if !j.Checkpointed() {
		return false
	}
	c, ok := o.checkpoints.get(j.ID)
	if !ok || c.host == 0 {
		return true
	}
	_, lives := s.tms.get(c.host)
	return !lives
}

func (o *Observations) checkpointing(id ID) *checkpointing {
	c, ok := o.checkpoints.get(id)
	if !ok {
		c = &checkpointing{}
		o.checkpoints.put(id, c)
	}
	return c
}

func (c *checkpointing) begin(j *Job, id int64) {
	*c = checkpointing{host: c.host, at: map[TM][]checkpoints.Task{}, heard: map[TM]bool{}}
	var tasks []checkpoints.Task
	for v := range j.Vertices {
		for i := range j.Vertices[v].Subtasks {
			x := checkpoints.Task{Vertex: v, Subtask: i}
			switch t := &j.Vertices[v].Subtasks[i]; {
			case j.commits(v):
			case t.State == TaskFinished:
				c.finished = append(c.finished, x)
			default:
				tasks = append(tasks, x)
				c.at[t.TM] = append(c.at[t.TM], x)
			}
		}
	}
	c.round = checkpoints.NewRound(id, tasks)
}

// acknowledged takes what a worker says of a pending checkpoint.
func (o *Observations) acknowledged(tm TM, r *CheckpointReport) {
	c, ok := o.checkpoints.get(r.Job)
	if !ok || c.round == nil || c.round.ID != r.ID || c.heard[tm] {
		return
	}
	c.heard[tm] = true
	o.dirty.put(r.Job, struct{}{})
	if r.Cause != "" {
		c.round.Fail(r.Cause)
		return
	}
	for _, t := range r.Tasks {
		c.round.Acknowledge(t)
	}
	if r.Coordinators && tm == c.host {
		c.round.Coordinators = false
	}
	for _, t := range c.at[tm] {
		if c.round.AwaitsTask(t) {
			c.round.Miss(fmt.Sprintf("sub-task %d of vertex %d has ended before its barrier came", t.Subtask, t.Vertex))
		}
	}
	c.parts = append(c.parts, *r)
}

// Hosted tells who has the coordinators of a job, as a TaskManager has said or was told; 0 that nobody does.
func (o *Observations) Hosted(s *State, id ID, host TM, now Time) {
	j, ok := s.jobs.get(id)
	if !ok || !j.Checkpointed() {
		return
	}
	if c := o.checkpointing(id); c.host != host {
		c.host = host
		o.arm(s, j, now)
	}
}

// Acknowledged returns, once each, the pending checkpoints whose metadata is to be written now: Written tells when it is.
func (o *Observations) Acknowledged(s *State) (all []Acknowledged) {
	for id, c := range o.checkpoints.all {
		j, ok := s.jobs.get(id)
		if !ok || c.round == nil || j.Checkpoints.Pending == nil || j.Checkpoints.Pending.ID != c.round.ID || !c.round.Write() {
			continue
		}
		all = append(all, Acknowledged{id, *j.Checkpoints.Pending, c.parts, c.finished, c.round.Tasks})
		c.parts = nil
	}
	return all
}

// Written tells that the metadata of a pending checkpoint is durable, or why it is not. It is false if nobody waits for it any
// more: what was written belongs to nothing.
func (o *Observations) Written(id ID, record checkpoints.Record, err error) bool {
	c, ok := o.checkpoints.get(id)
	if !ok || c.round == nil || c.round.ID != record.ID {
		return false
	}
	if err != nil {
		c.round.Fail(err.Error())
	} else {
		c.round.Written(record)
	}
	o.dirty.put(id, struct{}{})
	return true
}

// checkpoints orders what a TaskManager has to do about checkpoints.
func (m *maker) checkpoints(tm *TaskManager) {
	for id := range m.t.told {
		if _, ok := m.o.checkpoints.get(id); !ok {
			delete(m.t.told, id)
		}
	}
	for id, c := range m.o.checkpoints.all {
		j, ok := m.s.jobs.get(id)
		if !ok || c.host != tm.Number && !tm.owns(id) {
			continue
		}
		was := m.t.told[id]
		now := was
		o := CheckpointOrder{Job: id}
		if j.State == Running {
			now.complete = max(was.complete, j.Checkpoints.Latest)
		}
		p := j.Checkpoints.Pending
		if awaited := c.round != nil && p != nil && p.ID == c.round.ID && (len(c.at[tm.Number]) > 0 || c.host == tm.Number); awaited {
			now.triggered = p.ID
			if !c.heard[tm.Number] && m.sent(Task{id, -1, 0}, int32(p.ID), false) {
				o.Trigger, o.Host, o.Complete = p, c.host == tm.Number, now.complete
				if o.Host {
					o.Finished = c.finished
				}
			}
		} else if was.triggered > 0 {
			if was.triggered != now.complete {
				o.Abandoned = was.triggered
			}
			now.triggered = 0
		}
		if now.complete > was.complete {
			o.Complete = now.complete
		}
		if m.t.told[id] = now; o.Trigger != nil || o.Complete > 0 || o.Abandoned > 0 {
			m.order.Checkpoints = append(m.order.Checkpoints, o)
		}
	}
}

// owns tells whether a job has a slot of a TaskManager.
func (t *TaskManager) owns(id ID) bool {
	for i := range t.Slots {
		if t.Slots[i].Job == id {
			return true
		}
	}
	return false
}
