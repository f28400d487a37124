package compatibility

import (
	"fmt"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/storage/checkpoint"
)

// Operators compares the operators of a job with those that have state in a checkpoint. State of operators that the job does not
// have is refused, unless ignoreUnclaimed is set.
//
// The parallelism may be any. So may max parallelism be, although Flink wants it to stay: state is found by the hashes of its keys.
func Operators(job *graph.JobGraph, path string, m *checkpoint.Metadata, ignoreUnclaimed bool) *Report {
	r := &Report{Path: path}
	now := map[string]*graph.Node{}
	for _, v := range job.Vertices {
		for _, id := range v.Nodes {
			now[job.OperatorID(id)] = job.Node(id)
		}
	}
	derived := false
	for _, o := range m.Operators {
		n := now[o.Uid]
		if n == nil && !stateful(o) {
			continue
		}
		l := Line{Outcome: Fits, ID: o.Uid, UID: o.Given, Name: o.Name}
		if n == nil {
			derived = derived || o.Given == ""
			l.missing(ignoreUnclaimed)
		} else {
			delete(now, o.Uid)
			if n.Name != o.Name {
				l.Details = append(l.Details, fmt.Sprintf("it is called %q now", n.Name))
			}
		}
		r.Lines = append(r.Lines, l)
	}
	for _, v := range job.Vertices {
		for _, id := range v.Nodes {
			n := now[job.OperatorID(id)]
			if n == nil {
				continue
			}
			l := Line{Outcome: New, ID: job.OperatorID(id), UID: n.UID, Name: n.Name}
			if n.UID == "" && derived {
				l.Details = append(l.Details, "its id is derived from its place in the graph, which has changed: give operators a uid (UID) to have their state found")
			}
			r.Lines = append(r.Lines, l)
		}
	}
	return r
}

// stateful tells whether anything of an operator would be lost.
func stateful(o *checkpoint.Operator) bool {
	if len(o.Coordinator) > 0 {
		return true
	}
	for _, s := range o.Subtasks {
		if len(s.Indexes) > 0 {
			return true
		}
	}
	return false
}

// missing says that the job has no such operator.
func (l *Line) missing(ignoreUnclaimed bool) {
	if ignoreUnclaimed {
		l.Outcome, l.Details = Dropped, []string{"the program has no such operator"}
		return
	}
	l.Outcome = Refused
	why := "the program has no operator with this uid"
	if l.UID == "" {
		why = "its id was derived from its place in the graph, where the program has no such operator any more: give operators a uid (UID)"
	}
	l.Details = []string{why + "; to begin without this state use --allowNonRestoredState"}
}
