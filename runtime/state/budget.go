package state

import "sync"

// Budget is memory that the backends of a process share: so much for each slot that has some, which is the sub-tasks of one number.
// Each backend may take an even part of it, and whatever the others leave. Any goroutine may use it.
type Budget struct {
	slot int64

	mu      sync.Mutex
	members map[int]int // by slot
	count   int
	used    int64
}

// NewBudget returns a budget of so many bytes for each slot.
func NewBudget(slot int64) *Budget { return &Budget{slot: slot, members: map[int]int{}} }

// share is what one backend has of a budget.
type share struct {
	of   *Budget
	slot int
	used int64
}

// join makes a member of a budget, which leaves it in the end.
func (b *Budget) join(slot int) *share {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.members[slot]++
	b.count++
	return &share{of: b, slot: slot}
}

func (s *share) leave() {
	b := s.of
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.members[s.slot]--; b.members[s.slot] == 0 {
		delete(b.members, s.slot)
	}
	b.count--
	b.used -= s.used
}

// allowed notes what the backend uses and returns what it may.
func (s *share) allowed(used int64) int64 {
	b := s.of
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used += used - s.used
	s.used = used
	total := b.slot * int64(len(b.members))
	return max(total/int64(b.count), total-(b.used-used))
}
