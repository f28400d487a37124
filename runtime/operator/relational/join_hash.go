package relational

import (
	"errors"
	"fmt"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/vector"
)

// HashJoin joins rows of input 0, left, and input 1, right, whose keys are equal and for which a condition is true. One side, the build
// side, is put into a table; rows of the other wait until it is complete. When the build side exceeds memory, both are partitioned by
// the hash of their keys, on disk, and joined partition by partition (a grace hash join); of a partition that has too many rows of one
// key the table has a part at a time.
//
// Over several sub-tasks both inputs are partitioned by their keys, or the build side is sent to all; not so for a build side whose own
// rows are emitted: a right join with Right as the build side, for one.
//
//	HashJoin{Kind: LeftJoin, LeftKeys: [0], RightKeys: [0]}: (1, a) (2, b) and (1, x) (1, y) -> (1, a, 1, x) (1, a, 1, y) (2, b, NULL, NULL)
type HashJoin struct {
	operator.Base
	Kind                JoinKind
	Left, Right         []datatype.Type
	LeftKeys, RightKeys []int
	NullsEqual          []bool    // by key: NULL has NULL as its partner (IS NOT DISTINCT FROM); nil: no key
	Condition           expr.Expr // over the left columns and then the right ones; nil: TRUE
	BuildLeft           bool      // the left side is the build side, else the right
	// NullAware makes an anti join NOT IN: a left row is emitted if its key is known to differ from that of all right rows. Each sub-task
	// needs all right rows then.
	NullAware bool
	// Swaps lets the sides change places when the other one turns out to be smaller: both are partitioned by their keys, or on one task.
	Swaps   bool
	Emit    []int // which of the left and right columns come out; nil: all, of semi and anti joins the left ones
	Options kernel.Options

	loop    bool // a nested loop join: there are no keys
	ctx     *operator.Context
	output  joinOutput
	keys    joinKeys
	probe   joinProbe
	pools   [2]*column.Pool
	rows    joinRows
	held    int64       // reserved for rows and the table
	waiting *batchQueue // rows that came before the table was complete
	ended   [2]bool
	grace   *graceJoin // not nil: the build side does not fit
	through bool
	swapped bool
}

// Output are the types of the columns that come out.
func (j *HashJoin) Output() []datatype.Type { return joinTypes(j.Kind, j.Left, j.Right, j.Emit) }

// Unsaved implements operator.Unsaved.
func (*HashJoin) Unsaved() string { return "the rows of a bounded join" }

// Open implements operator.Operator.
func (j *HashJoin) Open(ctx *operator.Context) (err error) {
	j.ctx = ctx
	if j.NullAware && (j.Kind != AntiJoin || j.BuildLeft || j.Condition != nil || len(j.LeftKeys) != 1) {
		return errors.New("a null-aware join is an anti join of one key without a condition whose build side is the right one")
	}
	if j.loop {
		j.keys.exact = true
	} else if j.keys, err = newJoinKeys(j.Left, j.Right, j.LeftKeys, j.RightKeys, j.NullsEqual); err != nil {
		return err
	}
	if err = j.output.open(ctx, j.Kind, j.Left, j.Right, j.Emit, j.Condition, j.Options); err != nil {
		return err
	}
	for side, types := range j.output.types {
		j.pools[side] = column.PoolLike(column.NewVectors(types))
	}
	j.probe = joinProbe{out: &j.output, keys: &j.keys, build: j.build(), last: true}
	if j.NullAware {
		j.probe.notIn = new(buildNulls)
	}
	j.rows.types = j.output.types[j.build()]
	j.waiting, err = newBatchQueue(ctx, j.output.types[1-j.build()], j.pools[1-j.build()])
	return err
}

func (j *HashJoin) build() int {
	if j.BuildLeft {
		return leftSide
	}
	return rightSide
}

// Process implements operator.Operator.
func (j *HashJoin) Process(in int, b *column.Batch) (bool, error) {
	if j.NullAware && in == rightSide {
		j.noteNulls(column.Vectors(b))
	}
	switch {
	case j.grace != nil:
		defer b.Release()
		return false, j.grace.add(in, column.Vectors(b))
	case in == j.build():
		if err := j.addBuild(b); err != nil {
			return false, err
		}
		return j.swap()
	case j.probe.table == nil:
		defer b.Release()
		return false, j.waiting.push(column.Vectors(b))
	}
	j.probe.begin(b)
	return j.Resume()
}

// addBuild keeps rows of the build side in memory, until they do not fit.
func (j *HashJoin) addBuild(b *column.Batch) error {
	fits, err := j.reserve(b)
	switch {
	case err != nil:
		b.Release()
		return err
	case fits:
		j.rows.add(b)
		return nil
	}
	defer b.Release()
	if j.grace, err = newGraceJoin(j); err != nil {
		return err
	}
	for _, chunk := range j.rows.chunks {
		if err := j.grace.add(j.build(), chunk); err != nil {
			return err
		}
	}
	j.giveUpRows()
	if err := j.grace.add(j.build(), column.Vectors(b)); err != nil {
		return err
	}
	for {
		w, err := j.waiting.pop()
		if w == nil || err != nil {
			return err
		}
		err = j.grace.add(1-j.build(), column.Vectors(w))
		w.Release()
		if err != nil {
			return err
		}
	}
}

// maxBuildBytes is less than what the texts of one column may have.
const maxBuildBytes = 1 << 30

// minBuildBytes is memory that a part of the build side has in any case once it was spilled: smaller parts are not worth their files.
var minBuildBytes int64 = 256 << 10

// reserve takes memory for rows of the build side.
func (j *HashJoin) reserve(b *column.Batch) (fits bool, err error) {
	need := buildBytes(b)
	if j.held+need > maxBuildBytes && j.held > 0 {
		return false, nil
	}
	if fits, err = acquire(j.ctx.Memory, need); fits {
		j.held += need
	}
	return fits, err
}

// acquire takes memory, if there is as much.
func acquire(m *spill.Memory, n int64) (fits bool, err error) {
	err = m.Acquire(n)
	var full *spill.Error
	if errors.As(err, &full) && full.Kind == spill.Budget {
		return false, nil
	}
	return err == nil, err
}

func buildBytes(b *column.Batch) int64 { return int64(b.Bytes()) + joinRowBytes*int64(b.Len()) }

// giveUpRows forgets the rows of the build side and the table.
func (j *HashJoin) giveUpRows() {
	j.rows.chunks, j.rows.rows, j.rows.open = nil, 0, false
	j.probe.table = nil
	j.ctx.Memory.Release(j.held)
	j.held = 0
}

// makeTable indexes the rows of the build side.
func (j *HashJoin) makeTable() error {
	rows := j.rows.joined()
	for c, v := range rows.Columns {
		if v.Overflowed() {
			return fmt.Errorf("column %d of the build side of a join has more than 2 GiB of text: use a sort-merge join", c)
		}
	}
	j.probe.table = newJoinTable(rows, &j.keys, j.build(), j.probe.marks())
	j.probe.orphan = 0
	return nil
}

// EndInput implements operator.Operator.
func (j *HashJoin) EndInput(in int) (bool, error) {
	j.ended[in] = true
	if swapped, err := j.swap(); swapped || err != nil {
		return true, err
	}
	if in == j.build() && j.grace == nil {
		if err := j.makeTable(); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Resume implements operator.Operator.
func (j *HashJoin) Resume() (more bool, err error) {
	bothEnded := j.ended[0] && j.ended[1]
	switch {
	case j.through:
		return false, nil
	case j.grace != nil:
		if !bothEnded {
			return false, nil
		}
		more, err = j.grace.resume()
		j.through = !more
		return more, err
	case j.probe.batch != nil:
		done, err := j.probe.step()
		return !done || j.waiting.rows > 0 || bothEnded, err
	case j.probe.table == nil:
		return false, nil
	}
	b, err := j.waiting.pop()
	switch {
	case err != nil:
		return false, err
	case b != nil:
		j.probe.begin(b)
		return true, nil
	case !bothEnded:
		return false, nil
	}
	more, err = j.probe.emitMarked()
	j.through = !more
	return more, err
}

// Close implements operator.Operator.
func (j *HashJoin) Close() error {
	if j.ctx == nil {
		return nil
	}
	if j.probe.batch != nil {
		j.probe.batch.Release()
		j.probe.batch = nil
	}
	j.giveUpRows()
	return errors.Join(j.waiting.close(), j.grace.close())
}

// noteNulls looks for NULL in right keys.
func (j *HashJoin) noteNulls(b *vector.Batch) {
	j.probe.notIn.rows = true
	null := nullKeys(j.keys.vectors(rightSide, b, nil), j.keys.nullsEqual)
	if null == nil || j.probe.notIn.null {
		return
	}
	for i := range b.Rows() {
		row := i
		if b.Selection != nil {
			row = int(b.Selection[i])
		}
		j.probe.notIn.null = j.probe.notIn.null || null(row)
	}
}
