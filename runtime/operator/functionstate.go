package operator

import (
	"errors"
	"fmt"

	"github.com/leatproject/leat/runtime/state"
)

// ValueState declares a value for each key. Call it in Open and keep what it returns; the same goes for its siblings. What
// is wrong with a declaration fails the operator when Open has returned.
func ValueState[V any](ctx *FunctionContext, d state.Descriptor) *state.Value[V] {
	return declareState(ctx, d, state.NewValue[V])
}

// ListState declares a list for each key.
func ListState[V any](ctx *FunctionContext, d state.Descriptor) *state.List[V] {
	return declareState(ctx, d, state.NewList[V])
}

// MapState declares a map for each key.
func MapState[UK comparable, UV any](ctx *FunctionContext, d state.Descriptor) *state.Map[UK, UV] {
	return declareState(ctx, d, state.NewMap[UK, UV])
}

// ReducingState declares a value for each key that takes in others by reduce.
func ReducingState[V any](ctx *FunctionContext, d state.Descriptor, reduce func(a, b V) V) *state.Reducing[V] {
	return declareState(ctx, d, func(s *state.Slots, d state.Descriptor) (*state.Reducing[V], error) {
		return state.NewReducing(s, d, reduce)
	})
}

// AggregatingState declares an accumulator for each key that takes in values by f.
func AggregatingState[I, A, O any](ctx *FunctionContext, d state.Descriptor, f AggregateFunction[I, A, O]) *state.Aggregating[I, A, O] {
	return declareState(ctx, d, func(s *state.Slots, d state.Descriptor) (*state.Aggregating[I, A, O], error) {
		return state.NewAggregating(s, d, f)
	})
}

// declareState declares a state by new. Where it is not allowed at all it panics, which the task turns into an error.
func declareState[S any](ctx *FunctionContext, d state.Descriptor, new func(*state.Slots, state.Descriptor) (S, error)) (none S) {
	switch {
	case !ctx.opening:
		panic(fmt.Sprintf("state %q was asked for after Open: get it in Open and keep it", d.Name))
	case ctx.states == nil:
		ctx.mistakes = append(ctx.mistakes, fmt.Errorf("state %q: %w", d.Name, errNoKeys))
		return none
	}
	s, err := new(ctx.states, d)
	if err != nil {
		ctx.mistakes = append(ctx.mistakes, err)
	}
	return s
}

var errNoKeys = errors.New("keyed state needs a keyed stream: use KeyBy before this operator")
