package datastream

import (
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
)

// DeltaIteration is a delta iteration while its body is built.
type DeltaIteration[S any, K comparable] struct {
	it       *Iteration
	solution *KeyedStream[S, K]
	readers  int // of the solution set
}

// IterateDelta is an iteration that keeps a solution set, a record for each key, and works on what has changed only (Flink's
// iterateDelta). The first superstep is given workset. body makes of it, joined with the solution set by JoinWithSolution and with
// streams from outside, the records that are to replace those of their keys in the solution set, or to be added, and the next
// workset. When a superstep leaves no workset, or after the last one, the solution set is the result.
//
// Within a superstep the solution set stays as it was; of several records for one key the last to come counts, so reduce them to
// one where it matters. The solution set is held in the memory of the slots (taskmanager.memory.managed.size), all else may go to
// disk. The rest is as for Iterate.
func IterateDelta[S, W any, K comparable](solution *KeyedStream[S, K], workset *Stream[W], o IterationOptions,
	body func(it *DeltaIteration[S, K], workset *Stream[W]) (changes *Stream[S], next *Stream[W])) *Stream[S] {
	if !sameEnvironment(solution.stream, workset) {
		return refused[S](solution.stream)
	}
	checkType[W](workset.env)
	n := &node{Node: graph.Node{Kind: graph.Operator, Name: "Delta Iteration", Output: typeName[W]()}}
	connect(n, workset, 0)
	connect(n, solution.stream, 1)
	it := newIteration(workset.env, n, o)
	delta := &DeltaIteration[S, K]{it: it, solution: solution}
	n.operator = func(operator.Mode) operator.Operator {
		return &operator.DeltaHead[S, W, K]{IterationRing: operator.IterationRing{Loop: it.loop, Tails: len(it.tails) + delta.readers, Live: operator.FeedbackTail}, Key: solution.key}
	}
	changes, next := body(delta, &Stream[W]{it.env, []origin{{node: n, port: operator.IterationBody}}})
	addTail(it, "Feedback", operator.FeedbackTail, next, false)
	if changes != nil {
		changes = KeyBy(changes, solution.key).stream
	}
	addTail(it, "Solution", operator.SolutionTail, changes, false)
	it.finish()
	return &Stream[S]{it.env, []origin{{node: n, port: operator.IterationResult}}}
}

// JoinWithSolution calls f for each record of a stream in the body of a delta iteration, with the record of the same key in the
// solution set, or nil if there is none.
func JoinWithSolution[W, S any, K comparable, O any](it *DeltaIteration[S, K], s *KeyedStream[W, K], f func(v W, solution *S, out *Collector[O])) *Stream[O] {
	return JoinWithSolutionContext(it, s, func(_ *Context, v W, solution *S, out *Collector[O]) error {
		f(v, solution, out)
		return nil
	})
}

// JoinWithSolutionContext is JoinWithSolution with a function that is given a context and may fail.
func JoinWithSolutionContext[W, S any, K comparable, O any](it *DeltaIteration[S, K], s *KeyedStream[W, K], f func(ctx *Context, v W, solution *S, out *Collector[O]) error) *Stream[O] {
	return JoinWithSolutionWith(it, s, func() SolutionFunction[W, S, O] { return operator.SolutionFunc[W, S, O](f) })
}

// SolutionFunction is the form of a function that joins with the solution set and has fields, Open or Close.
type SolutionFunction[W, S, O any] = operator.SolutionFunction[W, S, O]

// JoinWithSolutionWith joins by a function that is made once for each sub-task.
func JoinWithSolutionWith[W, S any, K comparable, O any](it *DeltaIteration[S, K], s *KeyedStream[W, K], f func() SolutionFunction[W, S, O]) *Stream[O] {
	number := len(it.it.tails) + it.readers
	it.readers++
	out := repeatable(transform[W, O](s.stream, "Join Solution", func(operator.Mode) operator.Operator {
		return &operator.SolutionJoin[W, S, K, O]{Loop: it.it.loop, Number: number, Keys: s.keys(), Function: f()}
	}))
	out.node().sizedAs = it.it.head
	return out
}
