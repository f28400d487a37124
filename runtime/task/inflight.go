package task

import (
	"fmt"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/column"
)

// Rows that a barrier overtakes are in flight: those that wait in the gate of their receiver are written by it, those that wait
// in the sender, because their connection does not take them, by the sender. A channel's rows are recorded until its barrier has
// come: what waits in front of it when it comes, and before that what is received.

// inFlight tells apart what rows in flight are listed by.
type inFlight struct {
	operator       string
	input, subtask int
	parallelism    int
	strategy       shuffle.Strategy
	sent           bool
}

// inFlightBlock is the size from which rows in flight are written.
const inFlightBlock = 1 << 20

// uploadedRows are rows in flight to one sub-task.
type uploadedRows struct {
	operator string
	index    *checkpoint.InFlight
	frames   []byte // that are not handed to the upload yet
	count    uint32 // their rows
	rows     int64
	bytes    int64
}

// rows returns where rows in flight are collected.
func (s *snapshot) rows(k inFlight) *uploadedRows {
	r := s.inFlight[k]
	if r == nil {
		r = &uploadedRows{operator: k.operator, index: &checkpoint.InFlight{Input: uint32(k.input), Subtask: uint32(k.subtask),
			Parallelism: uint32(k.parallelism), Strategy: string(k.strategy), Sent: k.sent}}
		s.inFlight[k] = r
		s.upload.rows = append(s.upload.rows, r)
	}
	return r
}

// flush hands what was collected to the upload.
func (r *uploadedRows) flush(u *upload) {
	if len(r.frames) > 0 {
		u.add(queuedBlock{rows: r, frames: r.frames, count: r.count})
		r.frames, r.count = nil, 0
	}
}

func (r *uploadedRows) write(w *checkpoint.Writer, frames []byte, count uint32) error {
	h, err := w.Append(frames)
	if err != nil {
		return err
	}
	r.rows += int64(count)
	r.bytes += int64(len(frames))
	r.index.Blocks = append(r.index.Blocks, &checkpoint.Block{Rows: count, Offset: h.Offset, Length: h.Length})
	return nil
}

// finishRows writes the indexes of the rows in flight, one for each operator.
func (u *upload) finishRows(w *checkpoint.Writer) (all []OperatorState, err error) {
	indexes := map[string]*checkpoint.Index{}
	for _, r := range u.rows {
		if len(r.index.Blocks) == 0 {
			continue
		}
		index := indexes[r.operator]
		if index == nil {
			index = &checkpoint.Index{}
			indexes[r.operator] = index
			all = append(all, OperatorState{ID: r.operator})
		}
		index.InFlight = append(index.InFlight, r.index)
		for i := range all {
			if all[i].ID == r.operator {
				all[i].Rows += r.rows
				all[i].Bytes += r.bytes
			}
		}
	}
	for i := range all {
		h, err := writeIndex(w, all[i].ID, indexes[all[i].ID])
		if err != nil {
			return nil, err
		}
		all[i].Indexes = []*checkpoint.Handle{h}
	}
	return all, nil
}

// record writes down what waits in front of barriers that have come.
func (t *Task) record() {
	s := t.saving
	if s == nil || s.recording == 0 {
		return
	}
	for _, q := range t.gate.Overtaken(uint64(s.mark), s.awaited) {
		t.keep(s, q.Channel, q.Batch, 0)
	}
	s.recording = 0
	for _, awaited := range s.awaited {
		if awaited {
			s.recording++
		}
	}
}

// received looks at an element that leaves the gate: it may be in flight.
func (t *Task) received(c *shuffle.Channel, e shuffle.Element) {
	s := t.saving
	if s == nil || s.recording == 0 || !s.awaited[c.Index] {
		return
	}
	switch {
	case e.Kind == shuffle.Batch:
		t.keep(s, c, e.Batch, 0)
	case e.Kind == shuffle.End, e.Kind == shuffle.Barrier && mark(e.Time) >= s.mark:
		s.awaited[c.Index] = false
		s.recording--
	}
}

// keep copies the rows of a batch, from one on, that the barrier has overtaken at their receiver.
func (t *Task) keep(s *snapshot, c *shuffle.Channel, b *column.Batch, from int) {
	r := s.rows(inFlight{operator: t.nodes[0].spec.ID, input: c.Input, subtask: t.cfg.Subtask, parallelism: t.cfg.Parallelism, strategy: t.strategy[c.Index]})
	frames, err := wire.AppendBatch(r.frames, 0, 0, b, from, b.Len(), false)
	if err != nil {
		s.upload.fail(fmt.Errorf("rows in flight to %s: %w", t.nodes[0].spec.Name, err))
		return
	}
	r.frames = frames
	r.count += uint32(b.Len() - from)
	if len(frames) >= inFlightBlock {
		r.flush(s.upload)
	}
}

// overtake lets the barrier of a snapshot overtake the rows that wait to be sent.
func (t *Task) overtake(s *snapshot) {
	s.departing, s.ack.Unaligned = 0, true
	for i, w := range t.writers {
		e := &t.edges[i]
		if !e.Strategy.Overtakes() {
			continue
		}
		w.Overtake(uint64(s.mark), func(channel int, frames []byte) {
			r := s.rows(inFlight{operator: e.To, input: e.Input, subtask: channel, parallelism: len(e.Channels), strategy: e.Strategy, sent: true})
			for rest := frames; len(rest) > 0; {
				size, _ := wire.Cost(rest)
				r.count += wire.RowsOf(rest)
				rest = rest[size:]
			}
			r.frames = append(r.frames, frames...)
		})
	}
}

// depart awaits that the barrier of a snapshot leaves the task, which it may do for as long as it need not overtake.
func (t *Task) depart(s *snapshot) {
	left := func() {
		t.post(func() { s.departing = max(0, s.departing-1) })
	}
	for i, w := range t.writers {
		if t.edges[i].Strategy.Overtakes() {
			s.departing += w.Departs(uint64(s.mark), left)
		}
	}
	if wait := t.cfg.Checkpoints.AlignedTimeout - t.time.Sub(s.since); s.departing > 0 {
		s.alarm = t.cfg.Clock.AfterFunc(max(0, wait), t.wake)
	}
}
