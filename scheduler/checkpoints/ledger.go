package checkpoints

import "slices"

// Kind is what a checkpoint is for.
type Kind uint8

// The kinds.
const (
	Checkpoint Kind = iota // for restarts of the job
	Savepoint              // belongs to who asked for it
)

var kindNames = [...]string{"CHECKPOINT", "SAVEPOINT"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "UNKNOWN"
}

// Request is somebody's wish for a checkpoint.
type Request struct {
	// Name is what its outcome is found by; empty for those at intervals.
	Name string
	Kind Kind
	// Directory is where a savepoint goes.
	Directory string
	// Stop ends the job when it is complete, with Drain after the end of event time, with Cancel as one that was cancelled.
	Stop, Drain, Cancel bool
	// Tries counts those that were given up by nobody's fault.
	Tries int
}

// Pending is the checkpoint that is being taken.
type Pending struct {
	ID int64
	Request
	Triggered Time
	// Term is that of the leader who has the Round.
	Term uint64
}

// Record is a complete checkpoint or savepoint.
type Record struct {
	ID int64
	Request
	// Path is the directory of its metadata.
	Path                 string
	Triggered, Completed Time
	// Size is the state that it consists of, Written what of that was written for it, in bytes; Subtasks are those that took part.
	Size, Written int64
	Subtasks      int
	// Processed is the bytes of rows that were processed while barriers were awaited, Persisted those of the rows that are in it.
	Processed, Persisted int64
	// Metadata is the bytes of the metadata itself.
	Metadata int64
}

// Restored is what the tasks that run now have begun with.
type Restored struct {
	ID   int64
	Kind Kind
	Path string
	At   Time
	// Claimed tells that its files belong to the job, which removes them when it has enough checkpoints of its own.
	Claimed bool
	// Cancel tells that the job was cancelled with it.
	Cancel bool
}

// Ledger is what must not be forgotten of a job's checkpoints. Its methods change nothing when they return false.
type Ledger struct {
	// Reserved is the highest id given out.
	Reserved int64
	Pending  *Pending
	Requests []Request
	// Complete are those that are kept, in ascending order.
	Complete []Record
	// Initial is what the job was submitted with.
	Initial *Restored
	// Final is the savepoint that the job was stopped with: no checkpoint follows it.
	Final *Restored
	// Restored is nil as long as the job has begun with nothing.
	Restored *Restored
	// Latest is the newest with which output is committed: a complete checkpoint, or the savepoint that the job was stopped with.
	// Another savepoint commits nothing, since it may be restored from elsewhere.
	Latest int64
	// Failures counts those in a row that have failed.
	Failures int
	// Completions, Defeats and Restores count over the life of the job.
	Completions, Defeats, Restores int64
	// Triggered is when the newest began, or the job if none has; Ended is when the last one ended, 0 for never.
	Triggered, Ended Time
	// Outcomes are the latest of requests that have a name.
	Outcomes []Outcome
}

// Outcome is what came of a Request: a complete Record, or a failure if Cause is set, of which Completed is the time.
type Outcome struct {
	Record
	Cause string
}

// maxOutcomes and maxRequests bound what is remembered for those who ask.
const (
	maxOutcomes = 16
	maxRequests = 16
)

// Ask notes a wish.
func (l *Ledger) Ask(r Request) bool {
	if len(l.Requests) >= maxRequests || slices.ContainsFunc(l.Requests, func(o Request) bool { return o.Name == r.Name }) {
		return false
	}
	l.Requests = append(l.Requests, r)
	return true
}

// Reserve gives out an id for the checkpoint that begins now: for the first Request, or at an interval.
func (l *Ledger) Reserve(id int64, term uint64, at Time) bool {
	if id <= l.Reserved || l.Pending != nil {
		return false
	}
	p := &Pending{ID: id, Triggered: at, Term: term}
	if len(l.Requests) > 0 {
		p.Request, l.Requests = l.Requests[0], slices.Clone(l.Requests[1:])
	}
	l.Reserved, l.Pending, l.Triggered = id, p, at
	return true
}

// Finish notes that the pending checkpoint is complete: its metadata is durable.
func (l *Ledger) Finish(r Record) bool {
	if l.Pending == nil || l.Pending.ID != r.ID {
		return false
	}
	r.Request, r.Triggered = l.Pending.Request, l.Pending.Triggered
	l.end(r.Completed)
	l.Failures = 0
	l.Completions++
	l.outcome(Outcome{Record: r})
	if r.Kind == Checkpoint || r.Stop {
		l.Latest = r.ID
	}
	if r.Stop {
		l.Final = &Restored{ID: r.ID, Kind: r.Kind, Path: r.Path, Cancel: r.Cancel}
	}
	if r.Kind == Checkpoint {
		l.Complete = append(l.Complete, r)
	}
	return true
}

// maxTries bounds how often a Request is tried that nobody's fault has ended.
const maxTries = 10

// Abort gives the pending checkpoint up. It counts as a failure of the job's if it failed by itself; otherwise a Request of it is tried
// again.
func (l *Ledger) Abort(id int64, cause string, counts bool, at Time) bool {
	if l.Pending == nil || l.Pending.ID != id {
		return false
	}
	if r := l.Pending.Request; r.Name != "" && !counts && r.Tries < maxTries {
		r.Tries++
		l.Requests = append([]Request{r}, l.Requests...)
	} else {
		l.outcome(Outcome{Record{ID: id, Request: r, Triggered: l.Pending.Triggered, Completed: at}, cause})
	}
	l.end(at)
	l.Defeats++
	if counts {
		l.Failures++
	}
	return true
}

func (l *Ledger) end(at Time) { l.Pending, l.Ended = nil, at }

func (l *Ledger) outcome(o Outcome) {
	if o.Name == "" {
		return
	}
	l.Outcomes = append(l.Outcomes, o)
	if n := len(l.Outcomes) - maxOutcomes; n > 0 {
		l.Outcomes = slices.Clone(l.Outcomes[n:])
	}
}

// Drop forgets a complete checkpoint. The newest one stays.
func (l *Ledger) Drop(id int64) bool {
	i := slices.IndexFunc(l.Complete, func(r Record) bool { return r.ID == id })
	if i < 0 || i == len(l.Complete)-1 {
		return false
	}
	l.Complete = slices.Delete(slices.Clone(l.Complete), i, i+1)
	return true
}

// Newest is what tasks that begin now restore their state from.
func (l *Ledger) Newest() (Restored, bool) {
	if l.Final != nil {
		return *l.Final, true
	}
	if n := len(l.Complete); n > 0 {
		r := l.Complete[n-1]
		return Restored{ID: r.ID, Kind: r.Kind, Path: r.Path}, true
	}
	if l.Initial != nil {
		return *l.Initial, true
	}
	return Restored{}, false
}

// Restart gives up what is pending, since tasks begin anew, and notes what with.
func (l *Ledger) Restart(cause string, at Time) {
	if l.Pending != nil {
		l.Abort(l.Pending.ID, cause, false, at)
	}
	l.Failures = 0
	if r, ok := l.Newest(); ok {
		r.At = at
		l.Restored = &r
		l.Restores++
	}
}

// Close notes the end of the job: what is not retained is forgotten.
func (l *Ledger) Close(s *Settings, e Ending, at Time) {
	if l.Pending != nil {
		l.Abort(l.Pending.ID, "the job has ended", false, at)
	}
	for _, r := range l.Requests {
		l.outcome(Outcome{Record{Request: r, Completed: at}, "the job has ended"})
	}
	l.Requests = nil
	if !s.Retention.keeps(e) {
		l.Complete = nil
	}
}
