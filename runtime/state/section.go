package state

import (
	"fmt"
	"slices"
	"sync"

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
	// changed is that of Backend, for one section.
	changed() Changed
	// begin takes microseconds. The part that it returns saves the rows.
	begin(o SnapshotOptions, number uint32) *part
	confirm(number uint32)
	// decode reads the rows of a block, on any goroutine. apply puts those of the keys in a range in, or takes them out, on the
	// task's.
	decode(src []byte, removed bool) (apply func(keys Range) error, err error)
	// follow makes it note changes, for a store below too if there is one; forget notes that all is gone.
	follow(tiered bool)
	forget()

	// pack appends the rows of a slot to dst, which are put away, behind the section's number, and tells how often they hold it.
	pack(number int, slot uint32, dst []byte) (out []byte, f fate, holds uint32)
	// unpack puts count rows of a slot back, which may have changed since the last base if since is true.
	unpack(slot uint32, src []byte, count int, since bool) (rest []byte, err error)
	// change notes that the rows of a slot change.
	change(slot uint32)
	makeRows(full bool) func(room int) rows
}

// fate is what becomes of the rows of a key that is put away.
type fate uint8

const (
	differs   fate = 1 << iota // from what the store holds
	unsaved                    // changed since the last snapshot began
	doubted                    // saved by snapshots that do not count yet
	afterBase                  // changed since the last base that counts
)

// Rows is the state behind a section: rows by dense numbers. R is a row as it is encoded.
type Rows[R any] struct {
	// SlotOf is the slot that number i belongs to.
	SlotOf func(i uint32) (slot uint32)
	// Row is a copy of number i that the state does not change any more.
	Row func(i uint32) R
	// Copy appends such copies, of numbers that are their slots; nil for one row at a time.
	Copy func(dst []R, slots []uint32) []R
	// Put restores a row and returns its number. It clones what it keeps.
	Put func(slot uint32, row *R) (i uint32)
	// Keep is Put for a row that it need not clone; nil for none.
	Keep func(slot uint32, row *R) (i uint32)
	// Numbers appends the numbers of a slot to dst. Without it a key that has rows holds its slot (Slots.Hold) and stays in memory.
	Numbers func(slot uint32, dst []uint32) []uint32
	// EachHolds says that each row holds its slot, not the state once for all of them.
	EachHolds bool
	// Whole is Row, where Row may leave out what a snapshot holds already.
	Whole func(i uint32) R
	// Append and Read are how a row is kept in a store; without them, as the codec of R has it.
	Append func(dst []byte, row *R) []byte
	Read   func(src []byte, row *R) (rest []byte, err error)
	// Trim returns what takes out of a row, on any goroutine, what a full snapshot that begins now leaves out, and tells whether
	// anything remains; nil, as it may return, for nothing.
	Trim func() func(row *R) (remains bool)
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
	running *part // as long as it saves
	kind    string
	name    string
	slots   *Slots
	codec   *column.Codec[R]
	of      Rows[R]
	// lost are rows that snapshots hold and the state does not, those that the last snapshot has left out first.
	lost     []*sectionRows[R]
	reported int    // lost rows that the last snapshot holds
	last     uint32 // number of the last snapshot
	sure     uint32 // number of the last snapshot that counts
	based    uint32 // number of the last base that counts
	extent   Extent // of the last snapshot
	base     bool   // the last snapshot is one
	bygone   bygone[R]

	numbers []uint32
	slotsOf []uint32
	hashes  []uint64
	row     R
	// spareRows are *sectionRows[R] whose blocks have been encoded.
	spareRows sync.Pool
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
	if of.Whole == nil {
		of.Whole = of.Row
	}
	if of.Append == nil {
		of.Append, of.Read = codec.AppendRow, codec.DecodeRow
	}
	sec := &Saved[R]{kind: kind, name: name, slots: s, codec: codec, of: of}
	if s.following {
		sec.follow(s.below != nil)
	}
	s.sections = append(s.sections, sec)
	return sec, nil
}

func (s *Saved[R]) describe() Section {
	return Section{Name: s.name, Kind: s.kind, Row: s.codec.Schema(), Key: s.slots.keys.schema()}
}

func (s *Saved[R]) follow(tiered bool) { s.on, s.tiered = true, tiered }

func (s *Saved[R]) forget() {
	s.changes = changes{on: s.on, tiered: s.tiered}
	s.lost, s.reported, s.last, s.sure, s.based = nil, 0, 0, 0, 0
	s.bygone = bygone[R]{}
}

// Touch is called before number i changes or comes into use.
func (s *Saved[R]) Touch(i uint32) { s.touch(i) }

// warm has what touchAgain needs of some numbers that are slots come closer (Column.warm).
func (s *Saved[R]) warm(slots []uint32) {
	s.changes.warm(slots)
	if s.save != nil {
		s.hashes = s.slots.keys.appendHashes(s.hashes[:0], slots)
	}
}

// Release is called before number i goes out of use.
func (s *Saved[R]) Release(i uint32) {
	if s.slots.leaving {
		s.settle(i)
		s.leave(i)
		return
	}
	if s.slots.below != nil && s.of.Numbers != nil {
		s.slots.below.removed(s.of.SlotOf(i))
	}
	stored := s.gone(i)
	s.settle(i)
	if !stored {
		return
	}
	n := len(s.lost)
	if n == s.reported || s.lost[n-1].len() == blockRows {
		s.lost = append(s.lost, s.rows(s.of.Name, 0))
		n++
	}
	s.one[0] = i
	s.lost[n-1].take(s.one[:])
}

// settle is called before the key of number i may go.
func (s *Saved[R]) settle(i uint32) {
	if s.save != nil && s.of.Copy != nil {
		s.running.leaving(i)
	}
}

// rows makes room for rows.
func (s *Saved[R]) rows(of func(i uint32) R, room int) *sectionRows[R] {
	return &sectionRows[R]{s: s, keys: s.slots.keys.newRows(room), vals: make([]R, 0, room), of: of}
}

// makeRows returns what makes room for rows of a snapshot that begins now.
func (s *Saved[R]) makeRows(full bool) func(room int) rows {
	var trim func(row *R) bool
	if full && s.of.Trim != nil {
		trim = s.of.Trim()
	}
	return func(room int) rows {
		r, _ := s.spareRows.Get().(*sectionRows[R])
		if r == nil {
			r = s.rows(s.of.Row, room)
			r.lent = true
		}
		r.trim = trim
		return r
	}
}

func (s *Saved[R]) begin(o SnapshotOptions, number uint32) *part {
	p := &part{
		section: s.name, changes: &s.changes, out: o.Out, full: o.Range,
		hashes:  s.appendHashes,
		newRows: s.makeRows(o.Extent == Full),
	}
	s.last, s.extent, s.base = number, o.Extent, o.base()
	s.reported = len(s.lost)
	removed := s.lost
	switch o.Extent {
	case Full:
		removed = nil
	case SinceBase:
		removed = slices.Concat(s.bygone.blocks, s.lost)
	}
	for _, r := range removed {
		o.Out(&Block{Section: s.name, Removed: true, Range: o.Range, Rows: r.len(), rows: r})
	}
	rows := s.changes.begin(o.Extent, s.base, p.take)
	if o.Extent == Full {
		s.bygone.limit = rows / bygonePart
	}
	p.spread(rows)
	s.running = p
	return p
}

// appendHashes appends the hashes of the keys of numbers.
func (s *Saved[R]) appendHashes(dst []uint64, numbers []uint32) []uint64 {
	if s.of.Copy != nil {
		return s.slots.keys.appendHashes(dst, numbers)
	}
	s.slotsOf = s.slotsOf[:0]
	for _, i := range numbers {
		s.slotsOf = append(s.slotsOf, s.of.SlotOf(i))
	}
	return s.slots.keys.appendHashes(dst, s.slotsOf)
}

func (s *Saved[R]) changed() Changed {
	n := s.changes.changed()
	for _, r := range s.lost {
		n.Lost += r.len()
	}
	n.SinceBase += s.bygone.n
	n.Forgotten = s.bygone.tooMany
	return n
}

func (s *Saved[R]) confirm(number uint32) {
	s.sure = number
	if number != s.last {
		return
	}
	s.changes.confirm(s.base)
	if s.base {
		s.based = number
		s.bygone = bygone[R]{limit: s.bygone.limit}
	} else {
		s.bygone.add(s.lost[:s.reported])
	}
	s.lost = append(s.lost[:0], s.lost[s.reported:]...)
	s.reported = 0
}

// beneath tells whether a row that was saved by a snapshot is held by the ones that the running snapshot adds to.
func (s *Saved[R]) beneath(number uint32) bool {
	switch s.extent {
	case Full:
		return false
	case SinceBase:
		return number != 0 && number <= s.based
	}
	return number != 0 && number <= s.sure
}

func (s *Saved[R]) decode(src []byte, removed bool) (apply func(keys Range) error, err error) {
	keys, src, err := s.slots.keys.decode(src)
	if err != nil {
		return nil, err
	}
	put, read := s.of.Put, s.codec.DecodeBatch
	if s.of.Keep != nil && !removed {
		put, read = s.of.Keep, s.codec.DecodeApart
	}
	values, src, err := readColumn(src, read)
	if err != nil {
		return nil, err
	}
	if len(values) != keys.len() || len(src) > 0 {
		return nil, fmt.Errorf("a block with %d keys, %d rows and %d bytes more: %w", keys.len(), len(values), len(src), column.ErrCorrupt)
	}
	return func(share Range) error {
		slots, err := keys.slots(share, !removed)
		for i, slot := range slots {
			switch {
			case slot == None:
			case removed:
				s.of.Remove(slot, &values[i])
			default:
				s.restored(put(slot, &values[i]))
			}
		}
		return err
	}, nil
}
