package main

import (
	"context"
	"fmt"

	"github.com/leatproject/leat/client/datastream"
)

// The graph of the iteration benchmark: a tenth of the rows as edges, eight for each page, and so many supersteps.
const (
	iterationSteps = 10
	edgesOfPage    = 8
)

var iterations = benchmark{name: "iterations", unit: "edges", about: "PageRank, 10 supersteps; the edges of all supersteps count",
	cases: []benchCase{
		{name: "go-loop", run: loopPageRank},
		{name: "go-loop-map", run: mapPageRank},
		{name: "leat", run: runPageRank(1)},
		{name: "leat-2", run: runPageRank(2)},
	}}

func pages(o *options) int64 { return max(1, o.rows/10/edgesOfPage) }

// target is the page that edge i leads to; page i/edgesOfPage is where it begins.
func target(i, pages int64) int64 {
	return int64(uint64(i) * 0x9e3779b97f4a7c15 % uint64(pages))
}

func edgeUnits(o *options) int64 { return pages(o) * edgesOfPage * iterationSteps }

// loopPageRank is the baseline: slices, by hand, for pages are numbered without gaps.
func loopPageRank(o *options) (int64, error) {
	n := pages(o)
	targets := make([]int64, n*edgesOfPage)
	for i := range targets {
		targets[i] = target(int64(i), n)
	}
	ranks, next := make([]float64, n), make([]float64, n)
	for p := range ranks {
		ranks[p] = 1
	}
	for range iterationSteps {
		clear(next)
		for p, r := range ranks {
			for _, t := range targets[p*edgesOfPage : (p+1)*edgesOfPage] {
				next[t] += r / edgesOfPage
			}
		}
		for p := range next {
			next[p] = 0.15 + 0.85*next[p]
		}
		ranks, next = next, ranks
	}
	notes["rank"] = fmt.Sprintf("%.6f", ranks[0])
	return edgeUnits(o), nil
}

// mapPageRank is the same for pages of any number.
func mapPageRank(o *options) (int64, error) {
	n := pages(o)
	links, ranks := map[int64][edgesOfPage]int64{}, map[int64]float64{}
	for p := range n {
		var l [edgesOfPage]int64
		for i := range l {
			l[i] = target(p*edgesOfPage+int64(i), n)
		}
		links[p], ranks[p] = l, 1
	}
	for range iterationSteps {
		sums := make(map[int64]float64, len(ranks))
		for p, r := range ranks {
			for _, t := range links[p] {
				sums[t] += r / edgesOfPage
			}
		}
		for p := range ranks {
			ranks[p] = 0.15 + 0.85*sums[p]
		}
	}
	notes["rank"] = fmt.Sprintf("%.6f", ranks[0])
	return edgeUnits(o), nil
}

type pageRank struct {
	Page int64
	Rank float64
}

type pageLinks struct {
	Page    int64
	Targets [edgesOfPage]int64
}

func runPageRank(parallelism int) func(o *options) (int64, error) {
	return func(o *options) (int64, error) {
		n := pages(o)
		env := datastream.NewEnvironment().SetParallelism(parallelism)
		all := datastream.FromSequence(env, 0, n-1)
		links := datastream.Map(all, func(p int64) pageLinks {
			l := pageLinks{Page: p}
			for i := range l.Targets {
				l.Targets[i] = target(p*edgesOfPage+int64(i), n)
			}
			return l
		})
		initial := datastream.Map(all, func(p int64) pageRank { return pageRank{p, 1} })
		page := func(r pageRank) int64 { return r.Page }
		out := datastream.Iterate(initial, datastream.IterationOptions{MaxIterations: iterationSteps},
			func(_ *datastream.Iteration, ranks *datastream.Stream[pageRank]) *datastream.Stream[pageRank] {
				shares := datastream.JoinBoundedContext(datastream.InnerJoin, datastream.KeyBy(ranks, page),
					datastream.KeyBy(links, func(l pageLinks) int64 { return l.Page }),
					func(_ *datastream.Context, r *pageRank, l *pageLinks, out *datastream.Collector[pageRank]) error {
						out.Collect(pageRank{r.Page, 0})
						for _, t := range l.Targets {
							out.Collect(pageRank{t, r.Rank / edgesOfPage})
						}
						return nil
					})
				sums := datastream.Sum(datastream.KeyBy(shares, page), func(r *pageRank) *float64 { return &r.Rank })
				return datastream.Map(sums, func(r pageRank) pageRank { return pageRank{r.Page, 0.15 + 0.85*r.Rank} })
			})
		first, err := datastream.ExecuteAndCollect(context.Background(), datastream.Filter(out, func(r pageRank) bool { return r.Page == 0 }), "Page Rank")
		if err == nil && len(first) == 1 {
			notes["rank"] = fmt.Sprintf("%.6f", first[0].Rank)
		}
		return edgeUnits(o), err
	}
}
