package operator

import (
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
)

const (
	// buildBytes is what a row of a build side costs beyond itself: its key and hash, its places in the table and the chain.
	buildBytes = 64
	// A build side is kept in chunks of 1<<buildShift rows.
	buildShift = 13
)

// buildSide is the input of a hash join that is held in memory: rows in chunks, and for each key a chain of row numbers in
// the order of arrival.
type buildSide[R any, K comparable] struct {
	chunks  []*column.Batch // all but the last hold 1<<buildShift rows
	held    int64           // reserved bytes
	groups  *state.Keyed[K]
	heads   *state.Column[uint32] // by group, the number of its first row + 1
	next    []uint32              // by row, the number of the next one of the group + 1, 0 = none
	matched []bool                // by row, for outer joins
	rows    [][]R                 // of chunks
}

// add copies the rows of b.
func (s *buildSide[R, K]) add(b *column.Batch) {
	for lo := 0; lo < b.Len(); {
		n := len(s.chunks)
		if n == 0 || s.chunks[n-1].Len() == 1<<buildShift {
			s.chunks = append(s.chunks, column.NewBatch[R]())
			n++
		}
		last := s.chunks[n-1]
		hi := min(b.Len(), lo+1<<buildShift-last.Len())
		last.Append(b, lo, hi)
		lo = hi
	}
}

// index makes the chains. They are linked from the last row to the first.
func (s *buildSide[R, K]) index(keys *Keys[R, K], outer bool) {
	total := 0
	for _, c := range s.chunks {
		s.rows = append(s.rows, column.Rows[R](c))
		total += c.Len()
	}
	s.next = make([]uint32, total)
	if outer {
		s.matched = make([]bool, total)
	}
	slots := make([]uint32, min(total, 1<<buildShift))
	for c := len(s.chunks) - 1; c >= 0; c-- {
		ks, hashes := keys.Of(s.chunks[c])
		in := slots[:len(ks)]
		s.groups.Acquire(ks, hashes, in) //nolint:errcheck // the state is in memory
		for i := len(ks) - 1; i >= 0; i-- {
			head := s.heads.At(in[i])
			row := uint32(c)<<buildShift | uint32(i)
			s.next[row] = *head
			*head = row + 1
		}
	}
}

// row returns a row by its number.
func (s *buildSide[R, K]) row(n uint32) *R { return &s.rows[n>>buildShift][n&(1<<buildShift-1)] }

// reset forgets all rows and returns how many bytes they have held.
func (s *buildSide[R, K]) reset() (held int64) {
	held = s.held
	s.groups.Reset()
	s.chunks, s.held, s.next, s.matched, s.rows = nil, 0, nil, nil, nil
	return held
}
