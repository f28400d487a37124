package checkpoints

import "fmt"

// Do is what an Action asks for.
type Do uint8

// What can be done.
const (
	Wait    Do = iota // until Action.At, if that is not 0, or news
	Reserve           // Ledger.Reserve, then trigger
	Finish            // Ledger.Finish, then tell everybody
	Abort             // Ledger.Abort, then tell everybody
	Drop              // Ledger.Drop, then delete
	GiveUp            // fail the job
)

// Action is the next thing to do.
type Action struct {
	Do     Do
	ID     int64
	At     Time
	Record Record
	Cause  string
	Counts bool
}

// Decide returns the next thing to do about a job whose tasks run. round is that of the pending checkpoint, nil for somebody who
// has not begun it; obstacle is why none could begin now.
func Decide(s *Settings, l *Ledger, round *Round, obstacle string, now Time) Action {
	switch p := l.Pending; {
	case len(l.Complete) > max(1, s.Retained):
		return Action{Do: Drop, ID: l.Complete[0].ID}
	case l.Failures > s.Tolerable:
		return Action{Do: GiveUp, Cause: fmt.Sprintf("more checkpoints in a row have failed than execution.checkpointing.tolerable-failed-checkpoints allows (%d)", s.Tolerable)}
	case p == nil:
		return begin(s, l, obstacle, now)
	case round == nil || round.ID != p.ID:
		return Action{Do: Abort, ID: p.ID, Cause: "who has begun it does not lead any more"}
	case round.failed != "":
		return Action{Do: Abort, ID: p.ID, Cause: round.failed, Counts: round.counts}
	case round.written != nil:
		return Action{Do: Finish, ID: p.ID, Record: *round.written}
	case now >= p.Triggered+s.Timeout:
		return Action{Do: Abort, ID: p.ID, Counts: true, Cause: fmt.Sprintf("it was not complete after %d ms (execution.checkpointing.timeout): %s",
			s.Timeout, round.missing())}
	default:
		return Action{At: p.Triggered + s.Timeout}
	}
}

func (r *Round) missing() string {
	switch {
	case len(r.waiting) > 0:
		return fmt.Sprintf("%d of %d tasks have not acknowledged", len(r.waiting), r.Tasks)
	case r.Coordinators:
		return "the coordinators have not acknowledged"
	}
	return "its metadata was not written"
}

func begin(s *Settings, l *Ledger, obstacle string, now Time) Action {
	at, wanted := l.due(s, now)
	switch {
	case !wanted || obstacle != "":
		return Action{}
	case now < at:
		return Action{At: at}
	}
	return Action{Do: Reserve, ID: l.Reserved + 1}
}

// due is when the next checkpoint begins; wanted is false if none does.
func (l *Ledger) due(s *Settings, now Time) (at Time, wanted bool) {
	if len(l.Requests) > 0 {
		return now, true
	}
	if s.Interval <= 0 || l.Final != nil {
		return 0, false
	}
	at = l.Triggered + s.Interval
	if l.Ended > 0 {
		at = max(at, l.Ended+s.MinPause)
	}
	return at, true
}

// Vertex is what Obstacle looks at: how many sub-tasks there are, run and have finished, and the vertices that it reads.
type Vertex struct {
	Subtasks, Running, Finished int
	Inputs                      []int
}

// Obstacle is why no checkpoint can begin now, empty if one can. Vertices come after those that they read.
func Obstacle(s *Settings, vertices []Vertex) string {
	fed := make([]bool, len(vertices)) // whether barriers will come
	running := false
	for i, v := range vertices {
		switch {
		case v.Running+v.Finished < v.Subtasks || v.Subtasks == 0:
			return "not all tasks are running"
		case v.Finished > 0 && s.AllTasks:
			return "some tasks have finished (execution.checkpointing.checkpoints-after-tasks-finish is false)"
		}
		fed[i] = len(v.Inputs) == 0 && v.Running > 0
		for _, in := range v.Inputs {
			fed[i] = fed[i] || fed[in]
		}
		if v.Running > 0 && !fed[i] {
			return "some tasks have read all their input and are about to finish"
		}
		running = running || v.Running > 0
	}
	if !running {
		return "all tasks have finished"
	}
	return ""
}
