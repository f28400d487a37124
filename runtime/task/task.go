package task

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/spill"
)

// Config is what all operators of a task have in common.
type Config struct {
	JobID, JobName, Name                          string
	Subtask, Parallelism, MaxParallelism, Attempt int
	Mode                                          operator.Mode
	Clock                                         clock.Clock
	Logger                                        *slog.Logger
	Memory                                        *spill.Memory
	Spill                                         *spill.Dir
	// State says where the state of keys lives.
	State state.Options
	// Network is the budget for rows on their way to and from the task; it may be nil.
	Network *shuffle.Memory
	// BufferTimeout is how long a row waits for others before it is sent; 0 sends after each batch of input.
	BufferTimeout         time.Duration
	AutoWatermarkInterval time.Duration
	// Checkpoints is nil if there are none.
	Checkpoints *Checkpoints
}

// Task is one sub-task of a chain of operators. New, Connect and Wire, then Run on a goroutine of its own.
type Task struct {
	cfg     Config
	nodes   []*node // in topological order, the head first
	gate    *shuffle.Gate
	writers []*shuffle.Writer
	edges   []Edge // of the writers
	source  operator.SourceOperator
	srcWait bool // the source has nothing until it wakes the task

	woken  chan struct{}
	mu     sync.Mutex
	mail   []letter
	orders []func() // about checkpoints
	closed bool

	ctx  context.Context
	err  error // of a writer
	time time.Time

	alarmAt   time.Time
	stopAlarm func()

	progress
	portion portion

	Stats Stats
}

type letter struct {
	node *node
	f    func() (bool, error)
}

// Stats is what a task tells about itself. Safe for concurrent use.
type Stats struct {
	// BytesIn and BytesOut are the memory of the rows; BuffersOut is the number of batches sent.
	RecordsIn, RecordsOut, BytesIn, BytesOut, BuffersOut atomic.Int64
	// OutPoolUsage is the part of the memory for output that is in use, in thousandths: 1000 while there is no room.
	OutPoolUsage atomic.Int64
	// Watermark is the event time of the head operator in milliseconds.
	Watermark atomic.Int64
	// Busy, Idle and BackPressured are nanoseconds of the task's life.
	Busy, Idle, BackPressured atomic.Int64
	// Alignment is that of the newest checkpoint, and StartDelay the time from its beginning to its first barrier, in nanoseconds. Whoever
	// knows when it has begun sets StartDelay.
	Alignment, StartDelay atomic.Int64
	// Initialization is for how many milliseconds the operators were opened and restored.
	Initialization atomic.Int64
}

// New builds a task. specs are in topological order with the head first; its head has a gate unless it is a source.
func New(cfg Config, specs []Spec) *Task {
	t := &Task{cfg: cfg, woken: make(chan struct{}, 1)}
	t.portion.rows.Store(firstPortion)
	t.gate = shuffle.NewGate(cfg.Network, t.wake)
	t.Stats.Watermark.Store(shuffle.MinWatermark)
	for _, s := range specs {
		n := &node{task: t, op: s.Operator, spec: s, inputs: make([]int, s.Inputs), open: s.Inputs}
		_, own := s.Operator.(operator.WatermarkSource)
		n.passes = !own
		if s.Upstream >= 0 {
			n.inputs[0] = 1
			n.valve = newValve(1)
		}
		t.nodes = append(t.nodes, n)
	}
	t.source, _ = specs[0].Operator.(operator.SourceOperator)
	return t
}

func (t *Task) wake() {
	select {
	case t.woken <- struct{}{}:
	default:
	}
}

func (t *Task) now() time.Time { return t.time }

// Run opens the operators, runs the task to its end and closes them. It returns the first error, or ctx's when that
// ended first. A task runs once.
func (t *Task) Run(ctx context.Context) (err error) {
	stop := context.AfterFunc(ctx, t.wake)
	defer stop()
	defer func() {
		if e := t.Close(); err == nil {
			err = e
		}
	}()
	if err := t.Open(ctx); err != nil {
		return err
	}
	return t.loop()
}

// Open opens the operators. Run calls it; with Turn and Close it is for harnesses that own the loop.
func (t *Task) Open(ctx context.Context) error {
	t.ctx, t.time = ctx, t.cfg.Clock.Now()
	t.skip()
	for _, n := range t.nodes {
		n.ctx.Context = ctx
		n.ctx.Restored = t.cfg.Checkpoints != nil && t.cfg.Checkpoints.Restored != nil // which may be known since Wire only
	}
	for i := len(t.nodes) - 1; i >= 0; i-- {
		n := t.nodes[i]
		n.opened = true
		restored, err := t.restored(n)
		if err != nil {
			return err
		}
		if err := n.call(func() (bool, error) { return false, errors.Join(n.op.Open(n.ctx), n.ctx.States.Err()) }); err != nil {
			return fmt.Errorf("open: %w", err)
		}
		if err := restored.keyed(n); err != nil {
			return err
		}
	}
	if err := t.restoreInFlight(); err != nil {
		return err
	}
	t.Stats.Initialization.Store(t.cfg.Clock.Now().Sub(t.time).Milliseconds())
	if t.source == nil || t.nodes[0].open > 0 {
		t.nodes[0].endUnconnected()
	}
	return nil
}

// Turn is one turn of the loop: mail, timers, then a bounded amount of work. worked tells whether there was any.
func (t *Task) Turn() (worked bool, err error) {
	t.time = t.cfg.Clock.Now()
	if t.ctx.Err() != nil {
		return false, context.Cause(t.ctx)
	}
	t.obey()
	t.hear()
	mailed, err := t.runMail()
	if err != nil {
		return false, err
	}
	ticked, err := t.tick()
	if err != nil {
		return false, err
	}
	if t.err != nil {
		return false, t.err
	}
	worked, err = t.work()
	saved := t.save()
	if !worked && (t.room() || t.cfg.BufferTimeout == 0) {
		t.flush()
	}
	return worked || mailed || ticked || saved, err
}

func (t *Task) loop() error {
	last := t.cfg.Clock.Now()
	for {
		worked, err := t.Turn()
		t.Stats.Busy.Add(int64(t.time.Sub(last)))
		last = t.time
		if err != nil {
			return err
		}
		if t.Ended() {
			t.publish()
			return nil
		}
		if worked {
			t.flushOld()
			continue
		}
		waiting, blocked := t.deepest()
		pressed := blocked || !t.room()
		t.publish()
		t.arm()
		select {
		case <-t.woken:
		case <-t.ctx.Done():
		}
		now := t.cfg.Clock.Now()
		if pressed {
			t.Stats.BackPressured.Add(int64(now.Sub(last)))
		} else {
			t.Stats.Idle.Add(int64(now.Sub(last)))
		}
		if blocked && waiting.paced() {
			t.portion.spent += now.Sub(last)
		}
		last = now
	}
}

// sliceTime is after what time of work a task looks at its mailbox.
const sliceTime = time.Millisecond

// work does a bounded amount of work: it drains what the operators have and takes one element of input.
func (t *Task) work() (worked bool, err error) {
	first := t.cfg.Clock.Now()
	began := first
	for range 64 {
		n, blocked := t.deepest()
		switch {
		case blocked:
			return worked, nil
		case t.due() && t.still():
			if t.drain() {
				break
			}
			if err := t.snapshot(); err != nil {
				return true, err
			}
		case !t.room() && (n == nil || !t.overdraws()):
			return worked, nil
		case n != nil:
			if n == t.nodes[0] && !n.more {
				t.portion.settle()
			}
			err := n.step()
			now := t.cfg.Clock.Now()
			t.portion.spent += now.Sub(began)
			began = now
			if err != nil {
				return true, err
			}
			if n.more || n.from > 0 || now.Sub(first) > sliceTime {
				return true, t.err // look at the mailbox
			}
		default:
			took, err := t.input()
			if err != nil || !took {
				return worked, err
			}
		}
		if t.err != nil {
			return true, t.err
		}
		worked = true
	}
	return true, nil
}

// deepest returns the last operator that has something to do. blocked says that it waits for mail.
func (t *Task) deepest() (n *node, blocked bool) {
	for i := len(t.nodes) - 1; i >= 0; i-- {
		if n := t.nodes[i]; n.busy() {
			return n, n.paused
		}
	}
	return nil, false
}

func (t *Task) room() bool {
	for _, w := range t.writers {
		if !w.Room() {
			return false
		}
	}
	return true
}

// input takes one element from the gate, or polls the source: when what it has for inputs has ended.
func (t *Task) input() (bool, error) {
	head := t.nodes[0]
	if t.source == nil || head.open > 0 {
		c, e, ok := t.gate.Receive()
		if !ok {
			return false, nil
		}
		t.received(c, e)
		switch e.Kind {
		case shuffle.Barrier:
			t.barrier(c, mark(e.Time))
			return true, nil
		case shuffle.End:
			t.channelDone(c.Index)
		}
		head.push(arrival{c.Index, c.Input, e})
		return true, nil
	}
	if head.ended || t.stopped() || t.waits() {
		return false, nil
	}
	t.setWaits(true) // before the poll: a wake during it counts
	t.portion.settle()
	var a operator.Availability
	emitted := head.ctx.Outputs[0].Records
	err := head.call(func() (more bool, err error) {
		a, err = t.source.Poll()
		return false, err
	})
	t.portion.taken += int(head.ctx.Outputs[0].Records - emitted)
	if err != nil {
		return true, err
	}
	switch a {
	case operator.Ready:
		t.setWaits(false)
	case operator.Ended:
		head.signal(shuffle.Element{Kind: shuffle.Watermark, Time: shuffle.MaxWatermark})
		head.end()
	}
	return true, nil
}

func (t *Task) waits() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.srcWait
}

func (t *Task) setWaits(w bool) {
	t.mu.Lock()
	t.srcWait = w
	t.mu.Unlock()
}

// Ended tells whether all operators have ended.
func (t *Task) Ended() bool {
	for _, n := range t.nodes {
		if !n.ended {
			return false
		}
	}
	return true
}

func (t *Task) runMail() (any bool, err error) {
	t.mu.Lock()
	mail := t.mail
	t.mail = nil
	t.mu.Unlock()
	for _, l := range mail {
		if err := l.node.call(l.f); err != nil {
			return true, err
		}
	}
	return len(mail) > 0, nil
}

// tick calls the operators whose time has come.
func (t *Task) tick() (any bool, err error) {
	now := t.time.UnixMilli()
	for _, n := range t.nodes {
		if n.wakeAt != 0 && n.wakeAt <= now && (!n.more || n.paused) {
			n.wakeAt = 0
			any = true
			if err := n.call(func() (bool, error) { return n.op.Tick(now) }); err != nil {
				return true, err
			}
		}
	}
	return any, nil
}

func (t *Task) flush() {
	for _, w := range t.writers {
		w.Flush()
	}
}

// flushOld sends rows that have waited for the buffer timeout while the task was busy.
func (t *Task) flushOld() {
	for _, w := range t.writers {
		if since, any := w.Waiting(); any && t.time.Sub(since) >= t.cfg.BufferTimeout {
			w.Flush()
		}
	}
	t.publish()
}

// Timers is the number of timers of the operators of that name, in event time and in processing time. It is for harnesses,
// between two turns.
func (t *Task) Timers(operatorName string) (event, processing int) {
	for _, n := range t.nodes {
		if n.spec.Name == operatorName {
			e, p := n.ctx.Timers()
			event, processing = event+e, processing+p
		}
	}
	return event, processing
}

// NextTimer is the earliest processing time that an operator waits for.
func (t *Task) NextTimer() (time.Time, bool) {
	at := int64(0)
	for _, n := range t.nodes {
		if n.wakeAt != 0 && (at == 0 || n.wakeAt < at) {
			at = n.wakeAt
		}
	}
	return time.UnixMilli(at), at != 0
}

// arm sets the alarm to the next timer.
func (t *Task) arm() {
	when, ok := t.NextTimer()
	if !ok {
		return
	}
	if t.stopAlarm != nil {
		if t.alarmAt.Equal(when) {
			return
		}
		t.stopAlarm()
	}
	t.alarmAt = when
	t.stopAlarm = t.cfg.Clock.AfterFunc(max(0, when.Sub(t.cfg.Clock.Now())), t.wake)
}

// publish brings Stats up to date.
func (t *Task) publish() {
	var rows, bytes, buffers int64
	usage := 0.0
	for _, w := range t.writers {
		r, b, n := w.Written()
		rows, bytes, buffers, usage = rows+r, bytes+b, buffers+n, max(usage, w.Usage())
	}
	t.Stats.RecordsOut.Store(rows)
	t.Stats.BytesOut.Store(bytes)
	t.Stats.BuffersOut.Store(buffers)
	t.Stats.OutPoolUsage.Store(int64(1000 * usage))
	head := t.nodes[0]
	t.Stats.RecordsIn.Store(head.recordsIn)
	t.Stats.BytesIn.Store(head.bytesIn)
	if t.source == nil {
		t.Stats.Watermark.Store(head.valve.out)
	} else {
		t.Stats.Watermark.Store(head.spec.Metrics.Watermark())
	}
}

// Input is the part of the memory for input that unread rows take, up to 1, and the number of unread elements. It may be
// called from any goroutine.
func (t *Task) Input() (poolUsage float64, queued int) {
	bytes, queued := t.gate.Usage()
	return min(1, float64(bytes)/float64(t.cfg.Network.Share())), queued
}

// Close closes the operators and releases what is under way. A task that has not been opened need not be closed.
func (t *Task) Close() error {
	t.mu.Lock()
	t.closed, t.mail = true, nil
	t.mu.Unlock()
	if t.stopAlarm != nil {
		t.stopAlarm()
	}
	var errs []error
	for _, n := range t.nodes {
		for ; n.head < len(n.queue); n.head++ {
			if b := n.queue[n.head].element.Batch; b != nil {
				b.Release()
			}
		}
		if !n.opened {
			continue
		}
		if err := n.call(func() (bool, error) { return false, n.op.Close() }); err != nil {
			errs = append(errs, err)
		}
	}
	t.align.over()
	if t.last != nil {
		t.last.upload.cancel()
	}
	for _, w := range t.writers {
		w.Close()
	}
	t.gate.Close()
	return errors.Join(errs...)
}
