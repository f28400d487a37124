package main

import (
	"fmt"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/cmd/examples/graphdata"
)

// Member says which component a vertex belongs to: the least vertex of it.
type Member struct{ Vertex, Component int64 }

// String is how a member is printed.
func (m Member) String() string { return fmt.Sprintf("(%d, %d)", m.Vertex, m.Component) }

// connectedComponents finds the connected components of a graph whose edges have no direction: each vertex begins as its own
// component, and those that have changed tell their neighbours, which take the least that they hear of.
func connectedComponents(vertices *datastream.Stream[int64], edges *datastream.Stream[graphdata.Edge], iterations int) *datastream.Stream[Member] {
	both := datastream.FlatMap(edges, func(e graphdata.Edge, out *datastream.Collector[graphdata.Edge]) {
		out.Collect(e)
		out.Collect(graphdata.Edge{From: e.To, To: e.From})
	}).Name("Both Ways")
	bySource := datastream.KeyBy(both, func(e graphdata.Edge) int64 { return e.From })
	vertex := func(m Member) int64 { return m.Vertex }
	initial := datastream.Map(vertices, func(v int64) Member { return Member{v, v} })
	return datastream.IterateDelta(datastream.KeyBy(initial, vertex), initial, datastream.IterationOptions{MaxIterations: iterations},
		func(it *datastream.DeltaIteration[Member, int64], changed *datastream.Stream[Member]) (changes, next *datastream.Stream[Member]) {
			heard := datastream.JoinBounded(datastream.KeyBy(changed, vertex), bySource, func(m Member, e graphdata.Edge) Member {
				return Member{e.To, m.Component}
			}).Name("Tell Neighbours")
			least := datastream.Min(datastream.KeyBy(heard, vertex), func(m *Member) *int64 { return &m.Component }).Name("Least")
			changes = datastream.JoinWithSolution(it, datastream.KeyBy(least, vertex), func(m Member, known *Member, out *datastream.Collector[Member]) {
				if known == nil || m.Component < known.Component {
					out.Collect(m)
				}
			}).Name("Better")
			return changes, changes
		}).Name("Connected Components").UID("connected-components")
}
