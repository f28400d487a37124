package checkpoints

// Task names a sub-task of a vertex.
type Task struct{ Vertex, Subtask int }

// Round is a checkpoint while it is being taken: who has not acknowledged it yet.
type Round struct {
	ID int64
	// Coordinators tells that the state of the coordinators is still to come.
	Coordinators bool
	// Tasks is how many take part.
	Tasks int

	waiting map[Task]bool
	failed  string
	counts  bool
	writing bool
	written *Record
}

// NewRound begins the round of a checkpoint in which the given tasks, and the coordinators of their operators, take part.
func NewRound(id int64, tasks []Task) *Round {
	r := &Round{ID: id, Coordinators: true, Tasks: len(tasks), waiting: make(map[Task]bool, len(tasks))}
	for _, t := range tasks {
		r.waiting[t] = true
	}
	return r
}

// Acknowledge notes that the state of a task is durable. It is false if that was not awaited.
func (r *Round) Acknowledge(t Task) bool {
	if !r.waiting[t] {
		return false
	}
	delete(r.waiting, t)
	return true
}

// AwaitsTask tells whether a task has not acknowledged yet.
func (r *Round) AwaitsTask(t Task) bool { return r.waiting[t] }

// Left is how many tasks have not acknowledged yet.
func (r *Round) Left() int { return len(r.waiting) }

// Fail gives the checkpoint up because of an error of a task, a coordinator or the storage.
func (r *Round) Fail(cause string) {
	if r.failed == "" {
		r.failed, r.counts = cause, true
	}
}

// Miss gives the checkpoint up because a task ended before its barrier came: nobody's fault.
func (r *Round) Miss(cause string) {
	if r.failed == "" {
		r.failed = cause
	}
}

// Write tells, once, that all have acknowledged and the metadata is to be written.
func (r *Round) Write() bool {
	if r.writing || r.failed != "" || r.Coordinators || len(r.waiting) > 0 {
		return false
	}
	r.writing = true
	return true
}

// Written notes that the metadata is durable.
func (r *Round) Written(record Record) { r.written = &record }
