package datastream

import (
	"cmp"
	"fmt"
	"iter"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/spill"
)

// BoundedJoinFunction is the form of a join function that has fields, Open or Close. left or right is nil for a record
// without a partner; what they point to is valid during the call only.
type BoundedJoinFunction[L, R, O any] = operator.BoundedJoinFunction[L, R, O]

// JoinKind says which records without a partner a join emits.
type JoinKind = operator.JoinKind

// The kinds of join.
const (
	InnerJoin      JoinKind = operator.InnerJoin
	LeftOuterJoin  JoinKind = operator.LeftOuterJoin
	RightOuterJoin JoinKind = operator.RightOuterJoin
	FullOuterJoin  JoinKind = operator.FullOuterJoin
)

// JoinBounded joins two bounded streams: f makes a record of each pair with equal keys. The right stream is best the
// smaller one: it is held in memory if it fits; else both are sorted, on disk if need be.
func JoinBounded[L, R any, K comparable, O any](left *KeyedStream[L, K], right *KeyedStream[R, K], f func(left L, right R) O) *Stream[O] {
	return JoinBoundedContext(InnerJoin, left, right, func(_ *Context, l *L, r *R, out *Collector[O]) error {
		out.Collect(f(*l, *r))
		return nil
	})
}

// OuterJoinBounded is JoinBounded for outer joins: f is given nil in the place of a partner that there is not. What it is
// given is valid during the call only.
func OuterJoinBounded[L, R any, K comparable, O any](kind JoinKind, left *KeyedStream[L, K], right *KeyedStream[R, K], f func(left *L, right *R) O) *Stream[O] {
	return JoinBoundedContext(kind, left, right, func(_ *Context, l *L, r *R, out *Collector[O]) error {
		out.Collect(f(l, r))
		return nil
	})
}

// JoinBoundedContext is OuterJoinBounded with a function that is given a context, emits any number of records and may fail.
func JoinBoundedContext[L, R any, K comparable, O any](kind JoinKind, left *KeyedStream[L, K], right *KeyedStream[R, K], f func(ctx *Context, left *L, right *R, out *Collector[O]) error) *Stream[O] {
	return JoinBoundedWith(kind, left, right, func() BoundedJoinFunction[L, R, O] { return operator.BoundedJoinFunc[L, R, O](f) })
}

// JoinBoundedWith joins by a function that is made once for each sub-task.
func JoinBoundedWith[L, R any, K comparable, O any](kind JoinKind, left *KeyedStream[L, K], right *KeyedStream[R, K], f func() BoundedJoinFunction[L, R, O]) *Stream[O] {
	out := bounded(coTransform[L, R, O](left.stream, right.stream, "Join", func(operator.Mode) operator.Operator {
		return &operator.Join[L, R, K, O]{Kind: kind, Left: left.keys(), Right: right.keys(), Function: f()}
	}))
	out.node().body = joinInside(func(inner bool) operator.Operator {
		if inner {
			return &operator.IterationJoin[L, R, K, O]{Join: operator.Join[L, R, K, O]{Kind: kind, Left: left.keys(), Right: right.keys(), Function: f()}}
		}
		return &operator.IterationJoin[R, L, K, O]{Join: operator.Join[R, L, K, O]{Kind: kind.Turned(), Left: right.keys(), Right: left.keys(), Function: operator.TurnedJoin(f())}}
	})
	return out
}

// Distinct keeps the first of equal records of a bounded stream.
func Distinct[T comparable](s *Stream[T]) *Stream[T] {
	return DistinctBy(KeyBy(s, func(v T) T { return v }))
}

// DistinctBy keeps the first record of each key of a bounded stream.
func DistinctBy[T any, K comparable](s *KeyedStream[T, K]) *Stream[T] {
	return repeatable(bounded(transform[T, T](s.stream, "Distinct", func(operator.Mode) operator.Operator {
		return &operator.Distinct[T, K]{Keys: s.keys()}
	})))
}

// Order is the direction of a sort.
type Order int

// The directions.
const (
	Ascending Order = iota
	Descending
)

// SortPartition sorts the records of each sub-task of a bounded stream by a key; equal ones stay in their order. What
// does not fit into memory is sorted on disk. NaN comes after all other numbers.
func SortPartition[T any, N cmp.Ordered](s *Stream[T], key func(T) N, order Order) *Stream[T] {
	return sortPartition(s, sortBy(key, order))
}

// SortPartitionFunc is SortPartition by a function that compares two records: negative if a comes before b, positive if
// after, else 0.
func SortPartitionFunc[T any](s *Stream[T], compare func(a, b T) int) *Stream[T] {
	return sortPartition(s, spill.SortOptions[T]{Prefix: func(_ []T, out []uint64) { clear(out) },
		Compare: func(a, b *T) int { return compare(*a, *b) }})
}

func sortPartition[T any](s *Stream[T], order spill.SortOptions[T]) *Stream[T] {
	checkType[T](s.env)
	return bounded(transform[T, T](s, "Sort Partition", func(operator.Mode) operator.Operator {
		return &operator.SortPartition[T]{Order: order}
	}))
}

// MapPartitionFunction is the form of a mapPartition function that has fields, Open or Close.
type MapPartitionFunction[I, O any] = operator.MapPartitionFunction[I, O]

// MapPartition calls f once for each sub-task of a bounded stream, with all of its records, which can be ranged over once.
// They are not collected: the loop goes on as records come.
func MapPartition[I, O any](s *Stream[I], f func(rows iter.Seq[I], out *Collector[O])) *Stream[O] {
	return MapPartitionContext(s, func(_ *Context, rows iter.Seq[I], out *Collector[O]) error {
		f(rows, out)
		return nil
	})
}

// MapPartitionContext is MapPartition with a function that is given a context and may fail.
func MapPartitionContext[I, O any](s *Stream[I], f func(ctx *Context, rows iter.Seq[I], out *Collector[O]) error) *Stream[O] {
	return MapPartitionWith(s, func() MapPartitionFunction[I, O] { return operator.MapPartitionFunc[I, O](f) })
}

// MapPartitionWith is MapPartition with a function that is made once for each sub-task.
func MapPartitionWith[I, O any](s *Stream[I], f func() MapPartitionFunction[I, O]) *Stream[O] {
	return bounded(transform[I, O](s, "Map Partition", func(operator.Mode) operator.Operator {
		return &operator.MapPartition[I, O]{Function: f()}
	}))
}

// bounded marks an operator that needs bounded input and may spill.
func bounded[T any](s *Stream[T]) *Stream[T] {
	s.node().spills = true
	requireBounded(s.env, s.node())
	return s
}

// requireBounded refuses an operator with an unbounded source before it.
func requireBounded(env *Environment, n *node) {
	seen := map[*node]bool{}
	var unbounded func(n *node) *node
	unbounded = func(n *node) *node {
		if seen[n] {
			return nil
		}
		seen[n] = true
		if n.Kind == graph.Source && !n.Bounded {
			return n
		}
		for _, in := range n.Inputs {
			if u := unbounded(env.nodes[in.From-1]); u != nil {
				return u
			}
		}
		return nil
	}
	if u := unbounded(n); u != nil {
		env.fail(fmt.Errorf("%q needs bounded input, since it ends only with it, but %q is unbounded: use a bounded source, or windows", n.Name, u.Name))
	}
}
