package datastream

import (
	"errors"
	"fmt"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
)

// IterationOptions are the options of Iterate and IterateDelta.
type IterationOptions struct {
	// MaxIterations is the number of supersteps after which the iteration ends at the latest: at least 1.
	MaxIterations int
}

// Iteration is an iteration while its body is built.
type Iteration struct {
	env   *Environment
	head  *node
	loop  *operator.Loop
	first int      // number of nodes before the body
	tails [2]*node // by number
}

// Iterate runs body again and again on a bounded stream: the first superstep is given initial, each other one what the one
// before has returned (a bulk iteration, Flink's iterate). The result is what the last superstep returns.
//
// A superstep ends for all sub-tasks before the next begins. What body makes of current is of the superstep alone: Map,
// FlatMap, Filter, Reduce, Aggregate, Sum and their siblings, Distinct, JoinBounded and OuterJoinBounded with a stream from
// outside, Union, and any way to spread records. Streams from outside, and what body makes of them alone, are computed once and kept.
// A failure restarts the iteration from its inputs. It runs in BATCH mode.
func Iterate[T any](initial *Stream[T], o IterationOptions, body func(it *Iteration, current *Stream[T]) *Stream[T]) *Stream[T] {
	checkType[T](initial.env)
	n := &node{Node: graph.Node{Kind: graph.Operator, Name: "Iteration", Output: typeName[T]()}}
	connect(n, initial, 0)
	it := newIteration(initial.env, n, o)
	n.operator = func(operator.Mode) operator.Operator {
		ring := operator.IterationRing{Loop: it.loop, Tails: 1, Live: -1}
		if it.tails[operator.CriterionTail] != nil {
			ring.Tails, ring.Live = 2, operator.CriterionTail
		}
		return &operator.IterationHead[T]{IterationRing: ring}
	}
	next := body(it, &Stream[T]{it.env, []origin{{node: n, port: operator.IterationBody}}})
	addTail(it, "Feedback", operator.FeedbackTail, next, false)
	it.finish()
	return &Stream[T]{it.env, []origin{{node: n, port: operator.IterationResult}}}
}

// TerminateWhenEmpty ends the iteration after the first superstep in which criterion, which body has made of its stream, has no
// record (Flink's closeWith with a termination criterion). An iteration has at most one.
func TerminateWhenEmpty[T any](it *Iteration, criterion *Stream[T]) {
	if it.tails[operator.CriterionTail] != nil {
		it.env.fail(errors.New("the iteration has two termination criteria: unite their streams"))
		return
	}
	addTail(it, "Criterion", operator.CriterionTail, criterion, true)
}

// newIteration adds the head of an iteration to the program.
func newIteration(env *Environment, head *node, o IterationOptions) *Iteration {
	if o.MaxIterations < 1 {
		env.fail(fmt.Errorf("an iteration of at most %d supersteps: set MaxIterations to at least 1", o.MaxIterations))
	}
	head.Chaining, head.SideOutputs, head.spills = graph.ChainHead, []string{"result"}, true
	head.coordinator = func() operator.Coordinator { return &operator.IterationCoordinator{MaxIterations: o.MaxIterations} }
	env.add(head)
	head.Iteration = head.ID
	requireBounded(env, head)
	return &Iteration{env: env, head: head, loop: operator.NewLoop(), first: len(env.nodes)}
}

// addTail ends a stream of the body.
func addTail[T any](it *Iteration, name string, number int, s *Stream[T], counts bool) {
	if s == nil || s.env != it.env {
		it.env.fail(errors.New("the body of an iteration returns no stream of its program: return one made of the stream that it is given"))
		return
	}
	n := &node{Node: graph.Node{Kind: graph.Operator, Name: name, Output: typeName[T]()}, sizedAs: it.head, body: allInside}
	n.operator = func(operator.Mode) operator.Operator {
		return &operator.IterationTail{Loop: it.loop, Number: number, Counts: counts}
	}
	connect(n, s, 0)
	it.tails[number] = it.env.add(n)
}

// finish finds the operators of the body: those to which something leads from the head. It refuses what cannot be among them.
func (it *Iteration) finish() {
	env, head := it.env, it.head
	inside := func(in graph.Input) bool { return env.nodes[in.From-1].Iteration == head.ID }
	for _, n := range env.nodes[it.first:] {
		inner, outer := make([]bool, n.LogicalInputs()), make([]bool, n.LogicalInputs())
		any := false
		for _, in := range n.Inputs {
			if inside(in) {
				inner[in.Number], any = true, true
			} else {
				outer[in.Number] = true
			}
		}
		if !any && n.sizedAs == head {
			env.fail(fmt.Errorf("%q of iteration %q reads a stream that is not made of the one that the body is given, so all supersteps would be the same: join them", n.Name, head.Name))
			return
		}
		if !any {
			continue
		}
		if n.Iteration == n.ID {
			env.fail(fmt.Errorf("iteration %q is in the body of iteration %q: iterations cannot be nested, so write the inner one as supersteps of the outer one", n.Name, head.Name))
			return
		}
		n.Iteration = head.ID
		for k := range inner {
			if inner[k] && outer[k] {
				env.fail(fmt.Errorf("%q in the body of an iteration reads a union of its stream with one from outside, which would be there in the first superstep only: unite them before the iteration, or join them", n.Name))
				return
			}
		}
		if err := n.enter(inner); err != nil {
			env.fail(err)
			return
		}
	}
	it.checkTails()
}

// enter makes n an operator of the body of an iteration; inner tells which of its inputs come from there.
func (n *node) enter(inner []bool) error {
	switch {
	case n.Kind == graph.Sink:
		return fmt.Errorf("%q is a sink in the body of an iteration: write the result of the iteration", n.Name)
	case n.combines != nil:
		return nil
	case n.body == nil:
		return fmt.Errorf("%q cannot stand in the body of an iteration, where each superstep begins anew: use Map, FlatMap, Filter, KeyBy with Reduce, "+
			"Aggregate, Sum and their siblings, Distinct, JoinBounded with a stream from outside, and do the rest before or after it", n.Name)
	}
	return n.body(n, inner)
}

// checkTails refuses a body that makes what it does not give back.
func (it *Iteration) checkTails() {
	env := it.env
	needed := map[*node]bool{}
	var need func(n *node)
	need = func(n *node) {
		if needed[n] || n.Iteration != it.head.ID {
			return
		}
		needed[n] = true
		for _, in := range n.Inputs {
			need(env.nodes[in.From-1])
		}
	}
	for _, t := range it.tails {
		if t == nil {
			continue
		}
		need(t)
		it.head.Feedback = append(it.head.Feedback, t.ID)
	}
	for _, n := range env.nodes[it.first:] {
		if n.Iteration == it.head.ID && n.combines == nil && !needed[n] {
			env.fail(fmt.Errorf("nothing that the body of iteration %q gives back is made of what %q in it emits: leave it out, or do it after the iteration", it.head.Name, n.Name))
		}
	}
}

// repeatable marks an operator that may stand in the body of an iteration.
func repeatable[T any](s *Stream[T]) *Stream[T] {
	s.node().body = allInside
	return s
}

// allInside is node.body of operators that begin anew with each superstep: all of their input comes from the body.
func allInside(*node, []bool) error { return nil }

// checkIterations refuses what cannot be run of the program's iterations.
func (e *Environment) checkIterations(mode operator.Mode) error {
	for _, n := range e.nodes {
		if n.Iteration == n.ID && mode != operator.Batch {
			return fmt.Errorf("iteration %q runs on bounded input as a whole, not in STREAMING mode: set execution.runtime-mode to BATCH or AUTOMATIC", n.Name)
		}
		for _, in := range n.Inputs {
			from := e.nodes[in.From-1]
			result := from.Iteration == from.ID && in.Port == operator.IterationResult
			if from.Iteration != 0 && from.Iteration != n.Iteration && !result {
				return fmt.Errorf("%q reads %q, which is in the body of an iteration and has rows in each superstep: read the result of the iteration", n.Name, from.Name)
			}
		}
	}
	return nil
}

// settle gives tails the parallelism of their heads, with which they share slots.
func (e *Environment) settle() {
	for _, n := range e.nodes {
		if h := n.sizedAs; h != nil {
			n.Node.Parallelism, n.Node.MaxParallelism, n.Node.SlotSharingGroup = h.Node.Parallelism, h.Node.MaxParallelism, h.Node.SlotSharingGroup
		}
	}
}

// joinInside is node.body of a bounded join: one input comes from the body, the other from outside. inside makes the operator
// whose input 0 comes from the body.
func joinInside(inside func(left bool) operator.Operator) func(n *node, inner []bool) error {
	return func(n *node, inner []bool) error {
		if inner[0] && inner[1] {
			return fmt.Errorf("%q joins two streams of the body of an iteration: join one of them with a stream from outside, or bring both into one record by KeyBy and Reduce", n.Name)
		}
		left := inner[0]
		if !left {
			for i := range n.Inputs {
				n.Inputs[i].Number = 1 - n.Inputs[i].Number
			}
		}
		n.operator = func(operator.Mode) operator.Operator { return inside(left) }
		return nil
	}
}
