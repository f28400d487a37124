package state

import (
	"encoding/binary"
	"fmt"

	"github.com/leatproject/leat/storage/column"
)

// A record of a store is the state of one key: a header, then for each section that has rows its number, how many, and the
// rows. The header is the number of the first snapshot that has the record as it is. Records are read by the process that wrote them.

// pack appends the rows of a slot and tells how often they hold it.
func (s *Slots) pack(slot uint32, dst []byte) (out []byte, f fate, holds uint32) {
	for number, sec := range s.sections {
		var of fate
		var n uint32
		dst, of, n = sec.pack(number, slot, dst)
		f |= of
		holds += n
	}
	return dst, f, holds
}

// unpack puts a record's rows into a slot.
func (s *Slots) unpack(slot uint32, record []byte) (snapshot uint64, err error) {
	if snapshot, err = readUvarint(&record); err != nil {
		return 0, err
	}
	since := snapshot > uint64(s.based)
	return snapshot, eachSection(record, len(s.sections), func(number, count int, src []byte) ([]byte, error) {
		return s.sections[number].unpack(slot, src, count, since)
	})
}

// eachSection calls read for the rows of each section of a record; read returns what follows them.
func eachSection(body []byte, sections int, read func(number, count int, src []byte) ([]byte, error)) error {
	for len(body) > 0 {
		number, err := readUvarint(&body)
		if err != nil {
			return err
		}
		count, err := readUvarint(&body)
		if err != nil {
			return err
		}
		if number >= uint64(sections) {
			return fmt.Errorf("a record with state %d of %d: %w", number, sections, column.ErrCorrupt)
		}
		if body, err = read(int(number), int(count), body); err != nil {
			return err
		}
	}
	return nil
}

func readUvarint(src *[]byte) (uint64, error) {
	v, n := binary.Uvarint(*src)
	if n <= 0 {
		return 0, fmt.Errorf("a record of state is cut off: %w", column.ErrCorrupt)
	}
	*src = (*src)[n:]
	return v, nil
}

func (s *Saved[R]) pack(number int, slot uint32, dst []byte) (out []byte, f fate, holds uint32) {
	if s.of.Numbers == nil {
		return dst, 0, 0
	}
	s.numbers = s.of.Numbers(slot, s.numbers[:0])
	if len(s.numbers) == 0 {
		return dst, 0, 0
	}
	if holds = 1; s.of.EachHolds {
		holds = uint32(len(s.numbers))
	}
	dst = binary.AppendUvarint(dst, uint64(number))
	dst = binary.AppendUvarint(dst, uint64(len(s.numbers)))
	for _, i := range s.numbers {
		s.rest(i)
		f |= s.fate(i)
		s.row = s.of.Whole(i)
		dst = s.of.Append(dst, &s.row)
	}
	return dst, f, holds
}

func (s *Saved[R]) change(slot uint32) {
	if s.of.Numbers != nil {
		s.numbers = s.of.Numbers(slot, s.numbers[:0])
		for _, i := range s.numbers {
			s.touch(i)
		}
	}
}

// fate tells what the store and snapshots have of number i.
func (c *changes) fate(i uint32) (f fate) {
	if c.dirty.has(i) {
		f |= differs | unsaved
	}
	if c.ahead.has(i) {
		f |= differs
	}
	if c.doubted.has(i) {
		f |= doubted
	}
	if c.since.has(i) || c.former.has(i) {
		f |= afterBase
	}
	return f
}

func (s *Saved[R]) unpack(slot uint32, src []byte, count int, since bool) (rest []byte, err error) {
	for range count {
		if src, err = s.of.Read(src, &s.row); err != nil {
			return nil, err
		}
		s.fetched(s.of.Put(slot, &s.row), since)
	}
	return src, nil
}
