package operator

import (
	"fmt"
	"slices"
)

// OutputTag names a side output for records of type T.
type OutputTag[T any] struct{ name string }

// NewOutputTag returns a tag. The name is unique among the side outputs of an operator. A tag may be shared by all
// sub-tasks.
func NewOutputTag[T any](name string) *OutputTag[T] { return &OutputTag[T]{name} }

// Name is the name of the side output.
func (t *OutputTag[T]) Name() string { return t.name }

// sideOutput is a side output that a function has used.
type sideOutput struct {
	tag       any // *OutputTag[T]
	collector any // *Collector[T], nil if nobody reads it
}

// EmitTo emits v, with the timestamp of the current record, on the side output of tag. What nobody reads is dropped.
func EmitTo[T any](ctx *FunctionContext, tag *OutputTag[T], v T) {
	for i := range ctx.sides {
		if ctx.sides[i].tag == any(tag) {
			if c, _ := ctx.sides[i].collector.(*Collector[T]); c != nil {
				c.SetTime(ctx.time)
				c.Collect(v)
			}
			return
		}
	}
	openSide(ctx, tag)
	EmitTo(ctx, tag, v)
}

// openSide finds the output of a tag that is used for the first time.
func openSide[T any](ctx *FunctionContext, tag *OutputTag[T]) {
	s := sideOutput{tag: tag}
	for _, o := range ctx.sides {
		if named, ok := o.tag.(interface{ Name() string }); ok && named.Name() == tag.name {
			if _, same := o.tag.(*OutputTag[T]); !same {
				panic(fmt.Sprintf("side output %q is used with %T and %T: give each type a tag of its own name", tag.name, o.tag, tag))
			}
			s.collector = o.collector
			ctx.sides = append(ctx.sides, s)
			return
		}
	}
	if port := slices.Index(ctx.op.SideOutputs, tag.name); port >= 0 {
		c := NewCollector[T](ctx.op.Output(port + 1))
		s.collector = c
		ctx.op.flushes = append(ctx.op.flushes, c.Flush)
	}
	ctx.sides = append(ctx.sides, s)
}
