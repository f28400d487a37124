package state

import (
	"encoding/binary"
	"errors"
	"slices"
)

// saves is what snapshots need to know of the keys in a store: roughly where those are that have changed.
type saves struct {
	body    []byte
	changed marks   // since the last snapshot began
	unsure  marks   // in snapshots that were not confirmed
	since   marks   // before the last snapshot began and since the last base that counts
	former  marks   // what since was when a base began, until that counts
	last    uint32  // the last snapshot
	base    uint64  // the last snapshot that counts
	reading *stored // by the last snapshot
}

// appendHeader appends the header of a record that is put away, and notes where it is if a snapshot has to look for it.
func (t *Tiered[K]) appendHeader(dst []byte, hash uint64, f fate) []byte {
	var snapshot uint64
	switch {
	case f&unsaved != 0:
		snapshot = uint64(t.snapshots) + 1
		t.changed.set(hash)
	case f&doubted != 0:
		snapshot = uint64(t.snapshots)
		t.unsure.set(hash)
		t.since.set(hash)
	case f&afterBase != 0:
		snapshot = uint64(t.based) + 1
		t.since.set(hash)
	}
	return binary.AppendUvarint(dst, snapshot)
}

// confirmed implements below.
func (t *Tiered[K]) confirmed(number uint32, base bool) {
	if number != t.last {
		return
	}
	t.unsure, t.base = nil, uint64(number)
	if base {
		t.former = nil
	}
}

// Changed implements Backend. Of keys in the store it counts where they are.
func (t *Tiered[K]) Changed() Changed {
	return t.Slots.Changed().And(Changed{
		Increment: count(bitmap(t.changed), bitmap(t.unsure)),
		SinceBase: count(bitmap(t.changed), bitmap(t.since), bitmap(t.former)),
	})
}

// Snapshot implements Backend. The keys in the store are read while the block that stands for them is written.
func (t *Tiered[K]) Snapshot(o SnapshotOptions) (*Snapshot, error) {
	if t.running != nil {
		return nil, errOverlap
	}
	if err := t.writeRemovals(); err != nil {
		return nil, err
	}
	s, err := t.snapshot(o)
	if err != nil {
		return nil, err
	}
	t.last = s.number
	t.changed.add(t.unsure)
	where := t.changed
	t.unsure, t.changed = slices.Clone(where), nil
	t.since.add(where)
	t.since.add(t.former)
	t.former = nil
	base := t.base
	if o.Extent == SinceBase {
		where, base = slices.Clone(t.since), uint64(t.based)
	}
	if o.base() {
		t.since, t.former = nil, t.since
	}
	t.giveUp()
	if t.store == nil || o.Extent != Full && where == nil {
		return s, nil
	}
	if o.Extent == Full {
		t.reading, err = t.outside()
	} else if t.reading, err = t.store.open(); err == nil {
		t.reading.where, t.reading.base = where, base
	}
	if err != nil {
		return nil, err
	}
	o.Out(&Block{stored: t.reading.blocksOf(t.sections, o.Extent == Full)})
	return s, nil
}

// Saving tells whether a snapshot is being taken that still reads the state, in memory or in the store.
func (t *Tiered[K]) Saving() bool {
	return t.running != nil || t.reading != nil && !t.reading.closed.Load()
}

// giveUp ends the reading of the last snapshot.
func (s *saves) giveUp() {
	if s.reading != nil {
		s.reading.giveUp()
		s.reading = nil
	}
}

// outside are the keys in the store now that are not in memory.
func (t *Tiered[K]) outside() (*stored, error) {
	s, err := t.store.open()
	if err != nil {
		return nil, err
	}
	slots := t.recorded.members()
	s.inside = t.table.AppendHashes(make([]uint64, 0, len(slots)), slots)
	return s, nil
}

// Each implements Backend: first the keys in memory, then those that were outside when it began.
func (t *Tiered[K]) Each(visit func(slot uint32) error) error {
	if err := t.writeRemovals(); err != nil {
		return err
	}
	if t.store == nil {
		return t.Keyed.Each(visit)
	}
	s, err := t.outside()
	if err != nil {
		return err
	}
	defer s.close()
	if err := t.Keyed.Each(visit); err != nil {
		return err
	}
	var key [1]K
	var hash [1]uint64
	var slot [1]uint32
	return s.scan(func(k, _ []byte) error {
		hash[0] = binary.BigEndian.Uint64(k)
		if _, err := t.codec.DecodeRow(k[hashBytes:], &key[0]); err != nil {
			return err
		}
		if err := t.obtain(key[:], hash[:], slot[:]); err != nil {
			return err
		}
		return visit(slot[0])
	})
}

var errGivenUp = errors.New("the snapshot was given up")

// blocksOf reads the keys as blocks of sections, on any goroutine.
func (s *stored) blocksOf(sections []section, full bool) func(yield func(*Block) error) error {
	newRows := make([]func(int) rows, len(sections))
	for i, sec := range sections {
		newRows[i] = sec.makeRows(full)
	}
	return func(yield func(*Block) error) error {
		if !s.begin() {
			return errGivenUp
		}
		defer s.close()
		filling := make([]*Block, len(sections))
		for i, sec := range sections {
			filling[i] = &Block{Section: sec.describe().Name, rows: newRows[i](0)}
		}
		err := s.scan(func(key, body []byte) error {
			prefix := uint16(binary.BigEndian.Uint64(key) >> 48)
			return eachSection(body, len(sections), func(number, count int, src []byte) (rest []byte, err error) {
				b := filling[number]
				if b.rows.len() == 0 {
					b.Range.First = prefix
				}
				b.Range.Last = prefix
				if rest, err = b.rows.read(key[hashBytes:], src, count); err != nil || b.rows.len() < blockRows {
					return rest, err
				}
				filling[number] = &Block{Section: b.Section, rows: newRows[number](0)}
				return rest, b.yield(yield)
			})
		})
		for _, b := range filling {
			if err == nil && b.rows.len() > 0 {
				err = b.yield(yield)
			}
		}
		return err
	}
}

func (b *Block) yield(to func(*Block) error) error {
	b.Rows = b.rows.len()
	return to(b)
}
