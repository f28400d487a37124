package operator

import (
	"cmp"
	"errors"
	"math"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// mergeJoin is the sort-merge form of a Join: both inputs are sorted by key hash and key and read group by group. A right
// group that fills more than one batch waits in a queue, which goes round once for each batch of the left group.
type mergeJoin[L, R any, K comparable, O any] struct {
	join        *Join[L, R, K, O]
	compare     func(a, b *K) int // of keys of one hash; nil if they never share one
	leftSorter  *spill.Sorter[L]
	rightSorter *spill.Sorter[R]
	left        *spill.Iterator[L] // nil until sorted
	right       *spill.Iterator[R]

	step      mergeStep
	lefts     *column.Batch // rows of the group
	rights    *column.Batch
	leftRest  bool // the group has more rows than lefts
	rightRest bool
	many      *spill.Queue[R] // a right group of more than one batch
	round     int64           // rows of many that lefts have not met
	l, r      int             // the next pair of lefts and rights
}

type mergeStep int

const (
	mergeNext   mergeStep = iota // look for the next group
	mergeLeft                    // a group without right rows
	mergeRight                   // a group without left rows
	mergeGather                  // read the right group into the queue
	mergePairs                   // join
)

func newMergeJoin[L, R any, K comparable, O any](j *Join[L, R, K, O]) (*mergeJoin[L, R, K, O], error) {
	codec, err := column.CodecOf[K]()
	if err != nil {
		return nil, err
	}
	m := &mergeJoin[L, R, K, O]{join: j, compare: compareKeys(codec), lefts: column.NewBatch[L](), rights: column.NewBatch[R]()}
	mem, dir := j.ctx.Memory, j.ctx.Spill
	m.leftSorter = spill.NewSorter(mem, dir, j.leftCodec, spill.SortOptions[L]{Compare: byKeyOf(j.Left.Key, m.compare)})
	m.rightSorter = spill.NewSorter(mem, dir, j.rightCodec, spill.SortOptions[R]{Compare: byKeyOf(j.Right.Key, m.compare)})
	return m, nil
}

func byKeyOf[T, K any](key func(T) K, compare func(a, b *K) int) func(a, b *T) int {
	if compare == nil {
		return nil
	}
	return func(a, b *T) int {
		x, y := key(*a), key(*b)
		return compare(&x, &y)
	}
}

func (m *mergeJoin[L, R, K, O]) addLeft(b *column.Batch) error {
	withHashes(&m.join.Left, b)
	return m.leftSorter.Add(b)
}

func (m *mergeJoin[L, R, K, O]) addRight(b *column.Batch) error {
	withHashes(&m.join.Right, b)
	return m.rightSorter.Add(b)
}

// withHashes gives b the hashes of its keys.
func withHashes[T any, K comparable](keys *Keys[T, K], b *column.Batch) {
	if _, hashes := keys.Of(b); len(b.Hashes) != len(hashes) {
		b.Hashes = append(b.Hashes[:0], hashes...)
	}
}

// resume joins until the slice is over or all is done.
func (m *mergeJoin[L, R, K, O]) resume() (more bool, err error) {
	if m.left == nil {
		if m.left, err = m.leftSorter.Sort(m.join.ctx); err != nil {
			return false, err
		}
		if m.right, err = m.rightSorter.Sort(m.join.ctx); err != nil {
			return false, err
		}
	}
	for {
		var done, over bool
		switch m.step {
		case mergeNext:
			done, err = m.next()
		case mergeLeft:
			over, err = m.alone(m.leftAlone)
		case mergeRight:
			over, err = m.alone(m.rightAlone)
		case mergeGather:
			over, err = true, m.gather()
		case mergePairs:
			over, err = m.pairs()
		}
		if done || over || err != nil {
			return !done && err == nil, err
		}
	}
}

// next reads the first batch of the next group of either side.
func (m *mergeJoin[L, R, K, O]) next() (done bool, err error) {
	l, anyLeft, err := m.left.Peek()
	if err != nil {
		return false, err
	}
	r, anyRight, err := m.right.Peek()
	if err != nil {
		return false, err
	}
	order := 0
	switch {
	case !anyLeft && !anyRight:
		return true, nil
	case !anyLeft:
		order = 1
	case !anyRight:
		order = -1
	default:
		if order = cmp.Compare(l.Prefix, r.Prefix); order == 0 && m.compare != nil {
			x, y := m.join.Left.Key(*l.Row), m.join.Right.Key(*r.Row)
			order = m.compare(&x, &y)
		}
	}
	m.step = [...]mergeStep{mergeLeft, mergePairs, mergeRight}[order+1]
	if order <= 0 {
		if err := m.takeLeft(); err != nil {
			return false, err
		}
	}
	if order < 0 {
		return false, nil
	}
	if err := m.takeRight(); err != nil || order > 0 || !m.rightRest {
		return false, err
	}
	m.many = spill.NewQueue(m.join.ctx.Memory, m.join.ctx.Spill, m.join.rightCodec, 0)
	m.step = mergeGather
	return false, m.many.Push(m.rights.Copy())
}

func (m *mergeJoin[L, R, K, O]) takeLeft() (err error) {
	clearRows[L](m.lefts)
	m.leftRest, err = m.left.Take(m.lefts, m.lefts.RowLimit(), math.MaxInt64)
	m.l = 0
	return err
}

func (m *mergeJoin[L, R, K, O]) takeRight() (err error) {
	clearRows[R](m.rights)
	m.rightRest, err = m.right.Take(m.rights, m.rights.RowLimit(), math.MaxInt64)
	m.r = 0
	return err
}

// clearRows makes a batch empty that is used again.
func clearRows[T any](b *column.Batch) {
	rows := column.Rows[T](b)
	clear(rows)
	column.SetRows(b, rows[:0])
	b.Times, b.Hashes = b.Times[:0], b.Hashes[:0]
}

// gather reads a batch of the right group into the queue.
func (m *mergeJoin[L, R, K, O]) gather() error {
	if !m.rightRest {
		m.step, m.round = mergePairs, m.many.Rows()
		return m.turn()
	}
	if err := m.takeRight(); err != nil {
		return err
	}
	return m.many.Push(m.rights.Copy())
}

// turn takes the next batch of the right group out of the queue and puts it back behind the others.
func (m *mergeJoin[L, R, K, O]) turn() error {
	b, err := m.many.Pop()
	if err != nil {
		return err
	}
	m.round -= int64(b.Len())
	clearRows[R](m.rights)
	m.rights.Append(b, 0, b.Len())
	m.l, m.r = 0, 0
	return m.many.Push(b)
}

// pairs joins lefts and rights, and what follows of the group.
func (m *mergeJoin[L, R, K, O]) pairs() (over bool, err error) {
	lefts, rights := column.Rows[L](m.lefts), column.Rows[R](m.rights)
	for ; m.l < len(lefts); m.l, m.r = m.l+1, 0 {
		for m.r < len(rights) {
			r := m.r
			m.r++
			if err := m.join.call(&lefts[m.l], &rights[r]); err != nil {
				return false, err
			}
			if m.join.pace.over() {
				return true, nil
			}
		}
	}
	switch {
	case m.many != nil && m.round > 0:
		return false, m.turn()
	case m.leftRest:
		if err := m.takeLeft(); err != nil || m.many == nil {
			m.r = 0
			return false, err
		}
		m.round = m.many.Rows()
		return false, m.turn()
	}
	m.step = mergeNext
	if m.many != nil {
		err = m.many.Close()
		m.many = nil
	}
	return false, err
}

// alone hands the rows of a group without partners, batch by batch, to each.
func (m *mergeJoin[L, R, K, O]) alone(each func() (over, rest bool, err error)) (over bool, err error) {
	over, rest, err := each()
	if !over && !rest {
		m.step = mergeNext
	}
	return over, err
}

func (m *mergeJoin[L, R, K, O]) leftAlone() (over, rest bool, err error) {
	lefts := column.Rows[L](m.lefts)
	for m.join.Kind.keepsLeft() && m.l < len(lefts) {
		l := m.l
		m.l++
		if err := m.join.call(&lefts[l], nil); err != nil || m.join.pace.over() {
			return true, false, err
		}
	}
	if rest = m.leftRest; rest {
		err = m.takeLeft()
	}
	return false, rest, err
}

func (m *mergeJoin[L, R, K, O]) rightAlone() (over, rest bool, err error) {
	rights := column.Rows[R](m.rights)
	for m.join.Kind.keepsRight() && m.r < len(rights) {
		r := m.r
		m.r++
		if err := m.join.call(nil, &rights[r]); err != nil || m.join.pace.over() {
			return true, false, err
		}
	}
	if rest = m.rightRest; rest {
		err = m.takeRight()
	}
	return false, rest, err
}

func (m *mergeJoin[L, R, K, O]) close() error {
	err := errors.Join(m.leftSorter.Close(), m.rightSorter.Close())
	if m.many != nil {
		err = errors.Join(err, m.many.Close())
	}
	return err
}
