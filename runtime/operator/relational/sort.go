package relational

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/vector"
)

// Sort gives all rows in the order of keys, on disk what exceeds memory, and cuts them. Rows that are equal stay in the order of
// their arrival. One task sorts a whole table, since what comes from several is not told apart.
//
//	Sort{Keys: [0 descending], Offset: 1, Limit: -1}: 5 3 4 1 -> 4 3 1
type Sort struct {
	operator.Base
	Input  []datatype.Type
	Keys   []SortKey
	Offset int64
	Limit  int64 // negative: all

	ctx  *operator.Context
	rows rowSorter
	pool *column.Pool
	skip int64
	left int64
}

// Output are the types of the input.
func (s *Sort) Output() []datatype.Type { return s.Input }

// Unsaved implements operator.Unsaved.
func (*Sort) Unsaved() string { return "the rows that are being sorted" }

// Open implements operator.Operator.
func (s *Sort) Open(ctx *operator.Context) error {
	s.ctx, s.skip, s.left = ctx, s.Offset, s.Limit
	s.pool = column.PoolLike(column.NewVectors(s.Input))
	return s.rows.open(ctx, s.Input, s.Keys)
}

// Process implements operator.Operator.
func (s *Sort) Process(_ int, b *column.Batch) (bool, error) {
	defer b.Release()
	return false, s.rows.add(column.Vectors(b))
}

// EndInput implements operator.Operator.
func (s *Sort) EndInput(int) (bool, error) {
	if s.left == 0 {
		return false, nil
	}
	return true, s.rows.sort()
}

// Resume implements operator.Operator: it emits a batch.
func (s *Sort) Resume() (more bool, err error) {
	b := s.pool.Get()
	v := column.Vectors(b)
	if more, err = s.rows.next(v); err != nil || !more {
		b.Release()
		return false, err
	}
	n := int64(v.Length)
	lo := min(s.skip, n)
	s.skip -= lo
	hi := n
	if s.left >= 0 {
		hi = min(n, lo+s.left)
		s.left -= hi - lo
	}
	if lo > 0 || hi < n {
		slice(v, int(lo), int(hi))
	}
	s.ctx.Output(0).Emit(b)
	return s.left != 0, nil
}

// Close implements operator.Operator.
func (s *Sort) Close() error { return s.rows.close() }

// sortedRow is a row while it is sorted.
type sortedRow struct{ Key, Row string }

var sortedRows = spill.SortOptions[sortedRow]{
	Prefix: func(rows []sortedRow, out []uint64) {
		for i := range rows {
			out[i] = spill.StringPrefix(rows[i].Key)
		}
	},
	Compare: func(a, b *sortedRow) int { return strings.Compare(a.Key, b.Key) },
}

// rowSorter sorts rows of columns by normalised keys.
type rowSorter struct {
	ctx    *operator.Context
	by     []vector.Order
	keys   vector.Keys
	format *vector.RowFormat
	sorter *spill.Sorter[sortedRow]
	it     *spill.Iterator[sortedRow]
	batch  *column.Batch
	texts  []string

	longest int // row, in bytes
}

// maxSortedRows is how many rows come back at once, as long as they have no more than maxSortedBytes.
const (
	maxSortedRows  = 4096
	maxSortedBytes = 16 << 20
)

func (s *rowSorter) open(ctx *operator.Context, types []datatype.Type, keys []SortKey) (err error) {
	s.ctx = ctx
	if s.by, err = orders(keys, types); err != nil {
		return err
	}
	if s.format, err = vector.NewRowFormat(types); err != nil {
		return err
	}
	codec, err := column.CodecOf[sortedRow]()
	if err != nil {
		return err
	}
	s.sorter = spill.NewSorter(ctx.Memory, ctx.Spill, codec, sortedRows)
	s.batch = column.NewBatch[sortedRow]()
	return nil
}

// orders checks keys.
func orders(keys []SortKey, types []datatype.Type) ([]vector.Order, error) {
	var out []vector.Order
	for _, k := range keys {
		if k.Column < 0 || k.Column >= len(types) {
			return nil, fmt.Errorf("key %d of %d columns", k.Column, len(types))
		}
		if t := types[k.Column]; !t.Comparable() {
			return nil, fmt.Errorf("column %d of type %s has no order", k.Column, t)
		}
		out = append(out, vector.Order(k))
	}
	return out, nil
}

// add copies the rows of b.
func (s *rowSorter) add(b *vector.Batch) error {
	if b.Rows() == 0 {
		return nil
	}
	s.keys.Make(b, s.by)
	rows, ends := s.format.Append(nil, b)
	keys := string(s.keys.Bytes())
	texts := unsafe.String(unsafe.SliceData(rows), len(rows)) // nobody else has them
	out, from := column.Rows[sortedRow](s.batch)[:0], 0
	for i, end := range ends {
		lo, hi := s.keys.Range(i)
		out = append(out, sortedRow{keys[lo:hi], texts[from:end]})
		s.longest = max(s.longest, end-from)
		from = end
	}
	column.SetRows(s.batch, out)
	return s.sorter.Add(s.batch)
}

func (s *rowSorter) sort() (err error) {
	clear(column.Rows[sortedRow](s.batch))
	column.SetRows(s.batch, column.Rows[sortedRow](s.batch)[:0])
	s.batch.SetRowLimit(max(1, min(maxSortedRows, maxSortedBytes/max(s.longest, 1))))
	s.it, err = s.sorter.Sort(s.ctx)
	return err
}

// next makes b the next rows, at most maxSortedRows; more is false when there are none.
func (s *rowSorter) next(b *vector.Batch) (more bool, err error) {
	column.SetRows(s.batch, column.Rows[sortedRow](s.batch)[:0])
	if more, err = s.it.Next(s.batch); err != nil || !more {
		return false, err
	}
	s.texts = s.texts[:0]
	for _, r := range column.Rows[sortedRow](s.batch) {
		s.texts = append(s.texts, r.Row)
	}
	s.format.Read(b, s.texts)
	return true, nil
}

func (s *rowSorter) close() error {
	if s.sorter == nil {
		return nil
	}
	return s.sorter.Close()
}
