package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/cmd/examples/graphdata"
)

// plainly computes ranks with maps, and the supersteps that it took.
func plainly(pages []int64, edges []graphdata.Edge, s settings) (map[int64]float64, int) {
	links := map[int64][]int64{}
	for _, e := range edges {
		links[e.From] = append(links[e.From], e.To)
	}
	ranks := map[int64]float64{}
	for _, p := range pages {
		ranks[p] = 1
	}
	for step := 1; ; step++ {
		next := map[int64]float64{}
		for p := range ranks {
			next[p] = 1 - s.damping
		}
		for p, r := range ranks {
			for _, t := range links[p] {
				next[t] += s.damping * r / float64(len(links[p]))
			}
		}
		change := 0.0
		for p := range ranks {
			change = max(change, math.Abs(next[p]-ranks[p]))
		}
		ranks = next
		if step == s.iterations || s.epsilon > 0 && change <= s.epsilon {
			return ranks, step
		}
	}
}

// random makes a graph in which some pages have no links and some many.
func random(rng *rand.Rand, pages, edges int) (all []int64, links []graphdata.Edge) {
	for p := range pages {
		all = append(all, int64(p))
	}
	for range edges {
		links = append(links, graphdata.Edge{From: int64(rng.IntN(pages)) * int64(rng.IntN(pages)) / int64(pages), To: int64(rng.IntN(pages))})
	}
	return all, links
}

func TestPageRank(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 1))
		pages, edges := random(rng, 1+rng.IntN(2000), rng.IntN(8000))
		s := settings{iterations: 1 + rng.IntN(8), damping: 0.85}
		if rng.IntN(2) == 0 {
			s.epsilon, s.iterations = 0.01, 100
		}
		p, memory := 1+rng.IntN(8), []string{"32 kb", "64 mb"}[rng.IntN(2)]
		t.Run(fmt.Sprintf("%d pages %d edges %+v parallelism %d memory %s", len(pages), len(edges), s, p, memory), func(t *testing.T) {
			env := datastream.NewEnvironment().SetParallelism(p).Set("taskmanager.memory.managed.size", memory).Set("io.tmp.dirs", t.TempDir())
			ranks := datastream.Collect(pageRank(datastream.FromSlice(env, pages...), datastream.FromSlice(env, edges...), s))
			result, err := env.Execute(t.Context(), "pagerank")
			require.NoError(t, err)
			want, steps := plainly(pages, edges, s)
			require.EqualValues(t, steps, result.Metric("Page Rank", "supersteps"))
			require.Len(t, ranks.Rows(), len(want))
			for _, r := range ranks.Rows() {
				require.InDelta(t, want[r.Page], r.Rank, 1e-9, "page %d", r.Page)
			}
		})
	}
}

func TestBuiltInWeb(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--iterations", "30"}, &out))
	lines := slices.Sorted(strings.Lines(out.String()))
	require.Len(t, lines, 10)
	require.Contains(t, lines, "(10, 0.1500)\n")
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	edges, pages, ranks := filepath.Join(dir, "edges"), filepath.Join(dir, "pages"), filepath.Join(dir, "ranks")
	require.NoError(t, os.WriteFile(edges, []byte("# a web\n1 2\n2 1\n"), 0o600))
	require.NoError(t, os.WriteFile(pages, []byte("1\n2\n3\n"), 0o600))
	require.NoError(t, run(t.Context(), []string{"--edges", edges, "--vertices", pages, "--output", ranks, "-D", "parallelism.default=1"}, os.Stdout))
	parts, err := filepath.Glob(filepath.Join(ranks, "part-*"))
	require.NoError(t, err)
	require.Len(t, parts, 1)
	got, err := os.ReadFile(parts[0])
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"1,1", "2,1", "3,0.15000000000000002"}, strings.Fields(string(got)))
	require.NoError(t, os.WriteFile(edges, []byte("1 2 3\n"), 0o600))
	require.ErrorContains(t, run(t.Context(), []string{"--edges", edges}, os.Stdout), `line "1 2 3" has 3 fields instead of 2`)
	var rejected *datastream.RejectedError
	require.ErrorAs(t, run(t.Context(), []string{"--iterations", "0"}, os.Stdout), &rejected)
}
