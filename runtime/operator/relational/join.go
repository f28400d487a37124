package relational

import (
	"errors"
	"fmt"
	"slices"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// JoinKind says which rows a join gives.
type JoinKind uint8

// The kinds of joins. Semi and anti joins give left rows only: those that have a partner, or have none.
const (
	InnerJoin JoinKind = iota
	LeftJoin
	RightJoin
	FullJoin
	SemiJoin
	AntiJoin
)

// The inputs of a join.
const (
	leftSide  = 0
	rightSide = 1
)

// pairs says whether pairs of rows are emitted.
func (k JoinKind) pairs() bool { return k <= FullJoin }

// keeps says whether rows of a side that have no partner are emitted with NULL at the other.
func (k JoinKind) keeps(side int) bool {
	return k == FullJoin || k == LeftJoin && side == leftSide || k == RightJoin && side == rightSide
}

// maxPairs is how many pairs are looked at at once.
const maxPairs = 4096

// joinOutput is what joins have in common: the condition, and the batches that come out.
type joinOutput struct {
	kind  JoinKind
	types [2][]datatype.Type
	emit  []joinColumn
	out   *operator.Output
	pool  *column.Pool

	condition *kernel.Evaluator
	used      []joinColumn // columns that the condition reads
	pair      vector.Batch // what it is evaluated on
	selection []int32
	kept      [2][]int32
}

// joinColumn is a column of one side; index is its place among those of both.
type joinColumn struct {
	side, column, index int
	again               bool // an earlier one that is emitted is the same
}

func joinTypes(kind JoinKind, left, right []datatype.Type, emit []int) []datatype.Type {
	all := make([]datatype.Type, 0, len(left)+len(right))
	for _, t := range left {
		all = append(all, t.WithNull(!t.NotNull || kind.keeps(rightSide)))
	}
	if kind.pairs() {
		for _, t := range right {
			all = append(all, t.WithNull(!t.NotNull || kind.keeps(leftSide)))
		}
	}
	if emit == nil {
		return all
	}
	out := make([]datatype.Type, len(emit))
	for i, c := range emit {
		out[i] = all[c]
	}
	return out
}

func (o *joinOutput) open(ctx *operator.Context, kind JoinKind, left, right []datatype.Type, emit []int, condition expr.Expr, options kernel.Options) error {
	o.kind, o.types, o.out = kind, [2][]datatype.Type{left, right}, ctx.Output(0)
	width := len(left)
	if kind.pairs() {
		width += len(right)
	}
	if emit == nil {
		for i := range width {
			emit = append(emit, i)
		}
	}
	for i, c := range emit {
		if c < 0 || c >= width {
			return fmt.Errorf("column %d of a join of %d columns", c, width)
		}
		from := o.column(c)
		from.again = slices.Contains(emit[:i], c)
		o.emit = append(o.emit, from)
	}
	o.pool = column.PoolLike(column.NewVectors(joinTypes(kind, left, right, emit)))
	if condition == nil {
		return nil
	}
	if t := condition.Type(); t.Kind != datatype.KindBoolean {
		return fmt.Errorf("the condition %s of a join is %s, not BOOLEAN", condition, t)
	}
	both := append(append([]datatype.Type(nil), left...), right...)
	var err error
	if o.condition, err = kernel.Compile(condition, both, options); err != nil {
		return err
	}
	read := make([]bool, len(both))
	expr.Walk(condition, func(e expr.Expr) bool {
		if c, ok := e.(expr.Column); ok {
			read[c.Index] = true
		}
		return true
	})
	for i, t := range both {
		o.pair.Columns = append(o.pair.Columns, vector.New(t, 0))
		if read[i] {
			o.used = append(o.used, o.column(i))
		}
	}
	return nil
}

// column is where one of the columns of both sides is.
func (o *joinOutput) column(i int) joinColumn {
	if i < len(o.types[leftSide]) {
		return joinColumn{side: leftSide, column: i, index: i}
	}
	return joinColumn{side: rightSide, column: i - len(o.types[leftSide]), index: i}
}

// filter keeps the pairs for which the condition is true. What it returns is valid until the next call.
func (o *joinOutput) filter(sides [2]*vector.Batch, rows [2][]int32) ([2][]int32, error) {
	if o.condition == nil || len(rows[0]) == 0 {
		return rows, nil
	}
	o.pair.Length = len(rows[0])
	for _, c := range o.used {
		v := o.pair.Columns[c.index]
		v.Reset(v.Type, 0)
		v.Append(sides[c.side].Columns[c.column], rows[c.side])
		if v.Overflowed() {
			return rows, errLongPairs
		}
	}
	holds, err := o.condition.Evaluate(&o.pair)
	if err != nil {
		return rows, err
	}
	o.selection = vector.Select(o.selection[:0], holds, o.pair.Length, nil)
	if len(o.selection) == o.pair.Length {
		return rows, nil
	}
	for side := range rows {
		o.kept[side] = o.kept[side][:0]
		for _, i := range o.selection {
			o.kept[side] = append(o.kept[side], rows[side][i])
		}
	}
	return o.kept, nil
}

var errLongPairs = errors.New("the pairs of a join have more than 2 GiB of text in a column of one batch: make the texts shorter")

// pairs emits pairs of rows.
func (o *joinOutput) pairs(sides [2]*vector.Batch, rows [2][]int32) error {
	n := len(rows[0])
	if n == 0 {
		return nil
	}
	b := o.pool.Get()
	out := column.Vectors(b)
	out.Length = n
	for i, c := range o.emit {
		out.Columns[i].Append(sides[c.side].Columns[c.column], rows[c.side])
	}
	return o.send(b)
}

// lonely emits rows of one side, with NULL at the other.
func (o *joinOutput) lonely(side int, from *vector.Batch, rows []int32) error {
	if len(rows) == 0 {
		return nil
	}
	b := o.pool.Get()
	out := column.Vectors(b)
	out.Length = len(rows)
	for i, c := range o.emit {
		v := out.Columns[i]
		if c.side == side {
			v.Append(from.Columns[c.column], rows)
			continue
		}
		v.Reset(v.Type, 1)
		v.Constant = true
		v.SetNull(0)
		v.Finish()
	}
	return o.send(b)
}

// pass emits some rows of a batch of left rows, which it takes over.
func (o *joinOutput) pass(b *column.Batch, rows []int32) error {
	defer b.Release()
	from := column.Vectors(b)
	if len(rows) == 0 || len(rows) < from.Length/sparse {
		return o.lonely(leftSide, from, rows)
	}
	e := o.pool.Get()
	out := column.Vectors(e)
	out.Length = from.Length
	if len(rows) < from.Length {
		out.Selection = append([]int32(nil), rows...)
	}
	for i, c := range o.emit {
		if c.again {
			copyOf(out.Columns[i], from.Columns[c.column])
		}
	}
	for i, c := range o.emit {
		if !c.again {
			out.Columns[i], from.Columns[c.column] = from.Columns[c.column], out.Columns[i]
		}
	}
	o.out.Emit(e)
	return nil
}

func (o *joinOutput) send(b *column.Batch) error {
	for _, v := range column.Vectors(b).Columns {
		if v.Overflowed() {
			return errLongPairs
		}
	}
	o.out.Emit(b)
	return nil
}

// joinKeys are the columns of both sides that must be equal.
type joinKeys struct {
	columns    [2][]int
	nullsEqual []bool // by key
	// exact says that keys are equal if their hashes are: vector.Hash of one number is a bijection.
	exact bool
}

func newJoinKeys(left, right []datatype.Type, leftKeys, rightKeys []int, nullsEqual []bool) (joinKeys, error) {
	k := joinKeys{columns: [2][]int{leftKeys, rightKeys}, nullsEqual: make([]bool, len(leftKeys))}
	copy(k.nullsEqual, nullsEqual)
	if len(leftKeys) != len(rightKeys) || len(leftKeys) == 0 {
		return k, fmt.Errorf("a join of %d left and %d right keys", len(leftKeys), len(rightKeys))
	}
	for i, l := range leftKeys {
		if l < 0 || l >= len(left) || rightKeys[i] < 0 || rightKeys[i] >= len(right) {
			return k, fmt.Errorf("join keys %d and %d of %d left and %d right columns", l, rightKeys[i], len(left), len(right))
		}
		if a, b := left[l], right[rightKeys[i]]; !sameLayout(a, b) {
			return k, fmt.Errorf("join keys of type %s and %s cannot be compared: cast one of them", a, b)
		}
	}
	t := left[leftKeys[0]]
	k.exact = len(leftKeys) == 1 && !k.nullsEqual[0] && vector.Width(t) > 0 && vector.Width(t) <= 8 && !vector.HasNanos(t)
	return k, nil
}

// sameLayout says whether values of two types can be compared as they are in memory.
func sameLayout(a, b datatype.Type) bool {
	switch {
	case a.IsCharacter():
		return b.IsCharacter()
	case a.IsBinary():
		return b.IsBinary()
	case !vector.Supported(a):
		return false
	}
	inner, other := a.Children(), b.Children()
	for i := range min(len(inner), len(other)) {
		if !sameLayout(inner[i], other[i]) {
			return false
		}
	}
	return a.Kind == b.Kind && len(inner) == len(other) && a.Scale == b.Scale && vector.Width(a) == vector.Width(b) && vector.HasNanos(a) == vector.HasNanos(b)
}

// vectors are the key columns of a side.
func (k *joinKeys) vectors(side int, b *vector.Batch, dst []*vector.Vector) []*vector.Vector {
	dst = dst[:0]
	for _, c := range k.columns[side] {
		dst = append(dst, b.Columns[c])
	}
	return dst
}
