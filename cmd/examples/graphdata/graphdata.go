package graphdata

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/leatproject/leat/client/datastream"
)

// Edge leads from a vertex to another one.
type Edge struct{ From, To int64 }

// Small is the graph that is taken where no other is given: two components and a few links that go round.
var Small = []Edge{{1, 2}, {1, 3}, {2, 3}, {3, 1}, {4, 3}, {4, 5}, {5, 6}, {6, 4}, {7, 8}, {8, 9}, {9, 7}, {10, 9}}

// Edges reads files of edges; path may be empty for Small.
func Edges(env *datastream.Environment, path string) *datastream.Stream[Edge] {
	if path == "" {
		return datastream.FromSlice(env, Small...).Name("Edges")
	}
	return datastream.FlatMapContext(datastream.ReadTextFile(env, path), func(_ *datastream.Context, line string, out *datastream.Collector[Edge]) error {
		ids, err := numbers(line, 2)
		if len(ids) == 2 {
			out.Collect(Edge{ids[0], ids[1]})
		}
		return err
	}).Name("Edges")
}

// Vertices reads files of vertices; without a path they are the ends of the edges.
func Vertices(env *datastream.Environment, path string, edges *datastream.Stream[Edge]) *datastream.Stream[int64] {
	if path == "" {
		ends := datastream.FlatMap(edges, func(e Edge, out *datastream.Collector[int64]) {
			out.Collect(e.From)
			out.Collect(e.To)
		})
		return datastream.Distinct(ends).Name("Vertices")
	}
	return datastream.FlatMapContext(datastream.ReadTextFile(env, path), func(_ *datastream.Context, line string, out *datastream.Collector[int64]) error {
		ids, err := numbers(line, 1)
		if len(ids) == 1 {
			out.Collect(ids[0])
		}
		return err
	}).Name("Vertices")
}

// numbers splits a line of n numbers; empty lines and comments, which begin with #, have none.
func numbers(line string, n int) ([]int64, error) {
	if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
		return nil, nil
	}
	fields := strings.Fields(line)
	if len(fields) != n {
		return nil, fmt.Errorf("line %q has %d fields instead of %d", line, len(fields), n)
	}
	ids := make([]int64, n)
	for i, f := range fields {
		var err error
		if ids[i], err = strconv.ParseInt(f, 10, 64); err != nil {
			return nil, fmt.Errorf("line %q: %q is not a number", line, f)
		}
	}
	return ids, nil
}
