package taskmanager

import (
	"cmp"
	"maps"
	"slices"

	"github.com/leatproject/leat/runtime/rpc"
)

// taskKey names a sub-task.
type taskKey struct {
	job             string
	vertex, subtask int32
}

func keyOf(a *rpc.Attempt) taskKey { return taskKey{a.Job, a.Vertex, a.Subtask} }

// attempt is the newest attempt of a sub-task that this TaskManager knows of, until it may be forgotten.
type attempt struct {
	report   *rpc.TaskReport
	slot     int32
	worker   *supervised // nil if it was cancelled before it came
	stopKill func()      // stops the timer of the cancellation
}

func (a *attempt) live() bool {
	return a.report.State < rpc.TaskState_FINISHED || a.report.State == rpc.TaskState_RECONCILING
}

// newer tells whether x is a later attempt of the same sub-task than y, or 0 if they are the same.
func newer(x, y *rpc.Attempt) int {
	return cmp.Or(cmp.Compare(x.Generation, y.Generation), cmp.Compare(x.Number, y.Number))
}

// news is what the leader has not been told.
type news struct {
	tasks        map[taskKey]struct{}
	jobs, beat   bool
	lost         []*rpc.HeldOutputs
	sizes        map[string]map[sizeKey]struct{} // by job
	coordinators []*rpc.CoordinatorStatus
	checkpoints  map[string]struct{} // jobs
	logs         []*rpc.LogReply
	metrics      map[string]*rpc.Metrics // by job
}

// tell has the state of a sub-task reported.
func (t *TaskManager) tell(key taskKey) {
	if t.news.tasks == nil {
		t.news.tasks = map[taskKey]struct{}{}
	}
	t.news.tasks[key] = struct{}{}
}

// size has the sizes of an edge reported.
func (n *news) size(job string, key sizeKey) {
	if n.sizes == nil {
		n.sizes = map[string]map[sizeKey]struct{}{}
	}
	if n.sizes[job] == nil {
		n.sizes[job] = map[sizeKey]struct{}{}
	}
	n.sizes[job][key] = struct{}{}
}

// flush sends what there is to tell when the stream is ready for a message.
func (t *TaskManager) flush() {
	s := t.session
	if s == nil || s.sending {
		return
	}
	if m := t.nextMessage(s); m != nil {
		s.sending = true
		s.out <- m
	}
}

func (t *TaskManager) nextMessage(s *session) *rpc.Up {
	n := &t.news
	if s.full || n.beat || n.jobs || len(n.tasks) > 0 || len(n.lost) > 0 || len(n.sizes) > 0 || len(n.coordinators) > 0 || len(n.checkpoints) > 0 {
		return &rpc.Up{Message: &rpc.Up_Report{Report: t.report(s)}}
	}
	if len(n.logs) > 0 {
		l := n.logs[0]
		n.logs = n.logs[1:]
		return &rpc.Up{Message: &rpc.Up_Log{Log: l}}
	}
	for job, m := range n.metrics {
		delete(n.metrics, job)
		return &rpc.Up{Message: &rpc.Up_Metrics{Metrics: m}}
	}
	return nil
}

// report takes the news into a report.
func (t *TaskManager) report(s *session) *rpc.Report {
	t.sequence++
	n := &t.news
	r := &rpc.Report{TaskManager: t.number, Generation: s.welcome.Generation, Term: s.welcome.Term, Sequence: t.sequence, Full: s.full,
		Lost: n.lost, Sizes: t.sizes(s.full), Coordinators: n.coordinators}
	if s.full {
		n.tasks, n.jobs = map[taskKey]struct{}{}, true
		for key := range t.tasks {
			n.tasks[key] = struct{}{}
		}
		for _, job := range slices.Sorted(maps.Keys(t.hosted)) {
			r.Coordinators = append(r.Coordinators, t.hosted[job])
		}
	}
	r.Checkpoints = t.checkpointReports(s.full)
	keys := slices.SortedFunc(maps.Keys(n.tasks), func(a, b taskKey) int {
		return cmp.Or(cmp.Compare(a.job, b.job), cmp.Compare(a.vertex, b.vertex), cmp.Compare(a.subtask, b.subtask))
	})
	for _, key := range keys {
		if a := t.tasks[key]; a != nil {
			r.Tasks = append(r.Tasks, a.report)
		}
	}
	if n.jobs || n.beat { // a leader asks itself at each report whether the jobs still need anything
		r.Jobs = slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(t.state.held(), maps.Keys(t.outputs)))))
	}
	n.tasks, n.jobs, n.beat, n.lost, n.sizes, n.coordinators, n.checkpoints = nil, false, false, nil, nil, nil, nil
	s.full = false
	return r
}

// sizes are those of outputs that have changed, or all.
func (t *TaskManager) sizes(full bool) (all []*rpc.SizeReport) {
	for job, o := range t.outputs {
		if full {
			all = append(all, o.sizes(nil)...)
			continue
		}
		for key := range t.news.sizes[job] {
			all = append(all, o.sizes(&key)...)
		}
	}
	return all
}

// set changes the state of an attempt. A report is never changed, because it may be on its way.
func (t *TaskManager) set(key taskKey, state rpc.TaskState, cause string) {
	a := t.tasks[key]
	t.replace(key, &rpc.TaskReport{Attempt: a.report.Attempt, State: state, Cause: cause})
}

func (t *TaskManager) replace(key taskKey, r *rpc.TaskReport) {
	a := t.tasks[key]
	a.report = r
	if !a.live() && a.stopKill != nil {
		a.stopKill()
		a.stopKill = nil
	}
	t.tell(key)
}
