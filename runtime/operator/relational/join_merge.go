package relational

import (
	"bytes"
	"errors"
	"fmt"
	"sort"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// SortMergeJoin joins rows of input 0, left, and input 1, right, whose keys are equal and for which a condition is true: both are sorted
// by the keys, on disk what exceeds memory, and merged. The right side is gone through in blocks of some thousand rows that have all
// rows of their keys. Of a key with more rows than memory holds, each left row is compared with all right ones (see NestedLoopJoin).
//
// Over several sub-tasks both inputs are partitioned by their keys.
//
//	SortMergeJoin{Kind: LeftJoin, LeftKeys: [0], RightKeys: [0]}: (2, b) (1, a) and (1, x) (1, y) -> (1, a, 1, x) (1, a, 1, y) (2, b, NULL, NULL)
type SortMergeJoin struct {
	operator.Base
	Kind                JoinKind
	Left, Right         []datatype.Type
	LeftKeys, RightKeys []int
	NullsEqual          []bool    // by key: NULL has NULL as its partner (IS NOT DISTINCT FROM); nil: no key
	Condition           expr.Expr // over the left columns and then the right ones; nil: TRUE
	// Sorted says which inputs come in the order of their keys, each ascending with NULL first.
	Sorted  [2]bool
	Emit    []int // which of the left and right columns come out; nil: all, of semi and anti joins the left ones
	Options kernel.Options

	ctx     *operator.Context
	output  joinOutput
	keys    joinKeys
	probe   joinProbe
	sides   [2]mergeSide
	ended   [2]bool
	loaded  bool   // there is a block
	held    int64  // reserved for it
	limit   []byte // the greatest key of left rows that the block is for; nil: all
	below   bool   // less than limit
	large   largeKey
	through bool
}

// largeKey is the key behind the block, if that has more right rows than memory holds.
type largeKey struct {
	join  *HashJoin // of all pairs; nil: there is none
	key   []byte
	turn  bool // the block is through
	busy  bool // join has more to do
	ended bool // it has all left rows
}

// Output are the types of the columns that come out.
func (j *SortMergeJoin) Output() []datatype.Type { return joinTypes(j.Kind, j.Left, j.Right, j.Emit) }

// Unsaved implements operator.Unsaved.
func (*SortMergeJoin) Unsaved() string { return "the rows of a bounded join" }

// Open implements operator.Operator.
func (j *SortMergeJoin) Open(ctx *operator.Context) (err error) {
	j.ctx = ctx
	if j.keys, err = newJoinKeys(j.Left, j.Right, j.LeftKeys, j.RightKeys, j.NullsEqual); err != nil {
		return err
	}
	if err = j.output.open(ctx, j.Kind, j.Left, j.Right, j.Emit, j.Condition, j.Options); err != nil {
		return err
	}
	j.keys.exact = true // what the merge finds
	j.probe = joinProbe{out: &j.output, keys: &j.keys, build: rightSide, last: true}
	for side, types := range j.output.types {
		var by []SortKey
		for _, c := range j.keys.columns[side] {
			by = append(by, SortKey{Column: c, NullsFirst: true})
		}
		if err := j.sides[side].open(ctx, types, by, j.Sorted[side]); err != nil {
			return err
		}
	}
	return nil
}

// Process implements operator.Operator.
func (j *SortMergeJoin) Process(in int, b *column.Batch) (bool, error) {
	defer b.Release()
	rows := column.Vectors(b)
	if null := nullKeys(j.keys.vectors(in, rows, nil), j.keys.nullsEqual); null != nil {
		with, without := partNulls(rows, null)
		if j.Kind.keeps(in) || j.Kind == AntiJoin && in == leftSide {
			if err := j.output.lonely(in, rows, with); err != nil {
				return false, err
			}
		}
		rows = &vector.Batch{Length: rows.Length, Columns: rows.Columns, Selection: without}
	}
	return false, j.sides[in].add(rows)
}

// partNulls parts the rows that count: those whose keys are NULL have no partners.
func partNulls(b *vector.Batch, null func(row int) bool) (with, without []int32) {
	without = make([]int32, 0, b.Rows())
	for i := range b.Rows() {
		row := int32(i)
		if b.Selection != nil {
			row = b.Selection[i]
		}
		if null(int(row)) {
			with = append(with, row)
		} else {
			without = append(without, row)
		}
	}
	return with, without
}

// EndInput implements operator.Operator.
func (j *SortMergeJoin) EndInput(in int) (bool, error) {
	j.ended[in] = true
	return j.ended[0] && j.ended[1], j.sides[in].end()
}

// Resume implements operator.Operator.
func (j *SortMergeJoin) Resume() (more bool, err error) {
	switch {
	case j.through || !j.ended[0] || !j.ended[1]:
		return false, nil
	case j.large.busy:
		j.large.busy, err = j.large.join.Resume()
		return true, err
	case j.probe.batch != nil:
		_, err = j.probe.step()
		return true, err
	case !j.loaded:
		return true, j.load()
	}
	b, err := j.sides[leftSide].upTo(j.limit, j.below)
	switch {
	case err != nil:
		return false, err
	case b != nil && j.large.turn:
		j.large.busy, err = j.large.join.Process(leftSide, b)
		return true, err
	case b != nil:
		j.probe.begin(b)
		return true, nil
	case j.large.turn:
		return true, j.endLarge()
	}
	if more, err := j.probe.emitMarked(); more || err != nil {
		return true, err
	}
	j.giveUpBlock()
	if j.large.join != nil {
		j.loaded, j.large.turn, j.limit, j.below = true, true, j.large.key, false
		return true, nil
	}
	j.through = j.sides[rightSide].through || j.sides[leftSide].through && !j.Kind.keeps(rightSide)
	return !j.through, nil
}

// load makes a table of the next right rows.
func (j *SortMergeJoin) load() error {
	right := &j.sides[rightSide]
	if err := right.fill(); err != nil {
		return err
	}
	rows := vector.NewBatch(j.Right)
	j.loaded, j.limit, j.below = true, nil, false
	for !right.through {
		from, n := right.at, right.rows().Length
		if rows.Length > 0 {
			n = right.runOf(j.limit)
		}
		size := int64(right.rows().Bytes()) + joinRowBytes*int64(n-from)
		if rows.Length == 0 {
			j.ctx.Memory.Overdraw(size)
		} else if n > from {
			fits, err := acquire(j.ctx.Memory, size)
			if err != nil {
				return err
			}
			if !fits {
				if rows, err = j.startLarge(rows); err != nil {
					return err
				}
				break
			}
		} else {
			break
		}
		j.held += size
		rows.Append(right.rows(), from, n)
		flatten(rows)
		if j.limit == nil {
			j.limit = bytes.Clone(right.keys.Key(n - 1))
		}
		if n < right.rows().Length {
			right.at = n
			break
		}
		if err := right.next(); err != nil {
			return err
		}
	}
	if right.through && j.large.join == nil {
		j.limit = nil // all left rows that are there
	}
	for c, v := range rows.Columns {
		if v.Overflowed() {
			return fmt.Errorf("column %d of a join has more than 2 GiB of text in the rows of one key: make the texts shorter", c)
		}
	}
	j.probe.table, j.probe.orphan = newMergeTable(rows, j.sides[rightSide].by, j.sides[leftSide].by, j.probe.marks()), 0
	return nil
}

// startLarge gives the rows of the last key of a block, and those that follow, to a join of their own. It returns the others.
func (j *SortMergeJoin) startLarge(rows *vector.Batch) (*vector.Batch, error) {
	right := &j.sides[rightSide]
	j.large = largeKey{key: j.limit, join: &HashJoin{Kind: j.Kind, Left: j.Left, Right: j.Right, Condition: j.Condition, Emit: j.Emit, Options: j.Options, loop: true}}
	if err := j.large.join.Open(j.ctx); err != nil {
		return nil, err
	}
	j.below = true
	var keys vector.Keys
	keys.Make(rows, right.by)
	first := sort.Search(rows.Length, func(i int) bool { return bytes.Compare(keys.Key(i), j.large.key) >= 0 })
	if err := j.giveLarge(rows, first, rows.Length); err != nil {
		return nil, err
	}
	for !right.through {
		end := right.runOf(j.large.key)
		if err := j.giveLarge(right.rows(), right.at, end); err != nil {
			return nil, err
		}
		if right.at = end; end < right.rows().Length {
			break
		}
		if err := right.next(); err != nil {
			return nil, err
		}
	}
	if _, err := j.large.join.EndInput(rightSide); err != nil {
		return nil, err
	}
	rest := vector.NewBatch(j.Right)
	rest.Append(rows, 0, first)
	flatten(rest)
	j.ctx.Memory.Release(j.held)
	j.held = int64(rest.Bytes()) + joinRowBytes*int64(rest.Length)
	j.ctx.Memory.Overdraw(j.held)
	return rest, nil
}

// giveLarge copies right rows.
func (j *SortMergeJoin) giveLarge(rows *vector.Batch, lo, hi int) error {
	if lo == hi {
		return nil
	}
	b := j.sides[rightSide].pool.Get()
	column.Vectors(b).Append(rows, lo, hi)
	more, err := j.large.join.Process(rightSide, b)
	for more && err == nil {
		more, err = j.large.join.Resume()
	}
	return err
}

// endLarge ends the left rows of the large key, and gives its join up when that is through.
func (j *SortMergeJoin) endLarge() (err error) {
	if !j.large.ended {
		j.large.ended = true
		j.large.busy, err = j.large.join.EndInput(leftSide)
		return err
	}
	join := j.large.join
	j.large, j.loaded = largeKey{}, false
	return join.Close()
}

func (j *SortMergeJoin) giveUpBlock() {
	j.loaded, j.probe.table = false, nil
	j.ctx.Memory.Release(j.held)
	j.held = 0
}

// Close implements operator.Operator.
func (j *SortMergeJoin) Close() error {
	if j.ctx == nil {
		return nil
	}
	if j.probe.batch != nil {
		j.probe.batch.Release()
		j.probe.batch = nil
	}
	j.giveUpBlock()
	err := errors.Join(j.sides[0].close(), j.sides[1].close())
	if j.large.join != nil {
		err = errors.Join(err, j.large.join.Close())
		j.large.join = nil
	}
	return err
}
