package datastream

import (
	"context"
	"slices"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/connector/collect"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/sink"
	"github.com/leatproject/leat/storage/source"
	"github.com/leatproject/leat/storage/vector"
)

// Vectors is a stream of rows in columns, whose types are known when the program runs and not when it is compiled: what package sql
// makes programs of. Its methods that spread rows are those of Stream.
type Vectors struct {
	env   *Environment
	types []datatype.Type
	from  []origin // more than one after UnionVectors
}

// Types are the types of the columns.
func (s *Vectors) Types() []datatype.Type { return s.types }

// Environment is the program that the stream belongs to.
func (s *Vectors) Environment() *Environment { return s.env }

// Executed says that the job of the stream has been executed: it is part of the program no more.
func (s *Vectors) Executed() bool {
	n := s.from[0].node
	return n.ID > len(s.env.nodes) || s.env.nodes[n.ID-1] != n
}

// Bounded tells whether the sources of the stream end by themselves.
func (s *Vectors) Bounded() bool {
	seen := map[int]bool{}
	var ends func(n *node) bool
	ends = func(n *node) bool {
		if seen[n.ID] {
			return true
		}
		seen[n.ID] = true
		if n.Kind == graph.Source && !n.Bounded {
			return false
		}
		return !slices.ContainsFunc(n.Inputs, func(in graph.Input) bool { return !ends(s.env.nodes[in.From-1]) })
	}
	return !slices.ContainsFunc(s.from, func(o origin) bool { return !ends(o.node) })
}

// VectorsOf makes columns of records: fill appends the records to a batch whose columns have these types.
func VectorsOf[T any](s *Stream[T], name string, types []datatype.Type, fill func(rows []T, to *vector.Batch) error) *Vectors {
	n := &node{Node: graph.Node{Kind: graph.Operator, Name: name, Output: vectorType(types)},
		operator: func(operator.Mode) operator.Operator { return &operator.ToVectors[T]{Types: types, Fill: fill} }}
	connect(n, s, 0)
	return &Vectors{s.env, types, []origin{{node: s.env.add(n)}}}
}

// StreamOf makes records of columns: read sets rows, as many as the batch has that count.
func StreamOf[T any](s *Vectors, name string, read func(from *vector.Batch, rows []T) error) *Stream[T] {
	n := &node{Node: graph.Node{Kind: graph.Operator, Name: name, Output: typeName[T]()},
		operator: func(operator.Mode) operator.Operator { return &operator.FromVectors[T]{Read: read} }}
	connectVectors(n, s, 0)
	return &Stream[T]{s.env, []origin{{node: s.env.add(n)}}}
}

// VectorOperator describes an operator of Vectors.
type VectorOperator struct {
	Name string
	// New makes the operator of a sub-task; of one without inputs it is an operator.SourceOperator.
	New func() operator.Operator
	// Output are the types of the columns that it gives.
	Output []datatype.Type
	// Parallelism is the only number of sub-tasks that it can have; 0 for any.
	Parallelism int
}

// TransformVectors adds an operator whose logical inputs are the given streams, in order.
func TransformVectors(env *Environment, o VectorOperator, inputs ...*Vectors) *Vectors {
	n := &node{Node: graph.Node{Kind: graph.Operator, Name: o.Name, Output: vectorType(o.Output)}, fixed: o.Parallelism, spills: true,
		operator: func(operator.Mode) operator.Operator { return o.New() }}
	if len(inputs) == 0 {
		n.Kind, n.Bounded = graph.Source, true
	}
	for number, in := range inputs {
		connectVectors(n, in, number)
	}
	return &Vectors{env, o.Output, []origin{{node: env.add(n)}}}
}

// vectorType names the types of columns, for the fingerprint of the program.
func vectorType(types []datatype.Type) string {
	s := "vectors"
	for _, t := range types {
		s += " " + t.String()
	}
	return s
}

func connectVectors(n *node, s *Vectors, number int) {
	for _, f := range s.from {
		n.Inputs = append(n.Inputs, graph.Input{From: f.node.ID, Port: f.port, Number: number, Strategy: f.strategy, Replicable: f.replicable})
		n.partitioners = append(n.partitioners, f.partitioner)
		n.rows = append(n.rows, func() *column.Batch { return column.NewVectors(s.types) })
	}
}

// VectorFilter is a runtime filter of some columns of a source, whose parts are rows of one column: see operator.SourceFilter.
type VectorFilter struct {
	From    *Vectors
	Columns []int
}

// VectorSource reads a source that gives columns of these types. With filters, which are for BATCH, it begins when those are there.
func VectorSource(env *Environment, src source.Source, name string, types []datatype.Type, filters ...VectorFilter) *Vectors {
	var inputs []operator.SourceFilter
	for _, f := range filters {
		inputs = append(inputs, operator.SourceFilter{Columns: f.Columns})
	}
	n := &node{
		Node: graph.Node{Kind: graph.Source, Name: "Source: " + name, Output: vectorType(types), Bounded: src.Boundedness() == source.Bounded},
		operator: func(operator.Mode) operator.Operator {
			return &operator.Source[vector.Batch]{Sources: []source.Source{src}, Rows: func() *column.Batch { return column.NewVectors(types) }, Filters: inputs}
		},
		coordinator: func() operator.Coordinator { return &operator.SplitCoordinator{Sources: []source.Source{src}} },
		source:      new(sourceSettings[vector.Batch]),
	}
	for number, f := range filters {
		connectVectors(n, f.From, number)
	}
	return &Vectors{env, types, []origin{{node: env.add(n)}}}
}

// UnionVectors returns a stream of all rows of several streams whose columns have the same types, but for nullability: it has those of
// the result.
func UnionVectors(types []datatype.Type, streams ...*Vectors) *Vectors {
	u := &Vectors{env: streams[0].env, types: types}
	for _, s := range streams {
		u.from = append(u.from, s.from...)
	}
	return u
}

// partitioned returns the stream with another way to spread it.
func (s *Vectors) partitioned(strategy shuffle.Strategy, p partitioner) *Vectors {
	r := &Vectors{env: s.env, types: s.types}
	for _, f := range s.from {
		r.from = append(r.from, origin{node: f.node, port: f.port, strategy: strategy, partitioner: p})
	}
	return r
}

// Hash sends rows whose key columns are equal to one sub-task.
func (s *Vectors) Hash(keys []int) *Vectors {
	return s.partitioned(shuffle.Hash, func(_, maxParallelism int) shuffle.Partitioner {
		columns := make([]*vector.Vector, len(keys))
		return &shuffle.ByHash{MaxParallelism: maxParallelism, Hashes: func(b *column.Batch, out []uint64) error {
			in := column.Vectors(b)
			for i, k := range keys {
				columns[i] = in.Columns[k]
			}
			vector.Hash(columns, in.Rows(), in.Selection, out)
			return nil
		}}
	})
}

// Replicable says that the sub-tasks that a stream is sent to by Hash may each be sent all of it, and the rows of the other inputs to any of
// them. An adaptive job does so when the stream turns out to be small before the others have begun.
func (s *Vectors) Replicable() *Vectors {
	r := &Vectors{env: s.env, types: s.types, from: slices.Clone(s.from)}
	for i := range r.from {
		r.from[i].replicable = true
	}
	return r
}

// Rebalance deals rows out to all sub-tasks in turn.
func (s *Vectors) Rebalance() *Vectors { return s.partitioned(shuffle.Rebalance, roundRobin) }

// Broadcast sends each row to every sub-task.
func (s *Vectors) Broadcast() *Vectors { return s.partitioned(shuffle.Broadcast, nil) }

// Global sends all rows to sub-task 0.
func (s *Vectors) Global() *Vectors { return s.partitioned(shuffle.Global, nil) }

// WriteTo writes the stream to a sink of columns.
func (s *Vectors) WriteTo(to sink.Sink, name string) *Sink {
	n := sinkNode(s.env, to, name)
	connectVectors(n, s, 0)
	return &Sink{s.env, s.env.add(n)}
}

// CollectVectors ends a stream in deliver, by one sub-task: its rows come in the order of the stream. deliver may keep none of them.
// Rows of a cluster come when the job has finished, as with Collect.
func CollectVectors(s *Vectors, deliver func(ctx context.Context, b *column.Batch) error) {
	n := s.WriteTo(collect.NewVectorSink(deliver), "Collect").node
	n.fixed, n.Parallelism, n.Collects, n.Chaining = 1, 1, true, graph.ChainNever
	n.collects = &collecting{node: n,
		remote: func(operator.Mode) operator.Operator { return &operator.SinkWriter{Sink: collect.RemoteVectors{}} },
		deliver: func(ctx context.Context, block []byte) error {
			b := column.NewVectors(s.types)
			if err := b.DecodeWire(block); err != nil {
				return err
			}
			return deliver(ctx, b)
		}}
}
