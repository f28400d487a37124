package datastream

import (
	"fmt"
	"slices"

	"github.com/leatproject/leat/runtime/operator"
)

// OutputTag names a side output for records of type T.
type OutputTag[T any] = operator.OutputTag[T]

// NewOutputTag returns a tag for side outputs: functions emit by EmitTo, SideOutput reads. The name is unique among the side
// outputs of an operator.
func NewOutputTag[T any](name string) *OutputTag[T] { return operator.NewOutputTag[T](name) }

// Emitter is the context of any kind of function: *Context and what embeds it.
type Emitter interface{ Base() *Context }

// EmitTo emits v, with the timestamp of the current record, on the side output of tag. What nobody reads is dropped.
func EmitTo[T any](ctx Emitter, tag *OutputTag[T], v T) { operator.EmitTo(ctx.Base(), tag, v) }

// SideOutput returns the stream of what the operator that made s emits on the side output of tag.
func SideOutput[S, T any](s *Stream[S], tag *OutputTag[T]) *Stream[T] {
	if len(s.from) != 1 {
		s.env.fail(fmt.Errorf("side output %q of a union: take it of each of the streams", tag.Name()))
	}
	n := s.node()
	if was, ok := n.sides[tag.Name()]; ok && was != typeName[T]() {
		s.env.fail(fmt.Errorf("side output %q of %q has type %s, not %s: give each type a tag of its own name", tag.Name(), n.Name, was, typeName[T]()))
	}
	port := slices.Index(n.SideOutputs, tag.Name())
	if port < 0 {
		port = len(n.SideOutputs)
		n.SideOutputs = append(n.SideOutputs, tag.Name())
		if n.sides == nil {
			n.sides = map[string]string{}
		}
		n.sides[tag.Name()] = typeName[T]()
	}
	return &Stream[T]{s.env, []origin{{node: n, port: port + 1}}}
}
