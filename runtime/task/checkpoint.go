package task

import (
	"context"
	"fmt"
	"maps"
	"slices"

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
	// Keys is the sub-task's share of all keys.
	Keys state.Range
	// Full tells whether the state of a checkpoint is to be written whole. It does not block.
	Full func(id uint64) bool
	// Target returns where the state of a checkpoint is written. It is not called on the task's goroutine.
	Target func(ctx context.Context, id uint64) (*checkpoint.Writer, error)
	// Acknowledge says that all the state of the task that belongs to a checkpoint is written, or why it is not.
	Acknowledge func(id uint64, states []OperatorState, err error)
	// Restored is the state that the task begins with, by operator id; nil if it begins anew.
	Restored map[string]*Restored
}

// OperatorState is the state of one operator of a sub-task in a checkpoint.
type OperatorState struct {
	// ID is the operator's.
	ID string
	// Indexes lead to the state: see checkpoint.Subtask.
	Indexes []*checkpoint.Handle
	// Rows and Bytes are what was written for this checkpoint.
	Rows, Bytes int64
}

// saveStep is how many rows of state are copied between two looks at the input, and uploadAhead how many blocks may wait to
// be written before that stops.
const (
	saveStep    = 2048
	uploadAhead = 256
)

// progress is what a task knows of checkpoints. It belongs to the task's goroutine.
type progress struct {
	triggered uint64 // the checkpoint that a source begins next
	begun     uint64 // the last one whose barrier has passed
	align     alignment
	saving    *snapshot // not all copied
	last      *snapshot // may still count
	pending   []OperatorState
	chains    [][]*checkpoint.Handle // by operator: what the next increment adds to; nil for a whole snapshot
	// base is the bytes of the last whole snapshot, written those of the increments since.
	base, written int64
}

// alignment is the wait for the barrier of a checkpoint on all channels. It belongs to the task.
type alignment struct {
	id      uint64 // of the checkpoint, 0 for none
	arrived []bool // by channel
	left    int
	ended   bool // a channel has ended meanwhile
}

// Trigger starts a checkpoint at a source. Any goroutine may call it.
func (t *Task) Trigger(id uint64) { t.post(func() { t.triggered = max(t.triggered, id) }) }

// Complete says that a checkpoint counts. Any goroutine may call it.
func (t *Task) Complete(id uint64) {
	t.post(func() { t.completed(id) })
}

// Abandon says that a checkpoint is not wanted any more. Any goroutine may call it.
func (t *Task) Abandon(id uint64) {
	t.post(func() {
		if t.align.id == id {
			t.align = alignment{}
			t.gate.Unblock()
		}
		if t.saving != nil && t.saving.id == id {
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

// barrier takes a barrier that came on a channel; all before it on that channel has been processed. A barrier of a later
// checkpoint ends the wait for an earlier one, that of an earlier one is let pass.
func (t *Task) barrier(c *shuffle.Channel, id uint64) error {
	a := &t.align
	switch {
	case id < a.id || id <= t.begun:
		return nil
	case id > a.id:
		t.gate.Unblock()
		*a = alignment{id: id, arrived: make([]bool, len(t.gate.Channels()))}
		for i := range a.arrived {
			if !t.nodes[0].valve.channels[i].ended {
				a.left++
			} else {
				a.arrived[i] = true
			}
		}
	}
	if a.arrived[c.Index] {
		return nil
	}
	a.arrived[c.Index] = true
	a.left--
	if a.left > 0 {
		if !t.cfg.Checkpoints.AtLeastOnce {
			c.Block()
		}
		return nil
	}
	return t.aligned()
}

// realign looks for channels that have ended, and so bring no barrier any more.
func (t *Task) realign() error {
	a := &t.align
	a.ended = false
	for i := range a.arrived {
		if !a.arrived[i] && t.nodes[0].valve.channels[i].ended {
			a.arrived[i] = true
			a.left--
		}
	}
	if a.left > 0 {
		return nil
	}
	return t.aligned()
}

func (t *Task) aligned() error {
	id := t.align.id
	t.align = alignment{}
	t.gate.Unblock()
	return t.snapshot(id)
}

// snapshot begins to save the state of all operators and sends the barrier on. It is called when none of them has anything
// to do.
func (t *Task) snapshot(id uint64) error {
	if t.saving != nil {
		t.saving.abandon()
	}
	t.begun = id
	s, err := t.newSnapshot(id)
	if err != nil {
		return fmt.Errorf("checkpoint %d: %w", id, err)
	}
	for _, w := range t.writers {
		w.Control(shuffle.Element{Kind: shuffle.Barrier, Time: int64(id)})
	}
	t.saving, t.last = s, s
	t.save()
	return nil
}

// save copies a part of the state that is being saved. It tells whether there was any.
func (t *Task) save() bool {
	if t.saving == nil || t.saving.upload.waiting() > uploadAhead {
		return false
	}
	if t.saving.step(saveStep) {
		t.saving = nil
	}
	return true
}

// snapshot is the state of a task in one checkpoint, while it is being saved and until it counts.
type snapshot struct {
	id     uint64
	full   bool
	left   []*state.Snapshot // that are not saved yet
	begun  []*state.Snapshot
	upload *upload
}

func (t *Task) newSnapshot(id uint64) (*snapshot, error) {
	s := &snapshot{id: id, full: t.chains == nil || t.written > t.base || t.cfg.Checkpoints.Full(id)}
	s.upload = newUpload(t.ctx, t.cfg.Checkpoints, id)
	for i, n := range t.nodes {
		o := &uploadedOperator{id: n.spec.ID}
		if !s.full {
			o.chain = t.chains[i]
		}
		s.upload.operators = append(s.upload.operators, o)
		if err := s.barrier(n, o); err != nil {
			return nil, err
		}
		if err := s.begin(n, o); err != nil {
			return nil, err
		}
	}
	s.left = s.begun
	go s.upload.run(func(states []OperatorState, err error) { t.post(func() { t.uploaded(s, states, err) }) })
	return s, nil
}

// barrier tells an operator of the barrier.
func (s *snapshot) barrier(n *node, o *uploadedOperator) error {
	l, ok := n.op.(operator.BarrierListener)
	if !ok || n.ended {
		return nil
	}
	return n.call(func() (_ bool, err error) {
		o.then, err = l.Barrier(s.id)
		return false, err
	})
}

// begin begins to save the state of an operator.
func (s *snapshot) begin(n *node, o *uploadedOperator) error {
	for _, name := range slices.Sorted(maps.Keys(n.ctx.States.Keyed)) {
		b := n.ctx.States.Keyed[name]
		u := o.backend(name, s.full, b.Sections())
		snap, err := b.Snapshot(state.SnapshotOptions{Full: s.full, Range: n.task.cfg.Checkpoints.Keys, Out: func(b *state.Block) { s.upload.put(u, b) }})
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
	s.upload.finish()
	return true
}

func (s *snapshot) abandon() {
	for _, l := range s.left {
		l.Abandon()
	}
	s.left = nil
	s.upload.cancel()
}

// uploaded acknowledges a checkpoint.
func (t *Task) uploaded(s *snapshot, states []OperatorState, err error) {
	if err == nil && t.last == s {
		t.pending = states
	}
	t.cfg.Checkpoints.Acknowledge(s.id, states, err)
}

// completed notes that a checkpoint counts: what follows adds to it.
func (t *Task) completed(id uint64) {
	s := t.last
	if s == nil || s.id != id || t.pending == nil {
		return
	}
	for _, b := range s.begun {
		b.Confirm()
	}
	if s.full {
		t.base, t.written = 0, 0
	}
	t.chains = t.chains[:0]
	for _, o := range t.pending {
		t.chains = append(t.chains, o.Indexes)
		if s.full {
			t.base += o.Bytes
		} else {
			t.written += o.Bytes
		}
	}
	t.last, t.pending = nil, nil
}
