package operator

import "github.com/leatproject/leat/runtime/state"

// Timer is a point in time that a key waits for. Namespace tells apart what belongs to one key, such as its windows.
type Timer struct {
	Time            int64 // milliseconds
	Slot, Namespace uint32
}

// before orders timers: by time, then by slot and namespace so that the order depends on nothing else.
func (t Timer) before(u Timer) bool {
	if t.Time != u.Time {
		return t.Time < u.Time
	}
	return t.Slot < u.Slot || t.Slot == u.Slot && t.Namespace < u.Namespace
}

// Timers is a set of timers in order of time: a heap with four children to a node, and a hash set that tells which of its
// entries count. A deleted timer stays in the heap until it comes up or until such entries are the majority. Neither holds
// pointers. Each timer holds its slot (state.Slots.Hold).
type Timers struct {
	slots *state.Slots
	live  timerSet
	heap  []Timer
	// Of timers that are saved, the number of each; free are numbers out of use.
	saved *state.Saved[timerRow]
	byID  []Timer
	free  []uint32
}

// timerRow is a timer as it is saved.
type timerRow struct {
	Time      int64
	Namespace uint32
}

// NewTimers returns an empty set of timers for the keys of slots.
func NewTimers(slots *state.Slots) *Timers {
	return &Timers{slots: slots, live: newTimerSet(16)}
}

// save makes the timers, whose namespaces mean the same after a restart, a section of the state.
func (t *Timers) save(name string) (err error) {
	t.saved, err = state.NewSaved(t.slots, name, "timers", state.Rows[timerRow]{
		SlotOf: func(id uint32) uint32 { return t.byID[id].Slot },
		Row:    func(id uint32) timerRow { return timerRow{t.byID[id].Time, t.byID[id].Namespace} },
		Put:    func(slot uint32, row *timerRow) uint32 { return t.put(Timer{row.Time, slot, row.Namespace}) },
		Remove: func(slot uint32, row *timerRow) { t.Delete(Timer{row.Time, slot, row.Namespace}) },
	})
	return err
}

func (t *Timers) put(x Timer) (id uint32) {
	t.Register(x)
	at, _ := t.live.find(x)
	return t.live.cells[at].id
}

// add numbers a timer that is not there.
func (t *Timers) add(at int, x Timer) {
	if t.saved == nil {
		t.live.add(at, x, 0)
		return
	}
	id := uint32(len(t.byID))
	if n := len(t.free); n > 0 {
		id = t.free[n-1]
		t.free = t.free[:n-1]
		t.byID[id] = x
	} else {
		t.byID = append(t.byID, x)
	}
	t.live.add(at, x, id)
	t.saved.Touch(id)
}

// remove removes the timer at a place of live.
func (t *Timers) remove(at int) {
	if t.saved != nil {
		id := t.live.cells[at].id
		t.saved.Release(id)
		t.free = append(t.free, id)
	}
	t.live.remove(at)
}

// Len is the number of timers.
func (t *Timers) Len() int { return t.live.n }

// Register adds a timer. It tells whether it is the earliest; a timer that is there already changes nothing.
func (t *Timers) Register(x Timer) (earliest bool) {
	at, found := t.live.find(x)
	if found {
		return false
	}
	t.add(at, x)
	t.slots.Hold(x.Slot)
	t.heap = append(t.heap, x)
	return t.up(len(t.heap)-1) == 0
}

// Delete removes a timer, if it is there.
func (t *Timers) Delete(x Timer) {
	at, found := t.live.find(x)
	if !found {
		return
	}
	t.remove(at)
	t.slots.Release(x.Slot)
	if len(t.heap) > 64 && len(t.heap) > 2*t.live.n {
		t.compact()
	}
}

// Next returns the earliest timer.
func (t *Timers) Next() (x Timer, ok bool) {
	for len(t.heap) > 0 {
		if _, live := t.live.find(t.heap[0]); live {
			return t.heap[0], true
		}
		t.pop()
	}
	return x, false
}

// Take removes and returns the earliest timer if its time is not after until.
func (t *Timers) Take(until int64) (x Timer, ok bool) {
	for len(t.heap) > 0 && t.heap[0].Time <= until {
		x = t.heap[0]
		t.pop()
		if at, found := t.live.find(x); found {
			t.remove(at)
			t.slots.Release(x.Slot)
			if t.live.n == 0 && cap(t.heap) > keepTimers {
				t.live, t.heap, t.byID, t.free = newTimerSet(16), nil, nil, nil
			}
			return x, true
		}
	}
	return x, false
}

// keepTimers is up to how many timers the memory is kept when none is left.
const keepTimers = 1 << 16

// compact rebuilds the heap without the deleted timers.
func (t *Timers) compact() {
	t.heap = t.heap[:0]
	t.live.each(func(x Timer) { t.heap = append(t.heap, x) })
	for i := (len(t.heap) + 2) / 4; i > 0; i-- { // from the last node that has children
		t.down(i - 1)
	}
}

func (t *Timers) pop() {
	last := len(t.heap) - 1
	t.heap[0] = t.heap[last]
	t.heap = t.heap[:last]
	if last > 1 {
		t.down(0)
	}
}

func (t *Timers) up(i int) int {
	h := t.heap
	x := h[i]
	for i > 0 {
		p := (i - 1) / 4
		if !x.before(h[p]) {
			break
		}
		h[i] = h[p]
		i = p
	}
	h[i] = x
	return i
}

func (t *Timers) down(i int) {
	h := t.heap
	x := h[i]
	for {
		c := 4*i + 1
		if c >= len(h) {
			break
		}
		least := c
		for j := c + 1; j < min(c+4, len(h)); j++ {
			if h[j].before(h[least]) {
				least = j
			}
		}
		if !h[least].before(x) {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = x
}
