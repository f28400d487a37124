package state

import (
	"fmt"

	"github.com/leatproject/leat/storage/hashtable"
)

// None is the slot of no key.
const None = hashtable.None

// Slots is what states hang on: the part of a backend that does not depend on the key's type. User states read and write
// the current slot.
type Slots struct {
	columns []anyColumn
	cap     int
	current uint32
	named   map[string]State
	// held counts the states and timers of each slot, idle lists slots that may have none; both only if counting.
	counting bool
	held     Column[uint32]
	idle     []uint32
	clock    func() Times

	keys      keyTable
	sections  []section
	following bool
	snapshots uint32    // how many have begun
	based     uint32    // the last base that counts
	running   *Snapshot // that is not saved yet

	below     below // nil if all keys are in memory
	leaving   bool  // a key is being put away: nothing of it is lost
	heap      int64 // bytes that values refer to, counted if there is a store below
	raw       bool  // there are columns that cannot be put away
	calendars []*calendar
	// cleaners remove what has expired of a key, one for each state with a time-to-live.
	cleaners []func(slot uint32)
}

// below is a backend that puts keys away.
type below interface {
	// removed says that a row of a key is being removed.
	removed(slot uint32)
	confirmed(number uint32, base bool)
	fetchDue(c *calendar) error
}

// Spills tells whether keys may be put away.
func (s *Slots) Spills() bool { return s.below != nil }

// Weigh notes that what keys refer to outside of their columns has become n bytes larger.
func (s *Slots) Weigh(n int) { s.weigh(n) }

// weigh notes that the values of all keys have become n bytes larger.
func (s *Slots) weigh(n int) { s.heap += int64(n) }

// anyColumn is a state whose type the holder does not know.
type anyColumn interface {
	grow(n int)
	clear(slot uint32)
	reset()
	bytes() int64
	warm(slots []uint32)
}

// State is any of the states of user functions.
type State interface {
	anyColumn
	// Has tells whether the key of a slot has a value.
	Has(slot uint32) bool
}

// Times is what expiry goes by, in milliseconds: the time of day, the timestamp of the current record (or the least int64)
// and the watermark.
type Times struct{ Processing, Record, Watermark int64 }

// SetClock sets where states with a time-to-live take the time from.
func (s *Slots) SetClock(clock func() Times) { s.clock = clock }

// SetCurrent chooses the key that user states speak of, None for no key.
func (s *Slots) SetCurrent(slot uint32) { s.current = slot }

// Warm has the memory of the states of some keys come closer, before SetCurrent chooses one after the other.
func (s *Slots) Warm(slots []uint32) {
	for _, c := range s.columns {
		c.warm(slots)
	}
}

// Current is the slot of the current key, or None.
func (s *Slots) Current() uint32 { return s.current }

// Key is Current where there must be a current key. To have none is a mistake of the program; the task turns the panic
// into an error that names the operator.
func (s *Slots) Key() uint32 {
	if s.current == None {
		panic(noKey)
	}
	return s.current
}

const noKey = "keyed state or a timer was used where there is no current key: use them while a record or timer of a key is processed"

// Count makes the slots count what holds each key, so that Sweep can remove keys that nothing holds. It is called before
// the first record.
func (s *Slots) Count() { s.counting = true }

// Hold notes that one more state or timer belongs to a slot.
func (s *Slots) Hold(slot uint32) {
	if s.counting {
		*s.held.At(slot)++
	}
}

// Release takes back one Hold.
func (s *Slots) Release(slot uint32) {
	if !s.counting {
		return
	}
	h := s.held.At(slot)
	if *h--; *h == 0 {
		s.idle = append(s.idle, slot)
	}
}

// Sections implements Backend.
func (s *Slots) Sections() []Section {
	var all []Section
	for _, sec := range s.sections {
		all = append(all, sec.describe())
	}
	return all
}

// Changed implements Backend.
func (s *Slots) Changed() (all Changed) {
	for _, sec := range s.sections {
		all = all.And(sec.changed())
	}
	return all
}

// Follow implements Backend.
func (s *Slots) Follow() {
	s.following = true
	for _, sec := range s.sections {
		sec.follow(s.below != nil)
	}
}

// Restore implements Backend.
func (s *Slots) Restore(section string, removed bool, block []byte) (apply func(keys Range) error, err error) {
	for _, sec := range s.sections {
		if sec.describe().Name == section {
			return sec.decode(block, removed)
		}
	}
	return nil, fmt.Errorf("state %q: the program declares no state of that name", section)
}

// acquired notes slots of which some are new.
func (s *Slots) acquired(slots []uint32) {
	if !s.counting {
		return
	}
	for _, slot := range slots {
		if *s.held.At(slot) == 0 {
			s.idle = append(s.idle, slot)
		}
	}
}

func (s *Slots) grow(n int) {
	if n <= s.cap {
		return
	}
	s.cap = n
	for _, c := range s.columns {
		c.grow(n)
	}
	if s.counting {
		s.held.grow(n)
	}
}

func (s *Slots) clear(slot uint32) {
	for _, c := range s.columns {
		c.clear(slot)
	}
	if s.counting {
		s.held.clear(slot)
	}
}

func (s *Slots) reset() {
	s.empty()
	for _, sec := range s.sections {
		sec.forget()
	}
	s.current, s.running, s.heap = None, nil, 0
}

// empty gives the memory of slots back. What snapshots need to know of keys that are gone stays.
func (s *Slots) empty() {
	for _, c := range s.columns {
		c.reset()
	}
	s.held.reset()
	s.idle, s.cap = nil, 0
}

func (s *Slots) bytes() int64 {
	n := s.held.bytes()
	for _, c := range s.columns {
		n += c.bytes()
	}
	return n
}
