package datastream

import (
	"context"
	"fmt"
	"time"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/scheduler"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// Harness runs a pipeline step by step in a test: records and watermarks go in by hand, time moves only when it is told
// to, and what comes out can be looked at after each step. Everything happens on the test's own goroutine, so runs are
// repeatable; functions that wait for other goroutines (async I/O, sources and sinks of connectors) do not belong into it.
//
//	h := datastream.NewHarness()
//	in, stream := datastream.HarnessSource[Order](h)
//	out := datastream.HarnessSink(h, datastream.Filter(stream, large))
//	h.Open()
//	in.PushAt(order, 1000)
//	in.Watermark(2000)
//	require.Equal(t, ..., out.Take())
//	h.Close()
type Harness struct {
	// Env is the program under test; set its mode and options before Open.
	Env   *Environment
	clock *clock.Virtual
	local *scheduler.Local
	spill *spill.Dir
	// closeState removes what the state of keys has on disk; nil before Open.
	closeState func() error
	err        error
	// snapshots is what has been taken, nil if the program is not prepared for it.
	snapshots *HarnessSnapshots
}

// NewHarness returns a harness in STREAMING mode with parallelism 1, whose clock stands at the epoch.
func NewHarness(options ...Option) *Harness {
	h := &Harness{clock: clock.NewVirtual(time.UnixMilli(0))}
	h.Env = NewEnvironment(append([]Option{WithClock(h.clock), WithConfig(config.RuntimeMode.Key, string(config.Streaming)),
		WithConfig(config.DefaultParallelism.Key, "1")}, options...)...)
	return h
}

// Element is a record or a watermark that came out of a pipeline.
type Element[T any] struct {
	Value T
	// Time is the timestamp in milliseconds of a record that has one (HasTime), or the watermark.
	Time      int64
	HasTime   bool
	Watermark bool
}

// HarnessInput is a source that a test feeds.
type HarnessInput[T any] struct {
	h      *Harness
	queue  []shuffle.Element
	ended  bool
	wake   func()
	output *operator.Output
}

// HarnessSource adds a source that the test feeds, and its stream.
func HarnessSource[T any](h *Harness) (*HarnessInput[T], *Stream[T]) {
	in := &HarnessInput[T]{h: h}
	s := newSource[T](h.Env, &node{
		Node:     graph.Node{Name: "Harness Source", Bounded: true},
		operator: func(operator.Mode) operator.Operator { return &harnessSource[T]{in: in} },
		fixed:    1,
	})
	return in, s
}

// Push feeds records without timestamps, as one batch, and runs the pipeline until it has nothing to do.
func (in *HarnessInput[T]) Push(values ...T) {
	in.put(shuffle.Element{Kind: shuffle.Batch, Batch: column.BatchOf(append([]T(nil), values...))})
}

// PushAt feeds a record with a timestamp in milliseconds.
func (in *HarnessInput[T]) PushAt(value T, ms int64) {
	b := column.BatchOf([]T{value})
	b.Times = []int64{ms}
	in.put(shuffle.Element{Kind: shuffle.Batch, Batch: b})
}

// Watermark feeds a watermark in milliseconds.
func (in *HarnessInput[T]) Watermark(ms int64) {
	in.put(shuffle.Element{Kind: shuffle.Watermark, Time: ms})
}

// Idle says that the source does not hold back event time until something is fed again.
func (in *HarnessInput[T]) Idle() { in.put(shuffle.Element{Kind: shuffle.Idle}) }

// End ends the source.
func (in *HarnessInput[T]) End() {
	in.ended = true
	in.wake()
	in.h.settle()
}

func (in *HarnessInput[T]) put(e shuffle.Element) {
	in.queue = append(in.queue, e)
	in.wake()
	in.h.settle()
}

type harnessSource[T any] struct {
	operator.Base
	in *HarnessInput[T]
}

func (s *harnessSource[T]) EmitsWatermarks() {}

func (s *harnessSource[T]) Open(ctx *operator.Context) error {
	s.in.wake, s.in.output = ctx.Wake, ctx.Output(0)
	return nil
}

func (s *harnessSource[T]) Process(int, *column.Batch) (bool, error) { return false, nil }

func (s *harnessSource[T]) Poll() (operator.Availability, error) {
	if len(s.in.queue) == 0 {
		if s.in.ended {
			return operator.Ended, nil
		}
		return operator.Waiting, nil
	}
	e := s.in.queue[0]
	s.in.queue = s.in.queue[1:]
	if e.Kind == shuffle.Batch {
		s.in.output.Emit(e.Batch)
	} else {
		s.in.output.Signal(e)
	}
	return operator.Ready, nil
}

// HarnessOutput keeps what comes out of a stream.
type HarnessOutput[T any] struct {
	elements  []Element[T]
	watermark int64
}

// HarnessSink ends a stream in a sink that the test looks at.
func HarnessSink[T any](h *Harness, s *Stream[T]) *HarnessOutput[T] {
	out := &HarnessOutput[T]{watermark: shuffle.MinWatermark}
	n := &node{Node: graph.Node{Kind: graph.Sink, Name: "Harness Sink"}, fixed: 1,
		operator: func(operator.Mode) operator.Operator { return &harnessSink[T]{out: out} }}
	connect(n, s, 0)
	h.Env.add(n)
	return out
}

// Take returns the records and watermarks that have come out since the last call.
func (o *HarnessOutput[T]) Take() []Element[T] {
	e := o.elements
	o.elements = nil
	return e
}

// Values is Take for the values of records only.
func (o *HarnessOutput[T]) Values() []T {
	var vs []T
	for _, e := range o.Take() {
		if !e.Watermark {
			vs = append(vs, e.Value)
		}
	}
	return vs
}

// Watermark is the event time that has come out, in milliseconds.
func (o *HarnessOutput[T]) Watermark() int64 { return o.watermark }

type harnessSink[T any] struct {
	operator.Base
	out *HarnessOutput[T]
}

func (s *harnessSink[T]) Process(_ int, b *column.Batch) (bool, error) {
	for i, v := range column.Rows[T](b) {
		e := Element[T]{Value: v}
		if t := b.Time(i); t != column.NoTime {
			e.Time, e.HasTime = t, true
		}
		s.out.elements = append(s.out.elements, e)
	}
	b.Release()
	return false, nil
}

func (s *harnessSink[T]) Advance(watermark int64) (bool, error) {
	s.out.watermark = watermark
	s.out.elements = append(s.out.elements, Element[T]{Time: watermark, Watermark: true})
	return false, nil
}

// Open checks the program, as Execute does, and opens its operators.
func (h *Harness) Open() error {
	job, mode, err := h.Env.plan("harness", 0)
	if err != nil {
		return &RejectedError{err}
	}
	if (code{nodes: h.Env.nodes, mode: mode}).spills() {
		if h.spill, err = h.Env.openSpill(); err != nil {
			return err
		}
	}
	opt := h.Env.options(mode)
	opt.JobID, opt.Spill = newJobID(), h.spill
	if opt.State, h.closeState, err = h.Env.openState(mode); err != nil {
		return err
	}
	if h.snapshots != nil {
		if err := (code{nodes: h.Env.nodes, mode: mode}).saved(mode == operator.Streaming); err != nil {
			return &RejectedError{err}
		}
		h.snapshots.prepare(&opt)
	}
	h.local = scheduler.NewLocal(job, code{nodes: h.Env.nodes, mode: mode}, opt)
	if err := h.local.Open(context.Background()); err != nil {
		return err
	}
	h.settle()
	return h.err
}

// maxTurns bounds the steps after one push, so that a pipeline that feeds itself for ever fails the test.
const maxTurns = 10_000_000

func (h *Harness) settle() {
	for range maxTurns {
		if h.err != nil {
			return
		}
		worked, err := h.local.Turn()
		if err != nil {
			h.err = err
		}
		if !worked {
			return
		}
	}
	h.err = fmt.Errorf("the pipeline did not come to rest after %d turns", maxTurns)
}

// Advance moves processing time on and fires what is due, a millisecond that something waits for at a time. Before Open it sets
// the time at which the harness begins.
func (h *Harness) Advance(d time.Duration) {
	end := h.clock.Now().Add(d)
	for h.local != nil {
		at, ok := h.local.NextTimer()
		if !ok || at.After(end) {
			break
		}
		h.clock.Advance(max(0, at.Sub(h.clock.Now())))
		h.settle()
		if h.err != nil {
			return
		}
	}
	h.clock.Advance(end.Sub(h.clock.Now()))
	if h.local != nil {
		h.settle()
	}
}

// Now is the harness's processing time.
func (h *Harness) Now() time.Time { return h.clock.Now() }

// Timers is the number of timers that wait at the operators of that name, in event time and in processing time.
func (h *Harness) Timers(operatorName string) (event, processing int) {
	return h.local.Timers(operatorName)
}

// Metric adds up a metric over the operators of that name.
func (h *Harness) Metric(operatorName, metric string) int64 {
	r := Result{Vertices: h.local.Status()}
	return r.Metric(operatorName, metric)
}

// Err is the failure of the pipeline, if it has failed: what Execute would return.
func (h *Harness) Err() error { return h.err }

// Close closes the operators.
func (h *Harness) Close() error {
	if h.local == nil {
		return nil
	}
	err := h.local.Close()
	if h.spill != nil {
		if e := h.spill.Close(); err == nil {
			err = e
		}
	}
	if e := h.closeState(); err == nil {
		err = e
	}
	return err
}
