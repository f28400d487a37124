package datastream

import (
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// fold adds a running aggregate by key whose accumulator is a record. kernel may be nil.
func fold[T any, K comparable](s *KeyedStream[T, K], name string, kernel operator.Kernel[T, K, T, T], add func(acc *T, v *T) error) *Stream[T] {
	return foldWith(s, name, kernel, func() foldCode[T] { return foldCode[T]{add: add} })
}

// foldCode is the code of a fold for one sub-task.
type foldCode[T any] struct {
	user operator.UserFunction
	add  func(acc *T, v *T) error
}

// foldWith is fold with code that is made once for each sub-task.
func foldWith[T any, K comparable](s *KeyedStream[T, K], name string, kernel operator.Kernel[T, K, T, T], code func() foldCode[T]) *Stream[T] {
	init := func(acc *T, v *T) error { *acc = *v; return nil }
	aggregate := func() operator.Operator {
		c := code()
		return &operator.KeyedAggregate[T, K, T, T]{Keys: s.keys(), UserFunction: c.user, Init: init, Add: c.add, Kernel: kernel,
			Result: func(_ K, acc *T) (T, error) { return *acc, nil }, Retains: true}
	}
	key := func(p folded[T, K]) K {
		if p.Key != nil {
			return *p.Key
		}
		return s.key(p.Record)
	}
	return combined[T, K, folded[T, K], T](s, name, key, aggregate, func() operator.Operator {
		c := code()
		return &operator.Combine[T, K, T, folded[T, K]]{Keys: s.keys(), UserFunction: c.user, Init: init, Add: c.add,
			Partial: func(key K, acc *T) folded[T, K] {
				if s.key(*acc) == key {
					return folded[T, K]{Record: *acc}
				}
				return folded[T, K]{*acc, &key}
			}}
	}, func() operator.Operator {
		c := code()
		return &operator.KeyedAggregate[folded[T, K], K, T, T]{Keys: *operator.NewKeys(key), UserFunction: c.user, Retains: true,
			Init:   func(acc *T, p *folded[T, K]) error { *acc = p.Record; return nil },
			Add:    func(acc *T, p *folded[T, K]) error { return c.add(acc, &p.Record) },
			Result: func(_ K, acc *T) (T, error) { return *acc, nil }}
	})
}

// folded is the record that some records of a key have become, on its way to the others. Key is set where it has not the key of
// what it was made of.
type folded[T any, K comparable] struct {
	Record T
	Key    *K
}

// batchForm is what a node is in BATCH, when combiners run in front of its exchange.
type batchForm struct {
	inputs       []graph.Input
	partitioners []partitioner
	rows         []func() *column.Batch
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
				rows:         []func() *column.Batch{column.NewBatch[T]},
				combines:     f.node,
			})
			form.inputs = append(form.inputs, graph.Input{From: c.ID, Strategy: shuffle.Hash})
			form.partitioners = append(form.partitioners, byKey(key))
			form.rows = append(form.rows, column.NewBatch[P])
		}
	}
	out := repeatable(transform[T, O](s.stream, name, func(operator.Mode) operator.Operator { return aggregate() }))
	out.node().batch = form
	return out
}

// combine chooses the batch form of the nodes that have one and an exchange in front of them, and returns the combiners
// that are used. Nodes have their parallelism, or 0 if the cluster chooses it.
func (e *Environment) combine(mode operator.Mode) map[*node]bool {
	used := map[*node]bool{}
	for _, n := range e.nodes {
		if n.batch == nil || mode != operator.Batch {
			continue
		}
		exchange := n.Parallelism != 1
		for _, in := range n.batch.inputs {
			exchange = exchange || e.nodes[in.From-1].combines.Parallelism != 1
		}
		if !exchange {
			continue
		}
		n.Inputs, n.partitioners, n.rows, n.operator = n.batch.inputs, n.batch.partitioners, n.batch.rows, n.batch.operator
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
	return aggregate(s, func() aggregateCode[T, A, O] {
		f := f()
		c := aggregateCode[T, A, O]{
			user:   operator.UserFunction{Function: f},
			create: func() (A, error) { return f.CreateAccumulator(), nil },
			add:    func(v T, acc A) (A, error) { return f.Add(v, acc), nil },
			result: func(acc A) (O, error) { return f.GetResult(acc), nil },
		}
		if m, ok := f.(operator.Merger[A]); ok {
			c.merge = func(a, b A) (A, error) { return m.Merge(a, b), nil }
		}
		return c
	})
}

// AggregateContext is AggregateWith with a function that is given a context and may fail.
func AggregateContext[T any, K comparable, A, O any](s *KeyedStream[T, K], f func() AggregateContextFunction[T, A, O]) *Stream[O] {
	return aggregate(s, func() aggregateCode[T, A, O] {
		f := f()
		var ctx *Context
		c := aggregateCode[T, A, O]{
			user:   operator.UserFunction{Function: f, Bind: func(c *Context) { ctx = c }},
			create: func() (A, error) { return f.CreateAccumulator(ctx) },
			add:    func(v T, acc A) (A, error) { return f.Add(ctx, v, acc) },
			result: func(acc A) (O, error) { return f.GetResult(ctx, acc) },
		}
		if m, ok := f.(operator.ContextMerger[A]); ok {
			c.merge = func(a, b A) (A, error) { return m.Merge(ctx, a, b) }
		}
		return c
	})
}

// aggregateCode is an aggregate function for one sub-task. merge is nil where it has none.
type aggregateCode[T, A, O any] struct {
	user   operator.UserFunction
	create func() (A, error)
	add    func(v T, acc A) (A, error)
	result func(acc A) (O, error)
	merge  func(a, b A) (A, error)
}

func (c *aggregateCode[T, A, O]) addTo(acc *A, v *T) (err error) {
	*acc, err = c.add(*v, *acc)
	return err
}

func (c *aggregateCode[T, A, O]) begin(acc *A, v *T) (err error) {
	if *acc, err = c.create(); err != nil {
		return err
	}
	return c.addTo(acc, v)
}

// partial is the accumulator of a key on its way to the others of the key.
type partial[K comparable, A any] struct {
	Key         K
	Accumulator A
}

func aggregate[T any, K comparable, A, O any](s *KeyedStream[T, K], code func() aggregateCode[T, A, O]) *Stream[O] {
	const name = "Aggregate"
	whole := func() operator.Operator {
		c := code()
		return &operator.KeyedAggregate[T, K, A, O]{Keys: s.keys(), UserFunction: c.user, Init: c.begin, Add: c.addTo,
			Result: func(_ K, acc *A) (O, error) { return c.result(*acc) }}
	}
	if code().merge == nil {
		return repeatable(transform[T, O](s.stream, name, func(operator.Mode) operator.Operator { return whole() }))
	}
	key := func(p partial[K, A]) K { return p.Key }
	return combined[T, K, partial[K, A], O](s, name, key, whole, func() operator.Operator {
		c := code()
		return &operator.Combine[T, K, A, partial[K, A]]{Keys: s.keys(), UserFunction: c.user, Init: c.begin, Add: c.addTo,
			Partial: func(key K, acc *A) partial[K, A] { return partial[K, A]{key, *acc} }}
	}, func() operator.Operator {
		c := code()
		return &operator.KeyedAggregate[partial[K, A], K, A, O]{Keys: *operator.NewKeys(key), UserFunction: c.user, Retains: true,
			Init:   func(acc *A, p *partial[K, A]) error { *acc = p.Accumulator; return nil },
			Add:    func(acc *A, p *partial[K, A]) (err error) { *acc, err = c.merge(*acc, p.Accumulator); return err },
			Result: func(_ K, acc *A) (O, error) { return c.result(*acc) }}
	})
}
