package relational

import (
	"bytes"
	"sort"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// mergeSide is an input of a sort-merge join: it is sorted, or waits in its order.
type mergeSide struct {
	by      []vector.Order
	pool    *column.Pool
	sorter  *rowSorter
	waiting *batchQueue // if the input is sorted

	batch   *column.Batch // that is read; nil: none yet, or through
	keys    vector.Keys   // of its rows
	at      int           // the first row that is not through
	through bool
}

func (s *mergeSide) open(ctx *operator.Context, types []datatype.Type, by []SortKey, sorted bool) (err error) {
	s.pool = column.PoolLike(column.NewVectors(types))
	if s.by, err = orders(by, types); err != nil {
		return err
	}
	if sorted {
		s.waiting, err = newBatchQueue(ctx, types, s.pool)
		return err
	}
	s.sorter = new(rowSorter)
	return s.sorter.open(ctx, types, by)
}

// add copies the rows of b.
func (s *mergeSide) add(b *vector.Batch) error {
	if s.waiting != nil {
		return s.waiting.push(b)
	}
	return s.sorter.add(b)
}

func (s *mergeSide) end() error {
	if s.waiting != nil {
		return nil
	}
	return s.sorter.sort()
}

func (s *mergeSide) rows() *vector.Batch { return column.Vectors(s.batch) }

// fill reads a batch if there is none.
func (s *mergeSide) fill() error {
	if s.batch != nil || s.through {
		return nil
	}
	return s.next()
}

// next reads the next batch.
func (s *mergeSide) next() (err error) {
	s.release()
	if s.waiting != nil {
		if s.batch, err = s.waiting.pop(); err != nil {
			return err
		}
	} else {
		b := s.pool.Get()
		more, err := s.sorter.next(column.Vectors(b))
		if !more || err != nil {
			b.Release()
			s.through = err == nil
			return err
		}
		s.batch = b
	}
	if s.through = s.batch == nil; s.through {
		return nil
	}
	flatten(s.rows())
	s.at = 0
	s.keys.Make(s.rows(), s.by)
	return nil
}

// runOf is the row behind those that have a key and come first.
func (s *mergeSide) runOf(key []byte) int {
	n := s.rows().Length
	return s.at + sort.Search(n-s.at, func(i int) bool { return !bytes.Equal(s.keys.Key(s.at+i), key) })
}

// upTo takes rows whose keys are at most limit, or less if below says so; nil limits nothing. It returns nil if there are none.
func (s *mergeSide) upTo(limit []byte, below bool) (*column.Batch, error) {
	if err := s.fill(); err != nil || s.through {
		return nil, err
	}
	n := s.rows().Length
	end := n
	if limit != nil {
		end = s.at + sort.Search(n-s.at, func(i int) bool {
			c := bytes.Compare(s.keys.Key(s.at+i), limit)
			return c > 0 || c == 0 && below
		})
	}
	if end == s.at {
		return nil, nil
	}
	if s.at == 0 && end == n {
		b := s.batch
		s.batch = nil
		return b, nil
	}
	b := s.pool.Get()
	column.Vectors(b).Append(s.rows(), s.at, end)
	if s.at = end; end == n {
		s.release()
	}
	return b, nil
}

func (s *mergeSide) release() {
	if s.batch != nil {
		s.batch.Release()
		s.batch = nil
	}
}

func (s *mergeSide) close() error {
	s.release()
	if s.sorter != nil {
		return s.sorter.close()
	}
	return s.waiting.close()
}

// mergeTable finds the rows of a sorted block for rows that come sorted.
type mergeTable struct {
	keys  vector.Keys // of the block
	by    []vector.Order
	other vector.Keys
	at    int // the first row of the block whose key is not less than those that were looked for
}

// newMergeTable is a table of sorted rows for rows that are sorted by others.
func newMergeTable(rows *vector.Batch, by, others []vector.Order, marks bool) *joinTable {
	m := &mergeTable{by: others}
	t := &joinTable{rows: rows, merge: m}
	if marks {
		t.marked = make([]bool, rows.Length)
	}
	m.keys.Make(rows, by)
	for i := 1; i < rows.Length; i++ {
		if bytes.Equal(m.keys.Key(i-1), m.keys.Key(i)) {
			if t.next == nil {
				t.next = make([]uint32, rows.Length)
			}
			t.next[i-1] = uint32(i + 1)
		}
	}
	return t
}

// find sets heads to the numbers of the first rows + 1 that have the keys of rows, 0 for none.
func (m *mergeTable) find(rows *vector.Batch, heads []uint32) {
	m.other.Make(rows, m.by)
	for i := range heads {
		key := m.other.Key(i)
		order := -1
		for ; m.at < m.keys.Len(); m.at++ {
			if order = bytes.Compare(m.keys.Key(m.at), key); order >= 0 {
				break
			}
		}
		heads[i] = 0
		if order == 0 {
			heads[i] = uint32(m.at + 1)
		}
	}
}
