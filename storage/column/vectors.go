package column

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// vectors are rows in columns: what a batch of SQL holds. Row i is the i-th of those that the selection names.
type vectors struct {
	b    *vector.Batch
	rows [][]int32 // by channel, for scatter
}

// OfVectors returns a batch that holds v, which it takes over. Its types are those of the vectors.
func OfVectors(v *vector.Batch) *Batch { return &Batch{rows: &vectors{b: v}} }

// NewVectors returns an empty batch of columns of these types that belongs to no pool.
func NewVectors(types []datatype.Type) *Batch { return OfVectors(vector.NewBatch(types)) }

// Vectors returns the columns of b, which stay its own. It panics when b holds rows of a Go type, which the graph's type check
// excludes.
func Vectors(b *Batch) *vector.Batch { return b.rows.(*vectors).b }

// HoldsVectors tells whether b holds columns.
func HoldsVectors(b *Batch) bool { _, ok := b.rows.(*vectors); return ok }

func (r *vectors) len() int       { return r.b.Rows() }
func (r *vectors) reset(bool)     { r.b.Reset() }
func (r *vectors) pointers() bool { return false }
func (r *vectors) bytes() int     { return r.b.Bytes() }
func (r *vectors) truncate(n int) { r.b.Truncate(n) }

func (r *vectors) fresh() rowSet {
	c := &vector.Batch{Columns: make([]*vector.Vector, len(r.b.Columns))}
	for i, v := range r.b.Columns {
		c.Columns[i] = vector.New(v.Type, 0)
	}
	return &vectors{b: c}
}

// own makes the rows ones that others can be added to.
func (r *vectors) own() *vector.Batch {
	r.b.Compact()
	return r.b
}

func (r *vectors) appendAll(from rowSet, lo, hi int) { r.own().Append(from.(*vectors).b, lo, hi) }

func (r *vectors) appendPicked(from rowSet, order []uint32) {
	f := from.(*vectors).b
	rows := make([]int32, len(order))
	for i, o := range order {
		rows[i] = int32(o)
		if f.Selection != nil {
			rows[i] = f.Selection[o]
		}
	}
	r.own().AppendRows(f, rows)
}

func (r *vectors) scatter(channels []uint32, to []*Batch) {
	if len(r.rows) < len(to) {
		r.rows = make([][]int32, len(to))
	}
	for i, c := range channels {
		row := int32(i)
		if r.b.Selection != nil {
			row = r.b.Selection[i]
		}
		r.rows[c] = append(r.rows[c], row)
	}
	for c, rows := range r.rows[:len(to)] {
		if len(rows) > 0 {
			to[c].rows.(*vectors).own().AppendRows(r.b, rows)
			r.rows[c] = rows[:0]
		}
	}
}

// row is the values of a row as text, for messages.
func (r *vectors) row(i int) any {
	if r.b.Selection != nil {
		i = int(r.b.Selection[i])
	}
	var s strings.Builder
	for k, v := range r.b.Columns {
		if k > 0 {
			s.WriteString(", ")
		}
		s.WriteString(v.Show(i))
	}
	return fmt.Sprintf("(%s)", s.String())
}

// minRowSize makes 4096 rows a full batch of few columns.
const minRowSize = targetBytes / 4096

func (r *vectors) sizeOf() uintptr {
	n := 0
	for _, v := range r.b.Columns {
		n += max(vector.Width(v.Type), 4)
	}
	return uintptr(max(n, minRowSize))
}

func (r *vectors) appendWire(dst []byte, lo, hi int) ([]byte, error) {
	return r.b.AppendWire(dst, lo, hi)
}

func (r *vectors) decodeWire(src []byte) error {
	if err := r.own().DecodeWire(src); err != nil {
		return corrupt("%v", err)
	}
	return nil
}
