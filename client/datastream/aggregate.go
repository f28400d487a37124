package datastream

import (
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// fold adds a running aggregate by key whose accumulator is a record. kernel may be nil.
func fold[T any, K comparable](s *KeyedStream[T, K], name string, kernel operator.Kernel[T, K, T, T], add func(acc *T, v *T) error) *Stream[T] {
	init := func(acc *T, v *T) error { *acc = *v; return nil }
	result := func(_ K, acc *T) T { return *acc }
	aggregate := func() operator.Operator {
		return &operator.KeyedAggregate[T, K, T, T]{Keys: s.keys(), Init: init, Add: add, Result: result, Kernel: kernel, Retains: true}
	}
	return combined[T, K, T, T](s, name, s.key, aggregate, func() operator.Operator {
		return &operator.Combine[T, K, T, T]{Keys: s.keys(), Init: init, Add: add, Partial: result, Same: true}
	}, aggregate)
}

// batchForm is what a node is in BATCH, when combiners run in front of its exchange.
type batchForm struct {
	inputs       []graph.Input
	partitioners []partitioner
	operator     func(mode operator.Mode) operator.Operator
}

// combined adds an aggregate by key. In BATCH, where there is an exchange, each producer runs combine in front of it,
// partial results of type P travel, by their key, and final takes the place of aggregate. All three are made once for each
// sub-task.
func combined[T any, K comparable, P, O any](s *KeyedStream[T, K], name string, key func(P) K, aggregate, combine, final func() operator.Operator) *Stream[O] {
	var form *batchForm
	if _, err := column.CodecOf[P](); err == nil {
		form = &batchForm{operator: func(operator.Mode) operator.Operator { return final() }}
		for _, f := range s.stream.from {
			c := s.stream.env.add(&node{
				Node: graph.Node{Kind: graph.Operator, Name: "Combine " + name, Output: typeName[P](),
					Inputs: []graph.Input{{From: f.node.ID, Port: f.port, Strategy: shuffle.Forward}}},
				operator:     func(operator.Mode) operator.Operator { return combine() },
				partitioners: []partitioner{nil},
				combines:     f.node,
			})
			form.inputs = append(form.inputs, graph.Input{From: c.ID, Strategy: shuffle.Hash})
			form.partitioners = append(form.partitioners, byKey(key))
		}
	}
	out := transform[T, O](s.stream, name, func(operator.Mode) operator.Operator { return aggregate() })
	out.node().batch = form
	return out
}

// byKey makes the partitioner of a hash edge.
func byKey[T any, K comparable](key func(T) K) partitioner {
	return func(_, maxParallelism int) shuffle.Partitioner {
		keys := operator.NewKeys(key)
		return &shuffle.ByHash{Hashes: keys.Hashes, MaxParallelism: maxParallelism}
	}
}

// combine chooses the batch form of the nodes that have one and an exchange in front of them, and returns the combiners
// that are used. Parallelisms are known.
func (e *Environment) combine(mode operator.Mode) map[*node]bool {
	used := map[*node]bool{}
	for _, n := range e.nodes {
		if n.batch == nil || mode != operator.Batch {
			continue
		}
		exchange := n.Parallelism > 1
		for _, in := range n.batch.inputs {
			exchange = exchange || e.nodes[in.From-1].combines.Parallelism > 1
		}
		if !exchange {
			continue
		}
		n.Inputs, n.partitioners, n.operator = n.batch.inputs, n.batch.partitioners, n.batch.operator
		for _, in := range n.Inputs {
			c := e.nodes[in.From-1]
			c.Parallelism, c.Node.MaxParallelism, c.Node.SlotSharingGroup = c.combines.Parallelism, c.combines.Node.MaxParallelism, c.combines.Node.SlotSharingGroup
			used[c] = true
		}
	}
	return used
}

// Aggregate folds the records of each key by f. In STREAMING each record emits the result so far, in BATCH each key emits
// one. If f has a method Merge(a, b A) A, records are aggregated before they travel in BATCH.
func Aggregate[T any, K comparable, A, O any](s *KeyedStream[T, K], f AggregateFunction[T, A, O]) *Stream[O] {
	return AggregateWith(s, func() AggregateFunction[T, A, O] { return f })
}

// AggregateWith is Aggregate with a function that is made once for each sub-task.
func AggregateWith[T any, K comparable, A, O any](s *KeyedStream[T, K], f func() AggregateFunction[T, A, O]) *Stream[O] {
	const name = "Aggregate"
	aggregate := func() operator.Operator {
		f := f()
		add := func(acc *A, v *T) error { *acc = f.Add(*v, *acc); return nil }
		return &operator.KeyedAggregate[T, K, A, O]{Keys: s.keys(), Result: func(_ K, acc *A) O { return f.GetResult(*acc) },
			Init: func(acc *A, v *T) error { *acc = f.CreateAccumulator(); return add(acc, v) }, Add: add}
	}
	if _, ok := f().(operator.Merger[A]); !ok {
		return transform[T, O](s.stream, name, func(operator.Mode) operator.Operator { return aggregate() })
	}
	key := func(p partial[K, A]) K { return p.Key }
	return combined[T, K, partial[K, A], O](s, name, key, aggregate, func() operator.Operator {
		f := f()
		add := func(acc *A, v *T) error { *acc = f.Add(*v, *acc); return nil }
		return &operator.Combine[T, K, A, partial[K, A]]{Keys: s.keys(), Add: add,
			Init:    func(acc *A, v *T) error { *acc = f.CreateAccumulator(); return add(acc, v) },
			Partial: func(key K, acc *A) partial[K, A] { return partial[K, A]{key, *acc} }}
	}, func() operator.Operator {
		f := f()
		m := f.(operator.Merger[A])
		return &operator.KeyedAggregate[partial[K, A], K, A, O]{Keys: *operator.NewKeys(key),
			Init:   func(acc *A, v *partial[K, A]) error { *acc = v.Accumulator; return nil },
			Add:    func(acc *A, v *partial[K, A]) error { *acc = m.Merge(*acc, v.Accumulator); return nil },
			Result: func(_ K, acc *A) O { return f.GetResult(*acc) }, Retains: true}
	})
}

// partial is the accumulator of a key on its way to the others of the key.
type partial[K comparable, A any] struct {
	Key         K
	Accumulator A
}
