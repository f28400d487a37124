package spill

import (
	"slices"

	"github.com/leatproject/leat/storage/column"
)

// order returns the rows in memory in sorted order: entry.index is chunk<<shift | position.
func (s *Sorter[T]) order() []entry {
	entries, scratch := make([]entry, s.rows), make([]entry, s.rows)
	var room []uint64
	at := uint32(0)
	for i := range s.chunks {
		for _, p := range s.prefixes(&s.chunks[i], &room) {
			entries[at] = entry{p, at}
			at++
		}
	}
	sortByPrefix(entries, scratch)
	if s.opt.Compare != nil || s.opt.ByTime {
		for lo := 0; lo < len(entries); {
			hi := lo + 1
			for hi < len(entries) && entries[hi].prefix == entries[lo].prefix {
				hi++
			}
			if hi-lo > 1 {
				s.settle(entries[lo:hi], scratch)
			}
			lo = hi
		}
	}
	return entries
}

// prefixes returns the prefixes of the rows of a frame, in room if they have to be computed.
func (s *Sorter[T]) prefixes(f *frame[T], room *[]uint64) []uint64 {
	if s.opt.Prefix == nil {
		return f.hashes
	}
	*room = slices.Grow((*room)[:0], len(f.rows))[:len(f.rows)]
	s.opt.Prefix(f.rows, *room)
	return *room
}

func (s *Sorter[T]) row(e entry) *T { return &s.chunks[e.index>>s.shift].rows[e.index&(1<<s.shift-1)] }

func (s *Sorter[T]) time(e entry) int64 {
	times := s.chunks[e.index>>s.shift].times
	if len(times) == 0 {
		return column.NoTime
	}
	return times[e.index&(1<<s.shift-1)]
}

// settle orders rows of one prefix by what follows it. They come in order of arrival.
func (s *Sorter[T]) settle(tied, scratch []entry) {
	if s.opt.Compare == nil {
		s.settleTimes(tied, scratch)
		return
	}
	equal := true
	for i := 1; i < len(tied) && equal; i++ {
		equal = s.opt.Compare(s.row(tied[i-1]), s.row(tied[i])) == 0
	}
	if !equal {
		slices.SortFunc(tied, func(a, b entry) int {
			if c := s.opt.Compare(s.row(a), s.row(b)); c != 0 {
				return c
			}
			if a.index < b.index {
				return -1
			}
			return 1
		})
	}
	if !s.opt.ByTime {
		return
	}
	for lo := 0; lo < len(tied); {
		hi := lo + 1
		for hi < len(tied) && (equal || s.opt.Compare(s.row(tied[lo]), s.row(tied[hi])) == 0) {
			hi++
		}
		s.settleTimes(tied[lo:hi], scratch)
		lo = hi
	}
}

// settleTimes orders rows that are equal but for their timestamps.
func (s *Sorter[T]) settleTimes(tied, scratch []entry) {
	if len(tied) < 2 {
		return
	}
	prefix := tied[0].prefix
	for i := range tied {
		tied[i].prefix = Int64Prefix(s.time(tied[i]))
	}
	sortByPrefix(tied, scratch[:len(tied)])
	for i := range tied {
		tied[i].prefix = prefix
	}
}
