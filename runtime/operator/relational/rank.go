package relational

import (
	"fmt"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Rank keeps of each partition the rows whose rank is in a range, and adds it as a column: Top-N. Its input is sorted by the columns of the
// partition, in any direction, and within a partition by OrderBy. Over several sub-tasks it is partitioned by those columns; a Rank before
// the exchange, with First 1, leaves fewer rows to send.
//
//	Rank{Function: RANK, PartitionBy: [0], OrderBy: [1], First: 1, Last: 2}: (a, 5) (a, 5) (a, 6) (b, 1) -> (a, 5, 1) (a, 5, 1) (b, 1, 1)
type Rank struct {
	operator.Base
	Input       []datatype.Type
	Function    *expr.Function // ROW_NUMBER, RANK or DENSE_RANK
	PartitionBy []int
	OrderBy     []SortKey
	First, Last int64 // both included, counted from 1
	// Hidden leaves the number out.
	Hidden bool

	out    *operator.Output
	pool   *column.Pool
	peers  []int         // the columns of OrderBy
	last   *vector.Batch // the row before, nil: none
	row    int64         // its number, rank and dense rank in its partition
	rank   int64
	dense  int64
	before [2][]bool // by place in the batch: in the partition of the row before, a peer of the row before
}

// Output are the types of the input, then that of the number.
func (r *Rank) Output() []datatype.Type {
	if r.Hidden {
		return r.Input
	}
	return append(append([]datatype.Type(nil), r.Input...), datatype.BigInt.Required())
}

// Unsaved implements operator.Unsaved.
func (*Rank) Unsaved() string { return "the rank that a bounded partition has come to" }

// Open implements operator.Operator.
func (r *Rank) Open(ctx *operator.Context) error {
	switch r.Function.Name {
	case "ROW_NUMBER", "RANK", "DENSE_RANK":
	default:
		return fmt.Errorf("rows cannot be ranked by %s", r.Function.Name)
	}
	if _, err := orders(r.OrderBy, r.Input); err != nil {
		return err
	}
	for _, c := range r.PartitionBy {
		if c < 0 || c >= len(r.Input) {
			return fmt.Errorf("partition column %d of %d", c, len(r.Input))
		}
	}
	for _, k := range r.OrderBy {
		r.peers = append(r.peers, k.Column)
	}
	r.out, r.pool = ctx.Output(0), column.PoolLike(column.NewVectors(r.Output()))
	return nil
}

// Process implements operator.Operator.
func (r *Rank) Process(_ int, b *column.Batch) (bool, error) {
	defer b.Release()
	in := column.Vectors(b)
	in.Compact()
	r.compare(in)
	e := r.pool.Get()
	out := column.Vectors(e)
	out.Length = in.Length
	var numbers []int64
	if !r.Hidden {
		v := out.Columns[len(r.Input)]
		v.Reset(v.Type, in.Length)
		numbers = vector.Values[int64](v)
	}
	kept := make([]int32, 0, in.Length)
	for i := range in.Length {
		n := r.next(r.before[0][i], r.before[1][i])
		if numbers != nil {
			numbers[i] = n
		}
		if n >= r.First && n <= r.Last {
			kept = append(kept, int32(i))
		}
	}
	r.keepLast(in)
	if len(kept) < in.Length {
		out.Selection = kept
	}
	for c := range r.Input {
		out.Columns[c], in.Columns[c] = in.Columns[c], out.Columns[c]
	}
	r.out.Emit(e)
	return false, nil
}

// next is the rank of a row.
func (r *Rank) next(partition, peer bool) int64 {
	switch {
	case !partition:
		r.row, r.rank, r.dense = 1, 1, 1
	case peer:
		r.row++
	default:
		r.row++
		r.rank = r.row
		r.dense++
	}
	switch r.Function.Name {
	case "ROW_NUMBER":
		return r.row
	case "RANK":
		return r.rank
	}
	return r.dense
}

// compare fills before.
func (r *Rank) compare(in *vector.Batch) {
	for k, columns := range [2][]int{r.PartitionBy, r.peers} {
		same := append(r.before[k][:0], false)
		if r.last != nil {
			one := [2][]int32{{0}, {0}}
			for _, c := range columns {
				one = equalRows(r.last.Columns[c], in.Columns[c], one, true)
			}
			same[0] = len(one[0]) == 1
		}
		r.before[k] = append(same, equalToBefore(in, columns, 0, in.Length)...)
	}
}

// equalToBefore says of the rows behind lo and before hi whether they are equal in columns to the row before them.
func equalToBefore(b *vector.Batch, columns []int, lo, hi int) []bool {
	n := max(0, hi-lo-1)
	same := make([]bool, n)
	pairs := [2][]int32{make([]int32, n), make([]int32, n)}
	for i := range n {
		pairs[0][i], pairs[1][i] = int32(lo+i), int32(lo+i+1)
	}
	for _, c := range columns {
		pairs = equalRows(b.Columns[c], b.Columns[c], pairs, true)
	}
	for _, row := range pairs[0] {
		same[int(row)-lo] = true
	}
	return same
}

// keepLast copies the last row.
func (r *Rank) keepLast(in *vector.Batch) {
	if r.last == nil {
		r.last = vector.NewBatch(r.Input)
	}
	r.last.Reset()
	r.last.AppendRows(in, []int32{int32(in.Length - 1)})
}
