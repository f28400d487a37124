package datastream

import (
	"os"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/connector/discard"
	"github.com/leatproject/leat/storage/connector/printer"
	"github.com/leatproject/leat/storage/sink"
)

// Sink is the end of a stream; its methods name and configure the operator that writes.
type Sink struct {
	env  *Environment
	node *node
}

// Name sets the operator's name.
func (s *Sink) Name(name string) *Sink {
	s.node.Name = name
	return s
}

// UID sets the operator's name for state.
func (s *Sink) UID(uid string) *Sink {
	s.node.UID = uid
	return s
}

// Parallelism sets the number of writers.
func (s *Sink) Parallelism(n int) *Sink {
	setParallelism(s.env, s.node, n)
	return s
}

// WriteTo writes the stream to a sink for records of its type.
func (s *Stream[T]) WriteTo(to sink.Sink, name string) *Sink {
	n := &node{Node: graph.Node{Kind: graph.Sink, Name: "Sink: " + name},
		operator: func(operator.Mode) operator.Operator { return &operator.SinkWriter{Sink: to} }}
	if two, ok := to.(sink.TwoPhase); ok {
		n.coordinator = func() operator.Coordinator { return &operator.CommitCoordinator{Sink: two} }
	}
	connect(n, s, 0)
	return &Sink{s.env, s.env.add(n)}
}

// Print writes each record as a line to standard output, after the number of the sub-task if there are several.
func (s *Stream[T]) Print() *Sink {
	return s.WriteTo(printer.NewSink[T](os.Stdout, ""), "Print to Std. Out")
}

// Discard drops the records.
func (s *Stream[T]) Discard() *Sink { return s.WriteTo(discard.NewSink(), "Discard") }
