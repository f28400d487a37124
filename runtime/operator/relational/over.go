package relational

import (
	"fmt"
	"slices"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Over computes functions over windows of one specification and adds a column for each. Its input is sorted by the columns of the
// partition, in any direction, and within a partition by OrderBy. Over several sub-tasks it is partitioned by those columns.
//
// Whole partitions are looked at at once as long as they fit into memory; see overPartition for those that do not.
//
//	Over{PartitionBy: [0], OrderBy: [1], Frame: all rows before, Calls: [SUM($1)]}: (a, 1) (a, 2) (b, 5) -> (a, 1, 1) (a, 2, 3) (b, 5, 5)
type Over struct {
	operator.Base
	Input       []datatype.Type
	PartitionBy []int
	OrderBy     []SortKey
	Frame       Frame
	Calls       []OverCall
	Options     kernel.Options

	ctx      *operator.Context
	pool     *column.Pool
	calls    []overCall
	rows     *vector.Batch // of partitions that are not through
	held     int64         // reserved for them
	complete int           // how many of rows belong to partitions that have ended
	emitted  int           // how many of those are through
	computed bool
	window   overRows
	results  []*vector.Vector
	large    *overPartition // not nil: the rows before those of rows are a partition that does not fit
	ended    bool
}

// OverCall is a function over a window.
type OverCall struct {
	Function    *expr.Function
	Args        []int
	Constant    []expr.Literal // arguments behind Args
	Distinct    bool
	IgnoreNulls bool
	Filter      int // a BOOLEAN column: only rows where it is true count; -1 for none
	Type        datatype.Type
}

// overCall computes a call for the complete rows.
type overCall interface {
	compute(w *overRows, out *vector.Vector) error
	// large computes the call for a partition that does not fit.
	large(p *overPartition) (largeCall, error)
}

// overRows are complete partitions.
type overRows struct {
	rows  *vector.Batch
	count int
	// starts are the first rows of the partitions, and count.
	starts []int32
	// peers are, by row, the first of those that are equal in the order, and the one behind the last.
	peers [2][]int32
	// frame is, by row, the first row of its frame, and the one behind the last.
	frame [2][]int32
}

// minComplete is how many complete rows are worth looking at.
const minComplete = 2048

// Output are the types of the input, then those of the calls.
func (o *Over) Output() []datatype.Type {
	out := append([]datatype.Type(nil), o.Input...)
	for _, c := range o.Calls {
		out = append(out, c.Type)
	}
	return out
}

// Unsaved implements operator.Unsaved.
func (*Over) Unsaved() string { return "the rows of a bounded window" }

// Open implements operator.Operator.
func (o *Over) Open(ctx *operator.Context) error {
	if _, err := orders(o.OrderBy, o.Input); err != nil {
		return err
	}
	for _, c := range o.PartitionBy {
		if c < 0 || c >= len(o.Input) {
			return fmt.Errorf("partition column %d of %d", c, len(o.Input))
		}
	}
	if err := o.Frame.check(o.Input, o.OrderBy); err != nil {
		return err
	}
	for _, c := range o.Calls {
		call, err := o.newCall(c)
		if err != nil {
			return err
		}
		o.calls = append(o.calls, call)
		o.results = append(o.results, new(vector.Vector))
	}
	o.ctx, o.pool, o.rows = ctx, column.PoolLike(column.NewVectors(o.Output())), vector.NewBatch(o.Input)
	return nil
}

// Process implements operator.Operator.
func (o *Over) Process(_ int, b *column.Batch) (bool, error) {
	defer b.Release()
	in := column.Vectors(b)
	if o.large != nil {
		return o.addLarge(in)
	}
	size := int64(b.Bytes())
	fits, err := acquire(o.ctx.Memory, size)
	if err != nil {
		return false, err
	}
	if !fits {
		o.ctx.Memory.Overdraw(size)
	}
	o.held += size
	before := o.rows.Length
	o.rows.Append(in, 0, in.Rows())
	flatten(o.rows)
	if !fits {
		if o.complete = o.lastStart(1); o.complete == 0 {
			return o.spill()
		}
		return true, nil
	}
	o.complete = o.lastStart(max(before, 1))
	if o.complete < minComplete {
		o.complete = 0
	}
	return o.complete > 0, nil
}

// flatten makes values of constants.
func flatten(b *vector.Batch) {
	for _, v := range b.Columns {
		v.Flatten(b.Length)
	}
}

// lastStart is the first row of the last partition, if that begins at from or behind, else 0.
func (o *Over) lastStart(from int) int {
	same := equalToBefore(o.rows, o.PartitionBy, from-1, o.rows.Length)
	for i := len(same) - 1; i >= 0; i-- {
		if !same[i] {
			return from + i
		}
	}
	return 0
}

// spill goes on with the partition in memory as one that does not fit.
func (o *Over) spill() (more bool, err error) {
	rows := o.rows
	o.rows = vector.NewBatch(o.Input)
	o.ctx.Memory.Release(o.held)
	o.held = 0
	if o.large, err = newOverPartition(o, rows); err != nil {
		return false, err
	}
	return o.large.ready()
}

// addLarge adds rows to the partition that does not fit, and keeps those of the next ones.
func (o *Over) addLarge(in *vector.Batch) (bool, error) {
	joined := vector.NewBatch(o.Input)
	joined.Append(o.large.last, 0, 1)
	joined.Append(in, 0, in.Rows())
	flatten(joined)
	end := joined.Length
	if i := slices.Index(equalToBefore(joined, o.PartitionBy, 0, joined.Length), false); i >= 0 {
		end = i + 1
	}
	rows := vector.NewBatch(o.Input)
	rows.Append(joined, 1, end)
	if err := o.large.add(rows); err != nil {
		return false, err
	}
	if end == joined.Length {
		return o.large.ready()
	}
	o.rows.Append(joined, end, joined.Length)
	o.held = int64(o.rows.Bytes())
	o.ctx.Memory.Overdraw(o.held)
	return true, o.large.end()
}

// EndInput implements operator.Operator.
func (o *Over) EndInput(int) (bool, error) {
	o.ended = true
	if o.large != nil {
		return true, o.large.end()
	}
	o.complete = o.rows.Length
	return o.complete > 0, nil
}

// Resume implements operator.Operator: it computes the calls, or emits a batch.
func (o *Over) Resume() (bool, error) {
	switch {
	case o.large != nil:
		return o.resumeLarge()
	case o.complete == 0:
		return false, nil
	case !o.computed:
		o.computed = true
		return true, o.compute()
	}
	hi := min(o.complete, o.emitted+maxSortedRows)
	b := o.pool.Get()
	out := column.Vectors(b)
	out.Length = hi - o.emitted
	for i, v := range out.Columns {
		if i < len(o.Input) {
			v.AppendRange(o.rows.Columns[i], o.emitted, hi)
		} else {
			v.AppendRange(o.results[i-len(o.Input)], o.emitted, hi)
		}
		if v.Overflowed() {
			return false, fmt.Errorf("column %d of a window has more than 2 GiB of text in one batch: make the texts shorter", i)
		}
	}
	o.emitted = hi
	if hi == o.complete {
		o.dropComplete()
	}
	o.ctx.Output(0).Emit(b)
	return o.complete > 0, nil
}

// resumeLarge emits a page of the partition that does not fit, or goes on with the next partitions.
func (o *Over) resumeLarge() (bool, error) {
	ready, err := o.large.ready()
	if err != nil {
		return false, err
	}
	if ready {
		if err := o.large.step(); err != nil {
			return false, err
		}
		ready, err = o.large.ready()
		return ready || o.large.ended, err
	}
	if !o.large.ended {
		return false, nil
	}
	large := o.large
	o.large = nil
	if err := large.close(); err != nil {
		return false, err
	}
	if o.complete = o.lastStart(1); o.ended {
		o.complete = o.rows.Length
	}
	return o.complete > 0, nil
}

// dropComplete keeps the rows of the partition that goes on.
func (o *Over) dropComplete() {
	rest := vector.NewBatch(o.Input)
	rest.Append(o.rows, o.complete, o.rows.Length)
	o.rows = rest
	flatten(o.rows)
	size := int64(rest.Bytes())
	o.ctx.Memory.Overdraw(size - o.held)
	o.held = size
	o.complete, o.emitted, o.computed = 0, 0, false
}

func (o *Over) compute() error {
	w := &o.window
	w.rows, w.count = o.rows, o.complete
	w.starts = append(w.starts[:0], 0)
	partition := equalToBefore(o.rows, o.PartitionBy, 0, o.complete)
	for i, same := range partition {
		if !same {
			w.starts = append(w.starts, int32(i+1))
		}
	}
	w.starts = append(w.starts, int32(o.complete))
	peer := equalToBefore(o.rows, columnsOf(o.OrderBy), 0, o.complete)
	for i := range peer {
		peer[i] = peer[i] && partition[i]
	}
	w.setPeers(peer)
	if err := o.Frame.set(w, o.OrderBy); err != nil {
		return err
	}
	for i, c := range o.calls {
		if err := c.compute(w, o.results[i]); err != nil {
			return err
		}
	}
	return nil
}

func columnsOf(by []SortKey) []int {
	columns := make([]int, len(by))
	for i, k := range by {
		columns[i] = k.Column
	}
	return columns
}

// setPeers groups rows of which same says that they are peers of the row before.
func (w *overRows) setPeers(same []bool) {
	for k := range w.peers {
		w.peers[k] = resized(w.peers[k], w.count)
	}
	first := 0
	for i := 1; i <= w.count; i++ {
		if i < w.count && same[i-1] {
			continue
		}
		for ; first < i; first++ {
			w.peers[1][first] = int32(i)
		}
	}
	for i := range w.count {
		w.peers[0][i] = int32(i)
		if i > 0 && same[i-1] {
			w.peers[0][i] = w.peers[0][i-1]
		}
	}
}

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// partitions calls f for each partition with its first row and the one behind its last.
func (w *overRows) partitions(f func(lo, hi int)) {
	for p := range len(w.starts) - 1 {
		f(int(w.starts[p]), int(w.starts[p+1]))
	}
}

// Close implements operator.Operator.
func (o *Over) Close() error {
	if o.ctx != nil {
		o.ctx.Memory.Release(o.held)
	}
	o.held, o.rows = 0, nil
	large := o.large
	o.large = nil
	return large.close()
}
