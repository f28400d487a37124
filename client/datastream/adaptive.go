package datastream

import (
	"slices"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/worker"
	"github.com/leatproject/leat/shuffle"
)

// Adaptive tells whether a cluster decides how a program in BATCH runs from the bytes that its stages have written, as far as the program
// leaves that open.
func (e *Environment) Adaptive() bool { return e.adaptive(operator.Batch) }

// adaptive tells whether a cluster chooses the parallelism of operators that name none, from the bytes that they are to read.
func (e *Environment) adaptive(mode operator.Mode) bool {
	return mode == operator.Batch && config.Get(e.conf, config.AdaptiveParallelism) &&
		(worker.Started() != nil || config.Get(e.conf, config.ExecutionTarget) != "local")
}

// size gives nodes that name no parallelism the default. In an adaptive job it leaves 0 to those that can have any: they are not
// part of an iteration, their rows are not meant for sub-tasks of certain numbers, and none of their neighbours along a forward
// edge that the program asks for has a parallelism.
func (e *Environment) size(g *graph.StreamGraph, mode operator.Mode) {
	if !e.adaptive(mode) {
		for _, n := range e.nodes {
			if n.Parallelism == 0 {
				n.Parallelism = e.parallelism()
			}
		}
		return
	}
	own := map[*node]bool{}
	for _, n := range e.nodes {
		own[n] = n.Parallelism > 0 || n.Iteration != 0 || n.sizedAs != nil || slices.ContainsFunc(n.Inputs, func(in graph.Input) bool {
			return in.Strategy == shuffle.Custom || in.Strategy == shuffle.Rescale || in.Strategy == shuffle.Forward && !follows(e.nodes[in.From-1], n)
		})
	}
	for changed := true; changed; {
		changed = false
		for _, n := range e.nodes {
			for _, in := range n.Inputs {
				if up := e.nodes[in.From-1]; in.Strategy == shuffle.Forward && own[up] != own[n] {
					own[up], own[n], changed = true, true, true
				}
			}
		}
	}
	for _, n := range e.nodes {
		if own[n] && n.Parallelism == 0 {
			n.Parallelism = e.parallelism()
		}
	}
	g.SourceParallelism, g.AutoParallelism = e.sourceParallelism(), e.autoParallelism()
}

// autoParallelism is the highest that is chosen: as in Flink, parallelism.default if only that is set.
func (e *Environment) autoParallelism() int {
	if n, ok := config.Lookup(e.conf, config.AdaptiveMaxParallelism); ok {
		return n
	}
	if n, ok := config.Lookup(e.conf, config.DefaultParallelism); ok {
		return n
	}
	return config.AdaptiveMaxParallelism.Default
}

func (e *Environment) sourceParallelism() int {
	if n, ok := config.Lookup(e.conf, config.AdaptiveSourceParallelism); ok {
		return n
	}
	return min(e.parallelism(), e.autoParallelism())
}

// forwards tells whether an edge of unnamed kind can be a forward one. Where the parallelism is not known yet, the consumer takes
// that of its only producer.
func forwards(up, n *node) bool {
	if up.Parallelism != n.Parallelism {
		return false
	}
	return n.Parallelism > 0 || follows(up, n)
}

// follows tells whether a node can take over the parallelism that is chosen for another one.
func follows(up, n *node) bool {
	return len(n.Inputs) == 1 && (n.combines == up || up.Node.MaxParallelism == n.Node.MaxParallelism)
}
