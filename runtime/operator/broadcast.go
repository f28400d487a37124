package operator

import (
	"fmt"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
)

// BroadcastDescriptor names a broadcast state and its types; see NewBroadcastDescriptor.
type BroadcastDescriptor interface {
	// Name is the name of the state.
	Name() string
	make() (broadcastState, error)
}

// broadcastState is a state.Broadcast, whatever its types.
type broadcastState interface {
	Save() ([][]byte, error)
	Load(elements [][]byte) error
	Row() *column.Schema
}

// BroadcastStateDescriptor is the descriptor of a broadcast state from K to V.
type BroadcastStateDescriptor[K comparable, V any] struct{ name string }

// NewBroadcastDescriptor returns a descriptor. The name is unique within the operator.
func NewBroadcastDescriptor[K comparable, V any](name string) *BroadcastStateDescriptor[K, V] {
	return &BroadcastStateDescriptor[K, V]{name}
}

// Name implements BroadcastDescriptor.
func (d *BroadcastStateDescriptor[K, V]) Name() string { return d.name }

func (d *BroadcastStateDescriptor[K, V]) make() (broadcastState, error) {
	return state.NewBroadcast[K, V](d.name)
}

// CheckBroadcast tells what is wrong with descriptors: a type that cannot be encoded, a name that is used twice.
func CheckBroadcast(descriptors []BroadcastDescriptor) error {
	_, err := newBroadcastStates(descriptors, new(States))
	return err
}

// broadcastStates are the broadcast states of an operator by name.
type broadcastStates map[string]broadcastState

func newBroadcastStates(descriptors []BroadcastDescriptor, saved *States) (broadcastStates, error) {
	all := broadcastStates{}
	for _, d := range descriptors {
		if _, twice := all[d.Name()]; twice {
			return nil, fmt.Errorf("broadcast state %q is declared twice: give each a name of its own", d.Name())
		}
		s, err := d.make()
		if err != nil {
			return nil, err
		}
		if err := s.Load(saved.AddList(OperatorState{Name: "broadcast/" + d.Name(), Broadcast: true, Row: s.Row(), Save: s.Save})); err != nil {
			return nil, fmt.Errorf("broadcast state %q: %w", d.Name(), err)
		}
		all[d.Name()] = s
	}
	return all, nil
}

// BroadcastReader is a context that may read broadcast state; BroadcastWriter one that may change it, too.
type (
	BroadcastReader interface{ readable() broadcastStates }
	BroadcastWriter interface{ writable() broadcastStates }
)

// BroadcastState returns the broadcast state of d, for a record of the broadcast stream.
func BroadcastState[K comparable, V any](ctx BroadcastWriter, d *BroadcastStateDescriptor[K, V]) *state.Broadcast[K, V] {
	return broadcastOf(ctx.writable(), d)
}

// ReadOnlyBroadcastState returns the broadcast state of d, for a record of the other stream.
func ReadOnlyBroadcastState[K comparable, V any](ctx BroadcastReader, d *BroadcastStateDescriptor[K, V]) *state.ReadOnlyBroadcast[K, V] {
	return &broadcastOf(ctx.readable(), d).ReadOnlyBroadcast
}

// broadcastOf panics on a descriptor that was not given to the operator, which the task turns into an error.
func broadcastOf[K comparable, V any](all broadcastStates, d *BroadcastStateDescriptor[K, V]) *state.Broadcast[K, V] {
	s, ok := all[d.name].(*state.Broadcast[K, V])
	if !ok {
		panic(fmt.Sprintf("broadcast state %q of these types was not declared: give its descriptor to ConnectBroadcast", d.name))
	}
	return s
}

// ReadOnlyContext is what functions are given for a record of the stream that is not broadcast.
type ReadOnlyContext struct {
	*FunctionContext
	states broadcastStates
}

func (c *ReadOnlyContext) readable() broadcastStates { return c.states }

// BroadcastContext is what functions are given for a record of the broadcast stream.
type BroadcastContext struct {
	*FunctionContext
	states broadcastStates
}

func (c *BroadcastContext) writable() broadcastStates { return c.states }

// BroadcastProcessFunction sees the records of a stream and of a broadcast stream. To keep the broadcast state alike in all
// sub-tasks, what it does with a broadcast record must depend on that and on the broadcast state alone.
type BroadcastProcessFunction[A, B, O any] interface {
	ProcessElement(ctx *ReadOnlyContext, v A, out *Collector[O]) error
	ProcessBroadcastElement(ctx *BroadcastContext, v B, out *Collector[O]) error
}

// BroadcastProcessFuncs is a BroadcastProcessFunction of two plain functions.
type BroadcastProcessFuncs[A, B, O any] struct {
	Element   func(ctx *ReadOnlyContext, v A, out *Collector[O]) error
	Broadcast func(ctx *BroadcastContext, v B, out *Collector[O]) error
}

// ProcessElement implements BroadcastProcessFunction.
func (f BroadcastProcessFuncs[A, B, O]) ProcessElement(ctx *ReadOnlyContext, v A, out *Collector[O]) error {
	return f.Element(ctx, v, out)
}

// ProcessBroadcastElement implements BroadcastProcessFunction.
func (f BroadcastProcessFuncs[A, B, O]) ProcessBroadcastElement(ctx *BroadcastContext, v B, out *Collector[O]) error {
	return f.Broadcast(ctx, v, out)
}

// BroadcastProcess calls a function for each record of a stream (input 0) and of a broadcast stream (input 1). In BATCH all
// broadcast records come first (see BroadcastFirst).
type BroadcastProcess[A, B, O any] struct {
	CoProcess[A, B, O]
	Function    BroadcastProcessFunction[A, B, O]
	Descriptors []BroadcastDescriptor
}

// Open implements Operator.
func (p *BroadcastProcess[A, B, O]) Open(ctx *Context) error {
	states, err := newBroadcastStates(p.Descriptors, &ctx.States)
	if err != nil {
		return err
	}
	p.CoProcess.Function = &broadcastSides[A, B, O]{lifecycle: lifecycle{p.Function}, f: p.Function, states: states}
	return p.CoProcess.Open(ctx)
}

// broadcastSides is a BroadcastProcessFunction as a CoProcessFunction.
type broadcastSides[A, B, O any] struct {
	lifecycle
	f      BroadcastProcessFunction[A, B, O]
	states broadcastStates
	read   *ReadOnlyContext
	write  *BroadcastContext
}

// Open implements Opener.
func (s *broadcastSides[A, B, O]) Open(ctx *FunctionContext) error {
	s.read, s.write = &ReadOnlyContext{ctx, s.states}, &BroadcastContext{ctx, s.states}
	return s.lifecycle.Open(ctx)
}

func (s *broadcastSides[A, B, O]) ProcessElement1(_ *FunctionContext, v A, out *Collector[O]) error {
	return s.f.ProcessElement(s.read, v, out)
}

func (s *broadcastSides[A, B, O]) ProcessElement2(_ *FunctionContext, v B, out *Collector[O]) error {
	return s.f.ProcessBroadcastElement(s.write, v, out)
}
