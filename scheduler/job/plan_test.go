package job

import (
	"testing"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/shuffle"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPlanOf(t *testing.T) {
	g := &graph.StreamGraph{Nodes: []graph.Node{
		{ID: 1, Kind: graph.Source, Parallelism: 2, Chaining: graph.ChainAlways},
		{ID: 2, Kind: graph.Operator, Parallelism: 4, Chaining: graph.ChainAlways, Inputs: []graph.Input{{From: 1, Strategy: shuffle.Rebalance}}},
		{ID: 3, Kind: graph.Sink, Parallelism: 4, Chaining: graph.ChainAlways, SlotSharingGroup: "other", Inputs: []graph.Input{{From: 2, Strategy: shuffle.Forward}, {From: 1, Strategy: shuffle.Broadcast}}},
	}, MaxParallelism: 4096}
	p, err := PlanOf(graph.Chain(g, true), true)
	require.NoError(t, err)
	require.Equal(t, []PlanVertex{
		{Parallelism: 2, MaxParallelism: 4096},
		{Parallelism: 4, MaxParallelism: 4096, Repeatable: true, Edges: []PlanEdge{{From: 0, Unrepeatable: true}}},
		{Parallelism: 4, MaxParallelism: 4096, Group: 1, Edges: []PlanEdge{{From: 1, Pattern: Pointwise}, {From: 0, Pattern: Replicate}}},
	}, p.Vertices)
	require.Len(t, p.components, 1)
	p, err = PlanOf(graph.Chain(g, true), false)
	require.NoError(t, err)
	require.Len(t, p.components, 3)
	require.NoError(t, p.AddCommit(2))
	require.Equal(t, Committed, p.Vertices[3].Edges[0].Exchange)
}

// A vertex without parallelism gets one from what it reads; sub-partitions are split where all its rows may go anywhere.
func TestPlanOfUnsized(t *testing.T) {
	plan := func(streaming bool, last ...graph.Input) (*Plan, error) {
		g := &graph.StreamGraph{Nodes: []graph.Node{
			{ID: 1, Kind: graph.Source},
			{ID: 2, Kind: graph.Operator, Parallelism: 3, Inputs: []graph.Input{{From: 1, Strategy: shuffle.Hash}}},
			{ID: 3, Kind: graph.Sink, Inputs: last},
		}, MaxParallelism: 8, SourceParallelism: 2, AutoParallelism: 5}
		return PlanOf(graph.Chain(g, true), streaming)
	}
	in := func(from int, s shuffle.Strategy) graph.Input { return graph.Input{From: from, Strategy: s} }
	for _, tc := range []struct {
		last  []graph.Input
		split []bool
	}{
		{[]graph.Input{in(2, shuffle.Hash)}, []bool{false}},
		{[]graph.Input{in(2, shuffle.Rebalance)}, []bool{true}},
		{[]graph.Input{in(2, shuffle.Shuffle), in(1, shuffle.Broadcast)}, []bool{true, false}},
		{[]graph.Input{in(2, shuffle.Rebalance), in(1, shuffle.Hash)}, []bool{false, false}},
		{[]graph.Input{in(2, shuffle.Global)}, []bool{false}},
	} {
		p, err := plan(false, tc.last...)
		require.NoError(t, err)
		require.Equal(t, 2, p.Vertices[0].Parallelism)
		require.Zero(t, p.Vertices[2].Parallelism)
		for k, e := range p.Vertices[2].Edges {
			require.Equal(t, tc.split[k], e.Split, "%v", tc.last)
		}
	}
	for _, bad := range [][]graph.Input{{in(2, shuffle.Custom)}, {in(2, shuffle.Rescale)}, {in(2, shuffle.Forward), in(1, shuffle.Hash)}} {
		_, err := plan(false, bad...)
		require.ErrorContains(t, err, "has no parallelism")
	}
	_, err := plan(true, in(2, shuffle.Hash))
	require.ErrorContains(t, err, "has no parallelism")
}

func TestBadPlans(t *testing.T) {
	for want, p := range map[string]*Plan{
		"no vertices":       {},
		"topological order": {Vertices: []PlanVertex{{MaxParallelism: 1, Edges: []PlanEdge{{From: 0}}}}},
		"parallelism 5":     {Vertices: []PlanVertex{{Parallelism: 5, MaxParallelism: 4}}},
		"into itself": {Vertices: []PlanVertex{{MaxParallelism: 1}, {MaxParallelism: 1, Edges: []PlanEdge{{From: 0}}},
			{MaxParallelism: 1, Edges: []PlanEdge{{From: 1}, {From: 0, Exchange: Blocking}}}}},
	} {
		require.ErrorContains(t, p.Prepare(), want)
	}
}

// span is one relation seen from both sides, and every lane of a component is closed under it.
func TestSpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.IntRange(1, 40).Draw(t, "a"), rapid.IntRange(1, 40).Draw(t, "b")
		lanes := gcd(a, b)
		for i := range a {
			from, to := span(i, a, b)
			require.Less(t, from, to)
			for k := from; k < to; k++ {
				back, end := span(k, b, a)
				require.True(t, back <= i && i < end, "%d of %d and %d of %d", i, a, k, b)
				require.Equal(t, i*lanes/a, k*lanes/b)
			}
		}
	})
}

// Ranges cover each sub-partition once, in order, with as many pieces as they say, within the bounds.
func TestDivide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := divider{
			parts:  rapid.SliceOfN(rapid.Int64Range(0, 1000), 1, 60).Draw(t, "parts"),
			pieces: rapid.IntRange(1, 6).Draw(t, "pieces"),
			target: rapid.Int64Range(1, 3000).Draw(t, "target"),
			factor: 2, skew: rapid.Int64Range(1, 500).Draw(t, "skew"),
		}
		s.least = rapid.IntRange(1, len(s.parts)).Draw(t, "least")
		s.most = rapid.IntRange(s.least, len(s.parts)).Draw(t, "most")
		next, piece := 0, 0
		ranges := s.divide()
		require.LessOrEqual(t, len(ranges), s.most)
		require.GreaterOrEqual(t, len(ranges), s.least)
		for _, r := range ranges {
			require.Equal(t, next, r.From)
			require.Equal(t, piece, r.Piece)
			require.LessOrEqual(t, r.Pieces, s.pieces)
			if r.Pieces > 0 {
				require.Equal(t, r.From+1, r.To)
				if piece++; piece < r.Pieces {
					continue
				}
			}
			require.Less(t, r.From, r.To)
			next, piece = r.To, 0
		}
		require.Equal(t, len(s.parts), next)
	})
}
