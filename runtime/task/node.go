package task

import (
	"fmt"
	"runtime/debug"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// node is an operator in its task.
type node struct {
	task  *Task
	op    operator.Operator
	ctx   *operator.Context
	spec  Spec
	valve *valve
	// inputs[i] is the number of channels of logical input i that have not ended.
	inputs  []int
	open    int // inputs that have not ended
	queue   []arrival
	head    int
	from    int // rows of the first element of the queue that have been taken
	more    bool
	paused  bool         // waits for mail or a tick
	opened  bool         // Open was called
	resumed func() error // what follows when the running call has ended
	wakeAt  int64        // processing time of the next Tick, 0 = none
	ended   bool
	passes  bool  // watermarks are passed on by the task
	ending  int64 // the superstep that is about to end, 0 = none

	recordsIn, bytesIn int64
}

// arrival is an element in the queue of a node.
type arrival struct {
	channel, input int
	element        shuffle.Element
}

func (n *node) busy() bool { return n.more || n.head < len(n.queue) }

// paced tells whether what the operator waits for is a measure of how many rows it can take.
func (n *node) paced() bool { _, ok := n.op.(operator.Paced); return ok }

func (n *node) push(a arrival) {
	if n.head == len(n.queue) {
		n.queue, n.head = n.queue[:0], 0
	}
	n.queue = append(n.queue, a)
}

// step makes one call of the operator: it resumes what is under way, else takes the next element of the queue.
func (n *node) step() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = n.panicked(r, debug.Stack())
		}
	}()
	if n.more {
		more, err := n.op.Resume()
		return n.done(more, err)
	}
	return n.take(n.next())
}

// call makes a call outside the queue (Tick, mail), with the panic guard of step. It may come while another call is to
// be resumed, and it ends a pause.
func (n *node) call(f func() (bool, error)) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = n.panicked(r, debug.Stack())
		}
	}()
	n.paused = false
	more, err := f()
	if err != nil {
		return n.failed(err)
	}
	n.ctx.Flush()
	n.more = n.more || more
	return nil
}

// done notes the outcome of a call.
func (n *node) done(more bool, err error) error {
	if err != nil {
		return n.failed(err)
	}
	n.ctx.Flush()
	n.more = more
	if !more && n.resumed != nil {
		f := n.resumed
		n.resumed = nil
		return f()
	}
	return nil
}

// then runs f when the call that answered more has ended.
func (n *node) then(more bool, err error, f func() error) error {
	n.resumed = f
	return n.done(more, err)
}

func (n *node) take(a arrival) error {
	switch a.element.Kind {
	case shuffle.Batch:
		n.recordsIn += int64(a.element.Batch.Len())
		n.bytesIn += int64(a.element.Bytes)
		if n.valve.channels[a.channel].idle {
			if err := n.follow(n.valve.setIdle(a.channel, false), nil); err != nil {
				return err
			}
		}
		return n.done(n.op.Process(a.input, a.element.Batch))
	case shuffle.Watermark:
		if a.channel == noChannel {
			return n.follow(change{advanced: true, watermark: a.element.Time}, nil)
		}
		return n.follow(n.valve.watermark(a.channel, a.element.Time), nil)
	case shuffle.Idle:
		return n.follow(n.valve.setIdle(a.channel, true), nil)
	case shuffle.Active:
		return n.follow(n.valve.setIdle(a.channel, false), nil)
	case shuffle.End:
		if a.channel == noChannel {
			return n.channelEnded(a.input)
		}
		return n.follow(n.valve.end(a.channel), func() error { return n.channelEnded(a.input) })
	case shuffle.Superstep:
		n.ending = a.element.Time
		n.valve.superstep(a.channel)
		return n.superstep()
	}
	return fmt.Errorf("element of unknown kind %d", a.element.Kind)
}

// noChannel is the channel of elements that come from no producer.
const noChannel = -1

// endUnconnected ends the inputs that no producer sends to, such as those of all sub-tasks but one behind Global.
func (n *node) endUnconnected() {
	alone := true
	for _, channels := range n.inputs {
		alone = alone && channels == 0
	}
	if alone {
		n.push(arrival{noChannel, 0, shuffle.Element{Kind: shuffle.Watermark, Time: shuffle.MaxWatermark}})
	}
	for i, channels := range n.inputs {
		if channels == 0 {
			n.inputs[i] = 1
			n.push(arrival{noChannel, i, shuffle.Element{Kind: shuffle.End}})
		}
	}
}

// follow does what follows from a change of event time, then f.
func (n *node) follow(ch change, f func() error) error {
	rest := func() error {
		if n.passes {
			if ch.advanced {
				n.signal(shuffle.Element{Kind: shuffle.Watermark, Time: ch.watermark})
			}
			if ch.idle {
				n.signal(shuffle.Element{Kind: shuffle.Idle})
			}
			if ch.active {
				n.signal(shuffle.Element{Kind: shuffle.Active})
			}
		} else if l, ok := n.op.(operator.IdlenessListener); ok && (ch.idle || ch.active) {
			l.InputIdle(ch.idle)
		}
		if f != nil {
			return f()
		}
		return nil
	}
	if !ch.advanced {
		return rest()
	}
	n.spec.Metrics.Advanced(ch.watermark)
	more, err := n.op.Advance(ch.watermark)
	return n.then(more, err, rest)
}

func (n *node) channelEnded(input int) error {
	n.inputs[input]--
	if n.inputs[input] > 0 {
		return n.superstep()
	}
	n.open--
	more, err := n.op.EndInput(input)
	return n.then(more, err, func() error {
		if source := n.task.source != nil && n == n.task.nodes[0]; n.open == 0 && !source {
			n.end()
		}
		return n.superstep()
	})
}

// superstep ends the superstep when it has ended on all channels.
func (n *node) superstep() error {
	if n.ending == 0 || !n.valve.aligned() {
		return nil
	}
	var more bool
	var err error
	if l, ok := n.op.(operator.SuperstepListener); ok {
		more, err = l.EndSuperstep()
	}
	return n.then(more, err, func() error {
		n.signal(shuffle.Element{Kind: shuffle.Superstep, Time: n.ending})
		n.ending = 0
		return nil
	})
}

// end passes the end on; nothing follows it.
func (n *node) end() {
	if !n.ended {
		n.ended = true
		n.signal(shuffle.Element{Kind: shuffle.End})
	}
}

func (n *node) signal(e shuffle.Element) {
	for _, o := range n.ctx.Outputs {
		o.Signal(e)
	}
}

func (n *node) failed(err error) error {
	return &Failure{Operator: n.spec.Name, Subtask: n.ctx.Subtask, Parallelism: n.ctx.Parallelism, Record: n.record(), Err: err}
}

func (n *node) panicked(r any, stack []byte) error {
	return &Failure{Operator: n.spec.Name, Subtask: n.ctx.Subtask, Parallelism: n.ctx.Parallelism, Record: n.record(),
		Err: operator.PanicError(r), Stack: string(stack)}
}

// record prints the record that the operator is at, shortened.
func (n *node) record() string {
	r, ok := n.op.(operator.RecordNamer)
	if !ok {
		return ""
	}
	v, ok := r.CurrentRecord()
	if !ok {
		return ""
	}
	s := fmt.Sprintf("%+v", v)
	if len(s) > 300 {
		s = s[:300] + "..."
	}
	return s
}

// Failure is an error or a panic of an operator.
type Failure struct {
	Operator             string
	Subtask, Parallelism int
	// Record is the record being processed, printed, or empty.
	Record string
	Err    error
	// Stack is set for panics.
	Stack string
}

// Error implements error: operator, sub-task, record, cause.
func (f *Failure) Error() string {
	s := fmt.Sprintf("%s (%d/%d): %v", f.Operator, f.Subtask+1, f.Parallelism, f.Err)
	if f.Record != "" {
		s += "; at record " + f.Record
	}
	if f.Stack != "" {
		s += "\n" + f.Stack
	}
	return s
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// target is one reader of an output: a chained node or a writer.
type target struct {
	node    *node
	input   int
	channel int
	writer  *shuffle.Writer
}

// connect makes the functions of an output port that has these readers.
func (t *Task) connect(o *operator.Output, targets []target) {
	o.Signal = func(e shuffle.Element) {
		for _, x := range targets {
			if x.node != nil {
				x.node.push(arrival{x.channel, x.input, e})
			} else {
				x.writer.Control(e)
			}
		}
	}
	switch len(targets) {
	case 0:
		o.Send = func(b *column.Batch) { b.Release() }
	case 1:
		o.Send = func(b *column.Batch) { t.send(targets[0], b) }
	default:
		o.Send = func(b *column.Batch) {
			for _, x := range targets[1:] {
				t.send(x, b.Copy())
			}
			t.send(targets[0], b)
		}
	}
}

func (t *Task) send(x target, b *column.Batch) {
	if x.node != nil {
		x.node.push(arrival{x.channel, x.input, shuffle.Element{Kind: shuffle.Batch, Batch: b}})
		return
	}
	if err := x.writer.Write(b, t.now()); err != nil && t.err == nil {
		t.err = err
	}
}
