package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/cmd/examples/graphdata"
)

// plainly finds the components by union and find.
func plainly(vertices []int64, edges []graphdata.Edge) map[int64]int64 {
	parent := map[int64]int64{}
	for _, v := range vertices {
		parent[v] = v
	}
	find := func(v int64) int64 {
		for parent[v] != v {
			v = parent[v]
		}
		return v
	}
	for _, e := range edges {
		a, b := find(e.From), find(e.To)
		parent[max(a, b)] = min(a, b)
	}
	of := map[int64]int64{}
	for _, v := range vertices {
		of[v] = find(v)
	}
	return of
}

func TestConnectedComponents(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 2))
		n := 1 + rng.IntN(3000)
		var vertices []int64
		var edges []graphdata.Edge
		for v := range n {
			vertices = append(vertices, int64(v))
		}
		for range rng.IntN(n + n/4) { // around the size at which one large component appears
			edges = append(edges, graphdata.Edge{From: int64(rng.IntN(n)), To: int64(rng.IntN(n))})
		}
		p, memory := 1+rng.IntN(8), []string{"256 kb", "64 mb"}[rng.IntN(2)]
		t.Run(fmt.Sprintf("%d vertices %d edges parallelism %d memory %s", n, len(edges), p, memory), func(t *testing.T) {
			env := datastream.NewEnvironment().SetParallelism(p).Set("taskmanager.memory.managed.size", memory).Set("io.tmp.dirs", t.TempDir())
			members, err := datastream.ExecuteAndCollect(t.Context(),
				connectedComponents(datastream.FromSlice(env, vertices...), datastream.FromSlice(env, edges...), n), "components")
			require.NoError(t, err)
			got := map[int64]int64{}
			for _, m := range members {
				got[m.Vertex] = m.Component
			}
			require.Len(t, members, n)
			require.Equal(t, plainly(vertices, edges), got)
		})
	}
}

func TestBuiltInGraph(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &out))
	require.Equal(t, []string{"(1, 1)\n", "(10, 7)\n", "(2, 1)\n", "(3, 1)\n", "(4, 1)\n", "(5, 1)\n", "(6, 1)\n", "(7, 7)\n", "(8, 7)\n", "(9, 7)\n"},
		slices.Sorted(strings.Lines(out.String())))
}
