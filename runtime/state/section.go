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

// saves is the state behind a section; R is a row of it as it is encoded.
type saves[R any] interface {
	// slotOf is the slot that number i belongs to.
	slotOf(i uint32) uint32
	// rowOf is a copy of number i, nameOf what remove needs of it.
	rowOf(i uint32) R
	nameOf(i uint32) R
	// put restores a row, remove takes one back. put returns the row's number.
	put(slot uint32, row *R) (i uint32)
	remove(slot uint32, row *R)
}

// saved is the section of a state with rows of type R.
type saved[R any] struct {
	changes
	kind  string
	name  string
	slots *Slots
	codec *column.Codec[R]
	of    saves[R]
	// lost are rows that snapshots hold and the state does not, those that the last snapshot has left out first.
	lost     []*sectionRows[R]
	reported int    // lost rows that the last snapshot holds
	last     uint32 // number of the last snapshot
	sure     uint32 // number of the last snapshot that counts
	full     bool   // the last snapshot holds everything
}

// newSaved adds the section of a state to its slots.
func newSaved[R any](s *Slots, name, kind string, of saves[R]) (*saved[R], error) {
	codec, err := column.CodecOf[R]()
	if err != nil {
		return nil, err
	}
	sec := &saved[R]{kind: kind, name: name, slots: s, codec: codec, of: of}
	sec.on = s.following
	s.sections = append(s.sections, sec)
	return sec, nil
}

func (s *saved[R]) describe() Section {
	return Section{Name: s.name, Kind: s.kind, Row: s.codec.Schema(), Key: s.slots.keys.schema()}
}

func (s *saved[R]) follow() { s.on = true }

func (s *saved[R]) forget() {
	s.changes = changes{on: s.on}
	s.lost, s.reported, s.last, s.sure = nil, 0, 0, 0
}

// release is gone, with a note for the next snapshots.
func (s *saved[R]) release(i uint32) {
	if !s.gone(i) {
		return
	}
	n := len(s.lost)
	if n == s.reported || s.lost[n-1].len() == blockRows {
		s.lost = append(s.lost, s.rows(s.of.nameOf))
		n++
	}
	s.lost[n-1].take(i)
}

func (s *saved[R]) rows(of func(i uint32) R) *sectionRows[R] {
	return &sectionRows[R]{s: s, keys: s.slots.keys.newRows(), of: of}
}

func (s *saved[R]) begin(o SnapshotOptions, number uint32) *part {
	p := &part{
		section: s.name, changes: &s.changes, out: o.Out, full: o.Range,
		hashOf:  func(i uint32) uint64 { return s.slots.keys.hash(s.of.slotOf(i)) },
		newRows: func() rows { return s.rows(s.of.rowOf) },
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

func (s *saved[R]) confirm(number uint32) {
	s.sure = number
	if number == s.last {
		s.changes.confirm()
		s.lost = append(s.lost[:0], s.lost[s.reported:]...)
		s.reported = 0
	}
}

// base tells whether a row that was saved by a snapshot is held by the one that the running snapshot is based on.
func (s *saved[R]) base(number uint32) bool { return !s.full && number != 0 && number <= s.sure }

func (s *saved[R]) decode(src []byte, removed bool) (apply func(keys Range), err error) {
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
				s.of.remove(slot, &values[i])
			default:
				s.restored(s.of.put(slot, &values[i]))
			}
		}
	}, nil
}
