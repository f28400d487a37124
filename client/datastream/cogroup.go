package datastream

import (
	"fmt"
	"time"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/window"
)

// Either is a record of one of two streams that share windows: what dynamic session gaps, triggers and evictors see.
type Either[A, B any] = operator.Either[A, B]

// CoGroupFunction is the form of a co-group function that has fields, Open or Close.
type CoGroupFunction[A, B any, K comparable, O any] = operator.CoGroupFunction[A, B, K, O]

// CoWindowOptions are the options of windows over two streams. The zero value is right for most.
type CoWindowOptions struct {
	// Trigger in place of the assigner's default.
	Trigger Trigger
	// Evictor takes records out of windows when they fire.
	Evictor Evictor
	// AllowedLateness keeps event-time windows for some time after their end.
	AllowedLateness time.Duration
}

// CoGroupWindow calls f for each key and window with the records that two streams have in it; either may have none. Late
// records are dropped and counted in the metric numLateRecordsDropped.
func CoGroupWindow[A, B any, K comparable, O any](a *KeyedStream[A, K], b *KeyedStream[B, K], assigner WindowAssigner, f func(ctx *WindowContext, key K, first []A, second []B, out *Collector[O]), options ...CoWindowOptions) *Stream[O] {
	return CoGroupWindowContext(a, b, assigner, func(ctx *WindowContext, key K, first []A, second []B, out *Collector[O]) error {
		f(ctx, key, first, second, out)
		return nil
	}, options...)
}

// CoGroupWindowContext is CoGroupWindow with a function that may fail.
func CoGroupWindowContext[A, B any, K comparable, O any](a *KeyedStream[A, K], b *KeyedStream[B, K], assigner WindowAssigner, f func(ctx *WindowContext, key K, first []A, second []B, out *Collector[O]) error, options ...CoWindowOptions) *Stream[O] {
	return CoGroupWindowWith(a, b, assigner, func() CoGroupFunction[A, B, K, O] { return operator.CoGroupFunc[A, B, K, O](f) }, options...)
}

// CoGroupWindowWith is CoGroupWindow with a function that is made once for each sub-task.
func CoGroupWindowWith[A, B any, K comparable, O any](a *KeyedStream[A, K], b *KeyedStream[B, K], assigner WindowAssigner, f func() CoGroupFunction[A, B, K, O], options ...CoWindowOptions) *Stream[O] {
	return coGroup(a, b, assigner, "CoGroup", f, options)
}

func coGroup[A, B any, K comparable, O any](a *KeyedStream[A, K], b *KeyedStream[B, K], assigner WindowAssigner, name string, f func() CoGroupFunction[A, B, K, O], options []CoWindowOptions) *Stream[O] {
	w := &WindowedStream[Either[A, B], K]{stream: &Stream[Either[A, B]]{env: a.stream.env}, assigner: assigner}
	w.stream.env.fail(window.Check[Either[A, B]](assigner))
	for _, o := range options {
		if o.Trigger != nil {
			w.Trigger(o.Trigger)
		}
		if o.Evictor != nil {
			w.Evictor(o.Evictor)
		}
		w.AllowedLateness(o.AllowedLateness)
	}
	if w.trigger == nil {
		w.trigger = assigner.DefaultTrigger()
	}
	return coTransform[A, B, O](a.stream, b.stream, fmt.Sprintf("Window(%v, %v, %s)", assigner, w.trigger, name), func(mode operator.Mode) operator.Operator {
		g := f()
		fold := operator.CollectGroups[A, B]()
		emit := func(ctx *WindowContext, key K, acc *operator.Groups[A, B], out *Collector[O]) error {
			return g.CoGroup(ctx, key, acc.First, acc.Second, out)
		}
		if w.evictor != nil {
			fold, emit, empty := operator.Evicting(w.evictor, fold, emit)
			return coWindow(w, mode, a, b, windowCode[Either[A, B], K, operator.Elements[Either[A, B]], O]{fold: fold, emit: emit, functions: []any{g}}, empty)
		}
		return coWindow(w, mode, a, b, windowCode[Either[A, B], K, operator.Groups[A, B], O]{fold: fold, emit: emit, functions: []any{g}}, nil)
	})
}

// coWindow returns the operator for windows over two streams.
func coWindow[A, B any, K comparable, Acc, O any](w *WindowedStream[Either[A, B], K], mode operator.Mode, a *KeyedStream[A, K], b *KeyedStream[B, K], x windowCode[Either[A, B], K, Acc, O], empty func(*Acc) bool) operator.Operator {
	op := operator.NewWindowCoGroup(generalWindow(w, x, empty), a.key, b.key)
	if mode == operator.Batch {
		return operator.NewSortedInput(op, operator.SortBy(a.keys()), operator.SortBy(b.keys()))
	}
	return op
}
