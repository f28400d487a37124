package task

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/checkpoint"
)

// Checkpoints is what a task needs to take part in checkpoints. The functions are called on the task's goroutine or its
// helpers'.
type Checkpoints struct {
	// AtLeastOnce lets channels go on while the barrier is awaited on others.
	AtLeastOnce bool
	// Unaligned lets barriers overtake rows that wait, AlignedTimeout after the first was seen: see shuffle.Strategy.Overtakes for
	// where. It excludes AtLeastOnce.
	Unaligned      bool
	AlignedTimeout time.Duration
	// Whole writes all state in each checkpoint, not what has changed.
	Whole bool
	// Keys is the sub-task's share of all keys.
	Keys state.Range
	// Target returns where the state of a checkpoint is written. It is not called on the task's goroutine.
	Target func(ctx context.Context, id uint64) (*checkpoint.Writer, error)
	// Acknowledge says that all the state of the task that belongs to a checkpoint is written, or why it is not.
	Acknowledge func(id uint64, a Acknowledgement, err error)
	// Restored is the state that the task begins with, by operator id; nil if it begins anew.
	Restored map[string]*Restored
	// Finished tells that the task had finished before that checkpoint: it only ends.
	Finished bool
}

// Acknowledgement is what a task has written for a checkpoint.
type Acknowledgement struct {
	// Finished is that of Checkpoints.
	Finished bool
	// States are those of its operators, in their order.
	States []OperatorState
	// InFlight has the rows that the barrier has overtaken, by the operator that they were on their way to: one of this task's,
	// or one that it sends to.
	InFlight []OperatorState
	// Unaligned tells whether the barrier has overtaken rows, or would have if there had been any.
	Unaligned bool
	// Began is when the first barrier came, or was asked of a source.
	Began time.Time
	// Alignment is the time from then to the snapshot, Sync for how long the snapshot held up the task, Async the
	// time from then until all was written.
	Alignment, Sync, Async time.Duration
	// Processed is the bytes of rows that were processed during Alignment, Persisted the bytes of those in InFlight.
	Processed, Persisted int64
}

// OperatorState is the state of one operator of a sub-task in a checkpoint.
type OperatorState struct {
	// ID is the operator's.
	ID string
	// Indexes lead to the state: see checkpoint.Subtask.
	Indexes []*checkpoint.Handle
	// Rows and Bytes are what was written for this checkpoint, and of them those that take rows back.
	Rows, Bytes               int64
	RemovedRows, RemovedBytes int64
}

// saveStep is how many rows of state are copied between two looks at the input, and uploadAhead how many blocks may wait to
// be written before that stops.
const (
	saveStep    = 2048
	uploadAhead = 256
)

// progress is what a task knows of checkpoints. It belongs to the task's goroutine.
type progress struct {
	triggered mark   // what a source begins next
	begun     uint64 // the last one whose barrier has passed, or that was given up
	align     alignment
	done      []bool             // by channel: it has ended
	heard     uint64             // the news of the gate, when it was looked at last
	strategy  []shuffle.Strategy // by channel
	saving    *snapshot          // not all of it is written
	last      *snapshot          // may still count
	pending   []OperatorState
	chains    []chain // by operator; nil if the next snapshot has to be full
	stop      stop
}

// Trigger starts a checkpoint at a source, or a savepoint: the state of that is written whole, no later one builds on it, and its
// barriers overtake nothing. Any goroutine may call it.
func (t *Task) Trigger(id uint64, savepoint bool) {
	t.post(func() { t.triggered = max(t.triggered, markOf(id, savepoint)) })
}

// Complete says that a checkpoint counts. Any goroutine may call it.
func (t *Task) Complete(id uint64) {
	t.post(func() { t.completed(id) })
}

// Abandon says that a checkpoint is not wanted any more. Any goroutine may call it.
func (t *Task) Abandon(id uint64) {
	t.post(func() {
		t.begun = max(t.begun, id)
		if a := &t.align; a.mark != 0 && a.id() <= id {
			a.over()
			t.gate.Unblock()
		}
		t.resume(id)
		if t.saving != nil && t.saving.id() <= id {
			t.saving.abandon()
			t.saving = nil
		}
	})
}

// post runs f on the task's goroutine, between two turns.
func (t *Task) post(f func()) {
	t.mu.Lock()
	if !t.closed {
		t.orders = append(t.orders, f)
	}
	t.mu.Unlock()
	t.wake()
}

func (t *Task) obey() {
	t.mu.Lock()
	orders := t.orders
	t.orders = nil
	t.mu.Unlock()
	for _, f := range orders {
		f()
	}
}

// snapshot begins to save the state of all operators, and the rows that are overtaken, and sends the barrier on. It is called
// when the operators are still.
func (t *Task) snapshot() error {
	a := t.align
	t.align.over()
	t.gate.Unblock()
	if t.saving != nil {
		t.saving.abandon()
	}
	t.begun = a.id()
	began := t.cfg.Clock.Now()
	s, err := t.newSnapshot(&a)
	if err != nil {
		return fmt.Errorf("checkpoint %d: %w", a.id(), err)
	}
	for _, w := range t.writers {
		w.Control(shuffle.Element{Kind: shuffle.Barrier, Time: int64(a.mark)})
	}
	t.saving, t.last = s, s
	if a.overtakes {
		t.keepLeft(s)
		t.overtake(s)
		t.record()
	} else if t.cfg.Checkpoints.Unaligned && !a.savepoint() {
		t.depart(s)
	}
	s.ack.Sync = t.cfg.Clock.Now().Sub(began)
	t.save()
	return nil
}

// save copies a part of the state that is being saved. It tells whether there was any.
func (t *Task) save() bool {
	s := t.saving
	if s == nil || s.upload.waiting() > uploadAhead {
		return false
	}
	worked := len(s.left) > 0
	if s.step(saveStep) && s.recording == 0 && s.departing == 0 {
		s.finish()
		t.saving = nil
	}
	return worked
}

// snapshot is the state of a task in one checkpoint, while it is being saved and until it counts.
type snapshot struct {
	mark
	since  time.Time         // the barrier was awaited
	taken  time.Time         // all but what follows was done
	left   []*state.Snapshot // that are not saved yet
	begun  []*state.Snapshot
	plans  []plan // by operator
	upload *upload
	ack    Acknowledgement

	awaited   []bool // by channel: what comes before its barrier is to be recorded
	recording int    // channels that are awaited
	departing int    // channels that the barrier has not left yet
	alarm     func() // stops what wakes the task when the barrier has to overtake
	inFlight  map[inFlight]*uploadedRows
}

func (t *Task) newSnapshot(a *alignment) (*snapshot, error) {
	s := &snapshot{mark: a.mark, since: a.since, taken: t.time, inFlight: map[inFlight]*uploadedRows{}}
	if s.savepoint() {
		t.chains = nil
	}
	s.ack = Acknowledgement{Finished: t.cfg.Checkpoints.Finished, Unaligned: a.overtakes, Began: a.since, Alignment: t.time.Sub(a.since), Processed: t.nodes[0].bytesIn - a.bytes}
	t.Stats.Alignment.Store(int64(s.ack.Alignment))
	if a.left > 0 {
		s.awaited, s.recording = a.awaited, a.left
	}
	s.upload = newUpload(t.ctx, t.cfg.Checkpoints, a.id())
	for i, n := range t.nodes {
		p := t.plan(i)
		o := &uploadedOperator{id: n.spec.ID}
		if p.extent != state.Full {
			o.chain = t.chains[i].under(p.extent)
		}
		s.plans, s.upload.operators = append(s.plans, p), append(s.upload.operators, o)
		if err := s.barrier(n, o); err != nil {
			return nil, err
		}
		if err := s.begin(n, o, p); err != nil {
			return nil, err
		}
	}
	s.left = s.begun
	go s.upload.run(func(states, inFlight []OperatorState, err error) {
		t.post(func() { t.uploaded(s, states, inFlight, err) })
	})
	return s, nil
}

// plan decides how much of an operator's state is saved.
func (t *Task) plan(i int) plan {
	keyed := t.nodes[i].ctx.States.Keyed
	if t.chains == nil || len(keyed) == 0 || t.cfg.Checkpoints.Whole {
		return plan{extent: state.Full}
	}
	var changed state.Changed
	for _, b := range keyed {
		changed = changed.And(b.Changed())
	}
	return t.chains[i].next(changed)
}

// barrier tells an operator of the barrier.
func (s *snapshot) barrier(n *node, o *uploadedOperator) error {
	l, ok := n.op.(operator.BarrierListener)
	if !ok || n.ended {
		return nil
	}
	return n.call(func() (_ bool, err error) {
		o.then, err = l.Barrier(s.id())
		return false, err
	})
}

// begin begins to save the state of an operator.
func (s *snapshot) begin(n *node, o *uploadedOperator, p plan) error {
	for _, name := range slices.Sorted(maps.Keys(n.ctx.States.Keyed)) {
		b := n.ctx.States.Keyed[name]
		u := o.backend(name, p.extent == state.Full, b.Sections())
		snap, err := b.Snapshot(state.SnapshotOptions{Extent: p.extent, Base: p.base, Range: n.task.cfg.Checkpoints.Keys, Out: func(b *state.Block) { s.upload.put(u, b) }})
		if err != nil {
			return n.failed(err)
		}
		s.begun = append(s.begun, snap)
	}
	for _, l := range n.ctx.States.Lists {
		elements, err := l.Save()
		if err != nil {
			return n.failed(err)
		}
		o.lists = append(o.lists, uploadedList{l, elements})
	}
	return nil
}

// step saves up to n rows; done tells that all are saved.
func (s *snapshot) step(n int) (done bool) {
	for len(s.left) > 0 {
		if !s.left[0].Save(n) {
			return false
		}
		s.left = s.left[1:]
	}
	return true
}

// finish says that nothing more comes.
func (s *snapshot) finish() {
	s.calm()
	for _, r := range s.inFlight {
		r.flush(s.upload)
	}
	s.upload.finish()
}

// calm stops the alarm.
func (s *snapshot) calm() {
	if s.alarm != nil {
		s.alarm()
	}
}

func (s *snapshot) abandon() {
	s.calm()
	for _, l := range s.left {
		l.Abandon()
	}
	s.left = nil
	s.upload.cancel()
}

// uploaded acknowledges a checkpoint.
func (t *Task) uploaded(s *snapshot, states, inFlight []OperatorState, err error) {
	if err == nil && t.last == s {
		t.pending = states
	}
	s.ack.States, s.ack.InFlight = states, inFlight
	for _, f := range inFlight {
		s.ack.Persisted += f.Bytes
	}
	s.ack.Async = t.cfg.Clock.Now().Sub(s.taken)
	t.cfg.Checkpoints.Acknowledge(s.id(), s.ack, err)
}

// completed notes that a checkpoint counts: what follows adds to it.
func (t *Task) completed(id uint64) {
	for _, n := range t.nodes {
		if l, ok := n.op.(operator.CheckpointListener); ok && !n.ended {
			l.Complete(id)
		}
	}
	s := t.last
	if s == nil || s.id() != id || s.savepoint() || t.pending == nil {
		return
	}
	for _, b := range s.begun {
		b.Confirm()
	}
	if t.chains == nil {
		t.chains = make([]chain, len(t.pending))
	}
	for i := range t.pending {
		t.chains[i] = t.chains[i].saved(s.plans[i], &t.pending[i])
	}
	t.last, t.pending = nil, nil
}
