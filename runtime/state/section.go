package state

import (
	"fmt"

	"github.com/leatproject/leat/storage/column"
)

// Section describes a state that is saved: its name and the types of its keys and rows.
type Section struct {
	Name string         `json:"name"`
	Kind string         `json:"kind"`
	Key  *column.Schema `json:"key"`
	Row  *column.Schema `json:"row"`
}

// section is a state that is saved by itself: rows by number, each of one key.
type section interface {
	describe() Section
	// begin takes microseconds. The part that it returns saves the rows.
	begin(o SnapshotOptions, number uint32) *part
	confirm(number uint32)
	// decode reads the rows of a block, on any goroutine. apply puts those of the keys in a range in, or takes them out, on the
	// task's.
	decode(src []byte, removed bool) (apply func(keys Range), err error)
	// follow makes it note changes, forget notes that all is gone.
	follow()
	forget()
}

// Rows is the state behind a section: rows by dense numbers. R is a row as it is encoded.
type Rows[R any] struct {
	// SlotOf is the slot that number i belongs to.
	SlotOf func(i uint32) (slot uint32)
	// Row is a copy of number i that the state does not change any more.
	Row func(i uint32) R
	// Put restores a row and returns its number. It clones what it keeps.
	Put func(slot uint32, row *R) (i uint32)
	// Remove takes a row back that Name, or Row if it is nil, has named.
	Remove func(slot uint32, row *R)
	Name   func(i uint32) R
}

// self and noName are of states whose rows are their slots' only ones.
func self(slot uint32) uint32       { return slot }
func noName[R any](uint32) (none R) { return none }

// Saved is the section of a state with rows of type R.
type Saved[R any] struct {
	changes
	kind  string
	name  string
	slots *Slots
	codec *column.Codec[R]
	of    Rows[R]
	// lost are rows that snapshots hold and the state does not, those that the last snapshot has left out first.
	lost     []*sectionRows[R]
	reported int    // lost rows that the last snapshot holds
	last     uint32 // number of the last snapshot
	sure     uint32 // number of the last snapshot that counts
	full     bool   // the last snapshot holds everything
}

// NewSaved adds the section of a state to its slots.
func NewSaved[R any](s *Slots, name, kind string, of Rows[R]) (*Saved[R], error) {
	codec, err := column.CodecOf[R]()
	if err != nil {
		return nil, err
	}
	if of.Name == nil {
		of.Name = of.Row
	}
	sec := &Saved[R]{kind: kind, name: name, slots: s, codec: codec, of: of}
	sec.on = s.following
	s.sections = append(s.sections, sec)
	return sec, nil
}

func (s *Saved[R]) describe() Section {
	return Section{Name: s.name, Kind: s.kind, Row: s.codec.Schema(), Key: s.slots.keys.schema()}
}

func (s *Saved[R]) follow() { s.on = true }

func (s *Saved[R]) forget() {
	s.changes = changes{on: s.on}
	s.lost, s.reported, s.last, s.sure = nil, 0, 0, 0
}

// Touch is called before number i changes or comes into use.
func (s *Saved[R]) Touch(i uint32) { s.touch(i) }

// Release is called before number i goes out of use.
func (s *Saved[R]) Release(i uint32) {
	if !s.gone(i) {
		return
	}
	n := len(s.lost)
	if n == s.reported || s.lost[n-1].len() == blockRows {
		s.lost = append(s.lost, s.rows(s.of.Name))
		n++
	}
	s.lost[n-1].take(i)
}

func (s *Saved[R]) rows(of func(i uint32) R) *sectionRows[R] {
	return &sectionRows[R]{s: s, keys: s.slots.keys.newRows(), of: of}
}

func (s *Saved[R]) begin(o SnapshotOptions, number uint32) *part {
	p := &part{
		section: s.name, changes: &s.changes, out: o.Out, full: o.Range,
		hashOf:  func(i uint32) uint64 { return s.slots.keys.hash(s.of.SlotOf(i)) },
		newRows: func() rows { return s.rows(s.of.Row) },
	}
	s.last, s.full = number, o.Full
	s.reported = len(s.lost)
	if !o.Full {
		for _, r := range s.lost {
			o.Out(&Block{Section: s.name, Removed: true, Range: o.Range, Rows: r.len(), rows: r})
		}
	}
	s.changes.begin(o.Full, p.take)
	p.spread(s.pending.count())
	return p
}

func (s *Saved[R]) confirm(number uint32) {
	s.sure = number
	if number == s.last {
		s.changes.confirm()
		s.lost = append(s.lost[:0], s.lost[s.reported:]...)
		s.reported = 0
	}
}

// base tells whether a row that was saved by a snapshot is held by the one that the running snapshot is based on.
func (s *Saved[R]) base(number uint32) bool { return !s.full && number != 0 && number <= s.sure }

func (s *Saved[R]) decode(src []byte, removed bool) (apply func(keys Range), err error) {
	keys, src, err := s.slots.keys.decode(src)
	if err != nil {
		return nil, err
	}
	values, src, err := readColumn(src, s.codec)
	if err != nil {
		return nil, err
	}
	if len(values) != keys.len() || len(src) > 0 {
		return nil, fmt.Errorf("a block with %d keys, %d rows and %d bytes more: %w", keys.len(), len(values), len(src), column.ErrCorrupt)
	}
	return func(share Range) {
		for i, slot := range keys.slots(share, !removed) {
			switch {
			case slot == None:
			case removed:
				s.of.Remove(slot, &values[i])
			default:
				s.restored(s.of.Put(slot, &values[i]))
			}
		}
	}, nil
}
