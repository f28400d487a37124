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
// pointers.
//
// Timers that are saved hold their slot (state.Slots.Hold) and may be put away with their keys: Fetch gets those back that are due. What
// others belong to does that for them.
type Timers struct {
	slots *state.Slots
	live  timerSet
	heap  []Timer
	// Of timers that are saved, the number of each, and those of a slot; free are numbers out of use.
	saved  *state.Saved[timerRow]
	byID   []savedTimer
	free   []uint32
	chains *state.Column[uint32] // by slot: the number of its newest timer + 1, 0 for none
	sleeps bool                  // keys with timers may be put away
	set    int                   // of those
}

// savedTimer is a timer among those of its slot: prev and next are numbers + 1.
type savedTimer struct {
	Timer
	prev, next uint32
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

// save makes the timers, whose namespaces mean the same after a restart, a section of the state. restored is told the time of
// each that is restored.
func (t *Timers) save(name string, restored func(at int64)) (err error) {
	t.saved, err = state.NewSaved(t.slots, name, "timers", state.Rows[timerRow]{
		SlotOf:  func(id uint32) uint32 { return t.byID[id].Slot },
		Row:     func(id uint32) timerRow { return timerRow{t.byID[id].Time, t.byID[id].Namespace} },
		Numbers: t.numbers,
		Put: func(slot uint32, row *timerRow) uint32 {
			restored(row.Time)
			return t.put(Timer{row.Time, slot, row.Namespace})
		},
		Remove: func(slot uint32, row *timerRow) { t.Delete(Timer{row.Time, slot, row.Namespace}) },
	})
	t.chains = state.NewSavedColumn[uint32](t.slots, state.Beside{Clear: t.clear, Reset: t.reset, Bytes: t.bytes})
	t.sleep(t.firstOf)
	return err
}

// sleep says that keys with timers may be put away: firstOf is their first one.
func (t *Timers) sleep(firstOf func(slot uint32) (at int64, ok bool)) {
	t.sleeps, t.set = true, t.slots.Wake(firstOf)
}

// put adds a timer that snapshots have.
func (t *Timers) put(x Timer) (id uint32) {
	at, found := t.live.find(x)
	if !found {
		id = t.number(x)
		t.live.add(at, x, id)
		t.push(x)
		return id
	}
	return t.live.cells[at].id
}

// number gives a timer a number, and its slot the timer.
func (t *Timers) number(x Timer) (id uint32) {
	id = uint32(len(t.byID))
	if n := len(t.free); n > 0 {
		id = t.free[n-1]
		t.free = t.free[:n-1]
	} else {
		t.byID = append(t.byID, savedTimer{})
	}
	head := t.chains.At(x.Slot)
	t.byID[id] = savedTimer{Timer: x, next: *head}
	if *head != 0 {
		t.byID[*head-1].prev = id + 1
	} else {
		t.slots.Hold(x.Slot)
	}
	*head = id + 1
	return id
}

// add adds a timer that is not there.
func (t *Timers) add(at int, x Timer) {
	if t.saved == nil {
		t.live.add(at, x, 0)
		return
	}
	id := t.number(x)
	t.live.add(at, x, id)
	t.saved.Touch(id)
}

// remove removes the timer at a place of live.
func (t *Timers) remove(at int) {
	cell := t.live.cells[at]
	t.live.remove(at)
	if t.saved == nil {
		return
	}
	t.saved.Release(cell.id)
	x := t.byID[cell.id]
	head := t.chains.At(x.Slot)
	if x.prev != 0 {
		t.byID[x.prev-1].next = x.next
	} else {
		*head = x.next
	}
	if x.next != 0 {
		t.byID[x.next-1].prev = x.prev
	}
	t.free = append(t.free, cell.id)
	if *head == 0 {
		t.slots.Release(x.Slot)
	}
}

// numbers appends the numbers of a slot's timers.
func (t *Timers) numbers(slot uint32, dst []uint32) []uint32 {
	for next := *t.chains.At(slot); next != 0; next = t.byID[next-1].next {
		dst = append(dst, next-1)
	}
	return dst
}

// firstOf is the earliest time of a slot's timers.
func (t *Timers) firstOf(slot uint32) (first int64, ok bool) {
	for next := *t.chains.At(slot); next != 0; next = t.byID[next-1].next {
		if at := t.byID[next-1].Time; !ok || at < first {
			first, ok = at, true
		}
	}
	return first, ok
}

// clear gives up the timers of a slot that is put away, or removed.
func (t *Timers) clear(slot uint32) {
	head := t.chains.At(slot)
	for *head != 0 {
		id := *head - 1
		t.saved.Release(id)
		at, _ := t.live.find(t.byID[id].Timer)
		t.live.remove(at)
		*head = t.byID[id].next
		t.free = append(t.free, id)
	}
	t.tidy()
}

func (t *Timers) reset() {
	t.live, t.heap, t.byID, t.free = newTimerSet(16), nil, nil, nil
}

func (t *Timers) bytes() int64 {
	return int64(cap(t.heap))*16 + int64(len(t.live.cells))*24 + int64(cap(t.byID))*24
}

// Fetch gets timers back that were put away, some of those up to until if there are any. Take and Next know of no other than those in
// memory; done tells that what they say is true up to until.
func (t *Timers) Fetch(until int64) (done bool, err error) {
	if !t.sleeps {
		return true, nil
	}
	at, asleep := t.slots.Asleep(t.set)
	if !asleep || at > until {
		return true, nil
	}
	if x, ok := t.Next(); ok && x.Time <= at {
		return true, nil
	}
	return false, t.slots.Fetch(t.set)
}

// NextTime is a time before which no timer fires, in memory or not.
func (t *Timers) NextTime() (at int64, ok bool) {
	x, ok := t.Next()
	if t.sleeps {
		if asleep, some := t.slots.Asleep(t.set); some && (!ok || asleep < x.Time) {
			return asleep, true
		}
	}
	return x.Time, ok
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
	return t.push(x)
}

// push puts a timer into the heap. It tells whether it is the earliest.
func (t *Timers) push(x Timer) (earliest bool) {
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
	t.tidy()
}

// tidy compacts the heap if most of it was deleted.
func (t *Timers) tidy() {
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
