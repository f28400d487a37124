package operator

import (
	"math/bits"

	"github.com/leatproject/leat/runtime/state"
)

// timerSet is a hash set of timers: open addressing with linear probing at most three quarters full, in one array without
// pointers. Deletion moves later entries back, so that nothing remains of what was deleted.
type timerSet struct {
	cells []timerCell // a power of two of them; Slot is state.None in empty ones
	n     int
}

type timerCell struct {
	Timer
	id uint32
}

var emptyCell = timerCell{Timer: Timer{Slot: state.None}}

func newTimerSet(cells int) timerSet {
	s := timerSet{cells: make([]timerCell, cells)}
	for i := range s.cells {
		s.cells[i] = emptyCell
	}
	return s
}

// home is where a timer belongs.
func (s *timerSet) home(x Timer) int {
	h := uint64(x.Time)*0x9e3779b97f4a7c15 ^ (uint64(x.Namespace)<<32|uint64(x.Slot))*0xbf58476d1ce4e5b9
	h ^= h >> 32
	return int(h * 0x94d049bb133111eb >> (bits.LeadingZeros64(uint64(len(s.cells)-1)) & 63))
}

// find returns where a timer is, or the empty cell where it would be.
func (s *timerSet) find(x Timer) (at int, found bool) {
	mask := len(s.cells) - 1
	for at = s.home(x); s.cells[at].Slot != state.None; at = (at + 1) & mask {
		if s.cells[at].Timer == x {
			return at, true
		}
	}
	return at, false
}

// add adds x where find has found it missing.
func (s *timerSet) add(at int, x Timer, id uint32) {
	if 4*(s.n+1) > 3*len(s.cells) {
		old := *s
		*s = newTimerSet(2 * len(old.cells))
		for _, c := range old.cells {
			if c.Slot != state.None {
				to, _ := s.find(c.Timer)
				s.cells[to] = c
			}
		}
		s.n = old.n
		at, _ = s.find(x)
	}
	s.cells[at] = timerCell{x, id}
	s.n++
}

// remove removes what find has found.
func (s *timerSet) remove(hole int) {
	mask := len(s.cells) - 1
	for i := (hole + 1) & mask; s.cells[i].Slot != state.None; i = (i + 1) & mask {
		if home := s.home(s.cells[i].Timer); (i-home)&mask >= (i-hole)&mask {
			s.cells[hole] = s.cells[i]
			hole = i
		}
	}
	s.cells[hole] = emptyCell
	s.n--
}

// each calls f for all timers, in no order.
func (s *timerSet) each(f func(x Timer)) {
	for _, c := range s.cells {
		if c.Slot != state.None {
			f(c.Timer)
		}
	}
}
