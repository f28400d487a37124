package datastream

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// Collector takes the records that a function emits.
type Collector[T any] = operator.Collector[T]

// Context is what a function is given of its surroundings; it is a context.Context.
type Context = operator.FunctionContext

// Stream is a stream of records of type T: the output of an operator, with the way in which its rows are spread over the
// sub-tasks of the next one. The methods that name and configure change the operator that made the stream.
type Stream[T any] struct {
	env  *Environment
	from []origin // more than one after Union
}

type origin struct {
	node        *node
	port        int
	strategy    shuffle.Strategy // "" for forward, or rebalance if parallelisms differ
	partitioner partitioner
	replicable  bool // see graph.Input
}

func (s *Stream[T]) node() *node { return s.from[0].node }

// own is node for the methods that change it. A union is no operator, so there is nothing to change.
func (s *Stream[T]) own() *node {
	if len(s.from) > 1 {
		s.env.fail(fmt.Errorf("a union is no operator and has no name, uid or parallelism: set them on the streams that it is made of, or on what reads it"))
	}
	return s.node()
}

func typeName[T any]() string { return reflect.TypeFor[T]().String() }

// Environment is the program that the stream belongs to.
func (s *Stream[T]) Environment() *Environment { return s.env }

// newSource adds a node without inputs.
func newSource[T any](env *Environment, n *node) *Stream[T] {
	n.Kind, n.Output = graph.Source, typeName[T]()
	return &Stream[T]{env, []origin{{node: env.add(n)}}}
}

// transform adds an operator that reads in.
func transform[I, O any](in *Stream[I], name string, op func(mode operator.Mode) operator.Operator) *Stream[O] {
	n := &node{Node: graph.Node{Kind: graph.Operator, Name: name, Output: typeName[O]()}, operator: op}
	connect(n, in, 0)
	return &Stream[O]{in.env, []origin{{node: in.env.add(n)}}}
}

// connect makes in logical input number of n.
func connect[T any](n *node, in *Stream[T], number int) {
	for _, f := range in.from {
		if f.strategy != "" && f.strategy != shuffle.Forward {
			checkType[T](in.env)
		}
		n.Inputs = append(n.Inputs, graph.Input{From: f.node.ID, Port: f.port, Number: number, Strategy: f.strategy})
		n.partitioners = append(n.partitioners, f.partitioner)
		n.rows = append(n.rows, column.NewBatch[T])
	}
}

// checkType refuses a type that cannot travel.
func checkType[T any](env *Environment) {
	if _, err := column.CodecOf[T](); err != nil {
		env.fail(err)
	}
}

// sameEnvironment tells whether two streams belong to one program, and refuses them if they do not.
func sameEnvironment[A, B any](a *Stream[A], b *Stream[B]) bool {
	if a.env != b.env {
		a.env.fail(errors.New("streams of two environments cannot be combined: make their sources with one environment"))
	}
	return a.env == b.env
}

// Name sets the operator's name, as plans, metrics and errors show it.
func (s *Stream[T]) Name(name string) *Stream[T] {
	s.own().Name = name
	return s
}

// UID sets the operator's name for state: unique in the program and the same in each version of it.
func (s *Stream[T]) UID(uid string) *Stream[T] {
	s.own().UID = uid
	return s
}

// UIDHash sets the operator's id in savepoints, 32 hexadecimal digits, in place of the one that follows from its uid or its place in
// the program: for the state of an operator that was saved without a uid, under the id that leat savepoint inspect shows.
func (s *Stream[T]) UIDHash(hash string) *Stream[T] {
	s.own().UIDHash = hash
	return s
}

// Description sets a longer text about the operator for plans.
func (s *Stream[T]) Description(text string) *Stream[T] {
	s.own().Node.Description = text
	return s
}

// Parallelism sets the number of sub-tasks of the operator.
func (s *Stream[T]) Parallelism(n int) *Stream[T] {
	setParallelism(s.env, s.own(), n)
	return s
}

func setParallelism(env *Environment, n *node, p int) {
	if n.fixed > 0 && p != n.fixed {
		env.fail(fmt.Errorf("operator %q can only have parallelism %d, not %d", n.Name, n.fixed, p))
		return
	}
	if p < 1 {
		env.fail(fmt.Errorf("operator %q: parallelism %d: set at least 1", n.Name, p))
		return
	}
	n.Node.Parallelism = p
}

// MaxParallelism bounds the parallelism for the life of the operator's state, at most 32768.
func (s *Stream[T]) MaxParallelism(n int) *Stream[T] {
	s.own().Node.MaxParallelism = n
	return s
}

// SlotSharingGroup names the group of operators whose sub-tasks may share slots.
func (s *Stream[T]) SlotSharingGroup(name string) *Stream[T] {
	s.own().Node.SlotSharingGroup = name
	return s
}

// StartNewChain keeps the operator out of the task of the one before it.
func (s *Stream[T]) StartNewChain() *Stream[T] {
	s.own().Chaining = graph.ChainHead
	return s
}

// DisableChaining gives the operator a task of its own.
func (s *Stream[T]) DisableChaining() *Stream[T] {
	s.own().Chaining = graph.ChainNever
	return s
}

// BufferTimeout sets how long, in milliseconds, the operator's rows wait for others before they are sent; 0 sends after
// each batch.
func (s *Stream[T]) BufferTimeout(ms int64) *Stream[T] {
	s.own().BufferTimeoutMillis = &ms
	return s
}

// Union returns a stream of all records of several streams of one type.
func Union[T any](first *Stream[T], others ...*Stream[T]) *Stream[T] {
	u := &Stream[T]{env: first.env}
	u.from = append(u.from, first.from...)
	for _, o := range others {
		if sameEnvironment(first, o) {
			u.from = append(u.from, o.from...)
		}
	}
	return u
}

// partitioned returns the stream with another way to spread it.
func (s *Stream[T]) partitioned(strategy shuffle.Strategy, p partitioner) *Stream[T] {
	r := &Stream[T]{env: s.env}
	for _, f := range s.from {
		r.from = append(r.from, origin{node: f.node, port: f.port, strategy: strategy, partitioner: p})
	}
	return r
}

// Forward sends each record to the sub-task of the same number; both sides have equal parallelism.
func Forward[T any](s *Stream[T]) *Stream[T] { return s.partitioned(shuffle.Forward, nil) }

// Rebalance deals records out to all sub-tasks in turn.
func Rebalance[T any](s *Stream[T]) *Stream[T] { return s.partitioned(shuffle.Rebalance, roundRobin) }

// Rescale deals records out in turn to a part of the sub-tasks, so that each producer or consumer has few partners.
func Rescale[T any](s *Stream[T]) *Stream[T] { return s.partitioned(shuffle.Rescale, roundRobin) }

func roundRobin(subtask, _ int) shuffle.Partitioner { return shuffle.NewRoundRobin(subtask) }

// Shuffle sends each record to a sub-task chosen at random.
func Shuffle[T any](s *Stream[T]) *Stream[T] {
	return s.partitioned(shuffle.Shuffle, func(subtask, _ int) shuffle.Partitioner { return shuffle.NewRandom(uint64(subtask)) })
}

// Broadcast sends each record to every sub-task.
func Broadcast[T any](s *Stream[T]) *Stream[T] { return s.partitioned(shuffle.Broadcast, nil) }

// Global sends all records to sub-task 0.
func Global[T any](s *Stream[T]) *Stream[T] { return s.partitioned(shuffle.Global, nil) }

// PartitionCustom sends each record to the sub-task that choose returns for its key, from 0 to n-1.
func PartitionCustom[T, K any](s *Stream[T], choose func(key K, n int) int, key func(T) K) *Stream[T] {
	return s.partitioned(shuffle.Custom, func(int, int) shuffle.Partitioner { return custom[T, K]{choose, key} })
}

type custom[T, K any] struct {
	choose func(key K, n int) int
	key    func(T) K
}

// Select implements shuffle.Partitioner.
func (p custom[T, K]) Select(b *column.Batch, channels []uint32, n int) error {
	for i, v := range column.Rows[T](b) {
		c := p.choose(p.key(v), n)
		if c < 0 || c >= n {
			return fmt.Errorf("custom partitioner chose sub-task %d for %+v: choose one from 0 to %d", c, v, n-1)
		}
		channels[i] = uint32(c)
	}
	return nil
}
