package main

import (
	"fmt"
	"math"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/cmd/examples/graphdata"
)

// Rank is the rank of a page. The ranks of a graph without dead ends add up to the number of its pages.
type Rank struct {
	Page int64
	Rank float64
}

// String is how a rank is printed.
func (r Rank) String() string { return fmt.Sprintf("(%d, %.4f)", r.Page, r.Rank) }

// Links are the pages that a page links to.
type Links struct {
	Page    int64
	Targets []int64
}

// share is what a page gets of the rank of another one, and its own rank so far.
type share struct {
	Page       int64
	Value, Old float64
}

// collectLinks gathers the edges of a page.
type collectLinks struct{}

func (collectLinks) CreateAccumulator() Links { return Links{} }

func (collectLinks) Add(e graphdata.Edge, l Links) Links {
	return Links{e.From, append(l.Targets, e.To)}
}

func (collectLinks) GetResult(l Links) Links { return l }

// settings are those of the algorithm.
type settings struct {
	iterations int
	damping    float64
	// epsilon ends the iteration when no rank changes by more; 0 never does.
	epsilon float64
}

// pageRank ranks pages by the links between them: each page gives the damped part of its rank in equal shares to the pages that it
// links to, again and again (Brin, Page 1998).
func pageRank(pages *datastream.Stream[int64], edges *datastream.Stream[graphdata.Edge], s settings) *datastream.Stream[Rank] {
	links := datastream.Aggregate(datastream.KeyBy(edges, func(e graphdata.Edge) int64 { return e.From }), collectLinks{}).Name("Links")
	byPage := datastream.KeyBy(links, func(l Links) int64 { return l.Page })
	initial := datastream.Map(pages, func(page int64) Rank { return Rank{page, 1} })
	return datastream.Iterate(initial, datastream.IterationOptions{MaxIterations: s.iterations},
		func(it *datastream.Iteration, ranks *datastream.Stream[Rank]) *datastream.Stream[Rank] {
			shares := datastream.JoinBoundedContext(datastream.LeftOuterJoin, datastream.KeyBy(ranks, func(r Rank) int64 { return r.Page }), byPage, spread).Name("Shares")
			sums := datastream.Reduce(datastream.KeyBy(shares, func(s share) int64 { return s.Page }), func(a, b share) share {
				return share{a.Page, a.Value + b.Value, a.Old + b.Old}
			}).Name("Gather")
			rank := func(sum share) Rank { return Rank{sum.Page, 1 - s.damping + s.damping*sum.Value} }
			if s.epsilon > 0 {
				datastream.TerminateWhenEmpty(it, datastream.Filter(sums, func(sum share) bool { return math.Abs(rank(sum).Rank-sum.Old) > s.epsilon }))
			}
			return datastream.Map(sums, rank).Name("Rank")
		}).Name("Page Rank").UID("page-rank")
}

// spread gives the rank of a page in equal shares to those it links to, and nothing to itself, so that it stays in the graph.
func spread(_ *datastream.Context, r *Rank, l *Links, out *datastream.Collector[share]) error {
	out.Collect(share{Page: r.Page, Old: r.Rank})
	if l == nil {
		return nil
	}
	for _, target := range l.Targets {
		out.Collect(share{Page: target, Value: r.Rank / float64(len(l.Targets))})
	}
	return nil
}
