package task

import (
	"time"

	"github.com/leatproject/leat/shuffle"
)

// mark is what a barrier says: the id of its checkpoint, and in the last bit whether that is a savepoint.
type mark uint64

func markOf(id uint64, savepoint bool) mark {
	if savepoint {
		return mark(id<<1 | 1)
	}
	return mark(id << 1)
}

func (m mark) id() uint64      { return uint64(m >> 1) }
func (m mark) savepoint() bool { return m&1 == 1 }

// alignment is the wait for the barriers of a checkpoint, from when the first of them has come, or been asked of a source,
// until the snapshot. It belongs to the task.
type alignment struct {
	mark           // 0 for none
	awaited []bool // by channel
	left    int    // channels that are awaited
	strict  int    // those of them in which nothing may be overtaken
	since   time.Time
	bytes   int64 // that had been processed then
	// overtakes: the barriers do not wait for rows any more, nor for room in the outputs up to a bound: written is the bytes
	// of output when that began.
	overtakes bool
	written   int64
	alarm     func() // stops what wakes the task at the time-out
}

func (a *alignment) over() {
	if a.alarm != nil {
		a.alarm()
	}
	*a = alignment{}
}

// await begins to wait for the barriers of a checkpoint, and ends the wait for an earlier one.
func (t *Task) await(m mark) {
	a := &t.align
	a.over()
	t.gate.Unblock()
	*a = alignment{mark: m, awaited: make([]bool, len(t.done)), since: t.time, bytes: t.nodes[0].bytesIn}
	for i, done := range t.done {
		if done {
			continue
		}
		a.awaited[i] = true
		a.left++
		if !t.strategy[i].Overtakes() {
			a.strict++
		}
	}
	if c := t.cfg.Checkpoints; c.Unaligned && c.AlignedTimeout > 0 {
		a.alarm = t.cfg.Clock.AfterFunc(c.AlignedTimeout, t.wake)
	}
}

// hear looks at what has come of barriers, read or not, and at the clock.
func (t *Task) hear() {
	c := t.cfg.Checkpoints
	if c == nil {
		return
	}
	var urgent mark
	switch {
	case t.source != nil:
		if t.news(t.triggered) && !t.nodes[0].ended {
			t.await(t.triggered)
		}
	case c.Unaligned:
		newest, overtaking, heard := t.gate.Barriers()
		urgent = mark(overtaking)
		if heard != t.heard {
			t.heard = heard
			if t.news(mark(newest)) {
				t.await(mark(newest))
			}
			t.record()
		}
	}
	if a := &t.align; a.mark != 0 && !a.overtakes && t.impatient(a.mark, a.since, urgent) {
		a.overtakes, a.written = true, t.written()
	}
	if s := t.saving; s != nil && s.departing > 0 && t.impatient(s.mark, s.since, 0) {
		t.overtake(s)
	}
}

// news tells whether a barrier is the first of a later checkpoint than all before.
func (t *Task) news(m mark) bool { return m.id() > max(t.begun, t.align.id()) }

// impatient tells whether the barriers of a checkpoint, the first of which came at a time, are to overtake rows.
func (t *Task) impatient(m mark, since time.Time, urgent mark) bool {
	c := t.cfg.Checkpoints
	return c.Unaligned && (urgent >= m || t.time.Sub(since) >= c.AlignedTimeout) && !m.savepoint()
}

// barrier takes a barrier that came on a channel; all before it on that channel has been processed. A barrier of a later
// checkpoint ends the wait for an earlier one, that of an earlier one is let pass.
func (t *Task) barrier(c *shuffle.Channel, m mark) {
	a := &t.align
	if m < a.mark || m.id() <= t.begun {
		return
	}
	if m > a.mark {
		t.await(m)
	}
	if a.awaited[c.Index] {
		t.arrived(c.Index)
		if a.left > 0 && !t.cfg.Checkpoints.AtLeastOnce {
			c.Block()
		}
	}
}

func (t *Task) arrived(channel int) {
	a := &t.align
	a.awaited[channel] = false
	a.left--
	if !t.strategy[channel].Overtakes() {
		a.strict--
	}
}

// channelDone notes that nothing follows on a channel, no barrier either.
func (t *Task) channelDone(channel int) {
	t.done[channel] = true
	if t.align.mark != 0 && t.align.awaited[channel] {
		t.arrived(channel)
	}
}

// due tells whether the snapshot may be taken, if the operators are still.
func (t *Task) due() bool {
	a := &t.align
	return a.mark != 0 && (a.left == 0 || a.overtakes && a.strict == 0) && !t.nodes[0].ended
}

// overdraws tells whether what the operators hold is processed although the outputs have no room, since a barrier waits for
// nothing else: a task's share of the memory may be overdrawn so.
func (t *Task) overdraws() bool {
	a := &t.align
	return a.overtakes && a.strict == 0 && t.written()-a.written < t.cfg.Network.Share()
}

// written is the bytes of output so far.
func (t *Task) written() (bytes int64) {
	for _, w := range t.writers {
		_, b, _ := w.Written()
		bytes += b
	}
	return bytes
}
