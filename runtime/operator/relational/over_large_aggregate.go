package relational

import (
	"github.com/leatproject/leat/storage/vector"
)

// largeAggregate is overAggregate of a partition that does not fit. The tree of nodes has two parts: those within a page are computed
// when the page is read, those above stay in memory. What is added and merged is the same in the same order, so that results are.
type largeAggregate struct {
	*overAggregate
	p           *overPartition
	height      int // of the tree within a page
	upper       []*vector.Vector
	uppers      int32
	index       [][]int32 // by level from that of whole pages on: the places of its nodes in upper
	held        int64     // reserved for upper
	distinct    *largeDistinct
	grown       framePage  // reads the pages that upper is made of
	left, right framePage  // where the frame of a row begins and ends
	low, high   framePairs // nodes of left and of right
}

// framePage is a page of rows and the nodes within it.
type framePage struct {
	cursor overCursor
	filter *vector.Vector
	rows   int // that the nodes are of; 0: nothing was read
	levels []int
	states []*vector.Vector
}

func (a *overAggregate) large(p *overPartition) (largeCall, error) {
	fresh, err := p.o.newAggregate(a.call)
	if err != nil {
		return nil, err
	}
	l := &largeAggregate{overAggregate: fresh.(*overAggregate), p: p}
	for blockRows<<l.height < p.store.size {
		l.height++
	}
	for _, f := range []*framePage{&l.grown, &l.left, &l.right} {
		f.cursor.store, f.states = p.store, vector.NewBatch(l.nodes.States()).Columns
	}
	l.upper = vector.NewBatch(l.nodes.States()).Columns
	l.results.Grow(1)
	if a.call.Distinct {
		l.distinct, err = newLargeDistinct(l, p)
	}
	return l, err
}

func (l *largeAggregate) needs(n *overNeed) {
	n.whole = n.whole || l.whole || l.distinct != nil
	n.frames = n.frames || !l.whole
	n.keeps = n.keeps || !l.whole
}

// add counts in rows of frames that are the partition.
func (l *largeAggregate) add(rows *vector.Batch, from int64) error {
	switch {
	case l.distinct != nil:
		return l.distinct.add(rows, from)
	case l.whole:
		return l.addAll(rows, l.filterOf(rows))
	}
	return nil
}

func (l *largeAggregate) end() error {
	if l.distinct == nil {
		return nil
	}
	if err := l.distinct.end(); err != nil || !l.whole {
		return err
	}
	for row := int64(0); row < l.p.store.rows; row += int64(l.p.store.size) {
		if err := l.read(&l.grown, row); err != nil {
			return err
		}
		if err := l.addAll(l.grown.cursor.rows, l.grown.filter); err != nil {
			return err
		}
	}
	return nil
}

// addAll adds rows to the only group.
func (l *largeAggregate) addAll(rows *vector.Batch, filter *vector.Vector) error {
	l.use(rows, filter)
	l.first.reset()
	l.first.add(0, 0, rows.Length, nil)
	err := l.addRows(l.results, &l.first)
	l.first.reset()
	return err
}

// use says which rows are added from now on.
func (l *largeAggregate) use(rows *vector.Batch, filter *vector.Vector) {
	l.args, l.filter = l.args[:0], filter
	for _, i := range l.call.Args {
		l.args = append(l.args, rows.Columns[i])
	}
}

func (l *largeAggregate) filterOf(rows *vector.Batch) *vector.Vector {
	if l.call.Filter < 0 {
		return nil
	}
	return rows.Columns[l.call.Filter]
}

// read reads the page of a row.
func (l *largeAggregate) read(f *framePage, row int64) (err error) {
	if _, err = f.cursor.seek(row); err != nil {
		return err
	}
	f.rows, f.filter = f.cursor.rows.Length, l.filterOf(f.cursor.rows)
	if l.distinct != nil && !l.sliding {
		before, err := l.distinct.before(row)
		if err != nil {
			return err
		}
		f.filter = firsts(f.filter, func(row int) bool { return before[row] < 0 }, f.rows)
	}
	return nil
}

// readNodes is read and computes the nodes of the page, unless that is done.
func (l *largeAggregate) readNodes(f *framePage, row int64) error {
	if l.has(f, row) {
		return nil
	}
	if err := l.read(f, row); err != nil {
		return err
	}
	l.use(f.cursor.rows, f.filter)
	own := l.states
	l.states = f.states
	err := l.plant(0, f.rows)
	f.levels, l.states = append(f.levels[:0], l.levels...), own
	return err
}

// has says whether the page of a row is read.
func (l *largeAggregate) has(f *framePage, row int64) bool {
	return f.rows > 0 && f.cursor.page == l.p.store.page(row) && f.rows == f.cursor.rows.Length
}

// grow adds the nodes of pages that end at a row or before it.
func (l *largeAggregate) grow(to int64) error {
	size := int64(l.p.store.size)
	for {
		if len(l.index) == 0 {
			l.index = append(l.index, nil)
		}
		page := int64(len(l.index[0]))
		if (page+1)*size > to {
			break
		}
		if err := l.readNodes(&l.grown, page*size); err != nil {
			return err
		}
		l.addUpper(0, l.grown.states, l.grown.levels[l.height])
		for k := 0; len(l.index[k])%2 == 0; k++ {
			nodes := l.index[k][len(l.index[k])-2:]
			l.nodes.Reset()
			l.nodes.Grow(1)
			if err := l.nodes.Merge([]uint32{0, 0}, l.upper, nodes); err != nil {
				return err
			}
			if err := l.nodes.Save(0, 1, l.states); err != nil {
				return err
			}
			l.addUpper(k+1, l.states, 0)
		}
	}
	size = 0
	for _, v := range l.upper {
		size += int64(v.MemorySize())
	}
	l.p.o.ctx.Memory.Overdraw(size - l.held)
	l.held = size
	return nil
}

func (l *largeAggregate) addUpper(level int, states []*vector.Vector, at int) {
	for i, v := range l.upper {
		v.AppendRange(states[i], at, at+1)
	}
	if level == len(l.index) {
		l.index = append(l.index, nil)
	}
	l.index[level] = append(l.index[level], l.uppers)
	l.uppers++
}

func (l *largeAggregate) compute(_ *overPartition, c *overChunk, out *vector.Vector) error {
	l.out = out
	out.Reset(l.call.Type, 0)
	n := c.len()
	if l.whole {
		l.some.Reset(l.call.Type, 0)
		if err := l.results.Result(0, 1, &l.some); err != nil {
			return err
		}
		out.Append(&l.some, make([]int32, n))
		return nil
	}
	if !l.sliding {
		if err := l.grow(c.frame[1][n-1]); err != nil {
			return err
		}
	}
	for i := range n {
		from, to := c.frame[0][i], c.frame[1][i]
		if len(l.place) > 0 && from == c.frame[0][i-1] && to == c.frame[1][i-1] {
			l.place = append(l.place, l.place[len(l.place)-1])
			continue
		}
		if l.sliding {
			if err := l.one(from, to); err != nil {
				return err
			}
			continue
		}
		if err := l.put(from, to); err != nil {
			return err
		}
	}
	if l.sliding {
		return l.give()
	}
	return l.flushPages()
}

// put puts a row with a frame into a group of its own.
func (l *largeAggregate) put(from, to int64) error {
	size := int64(l.p.store.size)
	small := to-from <= smallFrame
	needsLeft := small && from < to || from%size != 0 && !small
	changes := needsLeft && !l.has(&l.left, from) || from < to && !l.has(&l.right, to-1)
	if changes || l.count >= overGroups || len(l.first.rows)+len(l.parts.rows)+len(l.last.rows) >= overPairs {
		if err := l.flushPages(); err != nil {
			return err
		}
	}
	if needsLeft {
		if err := l.readNodes(&l.left, from); err != nil {
			return err
		}
	}
	if from < to {
		if err := l.readNodes(&l.right, to-1); err != nil {
			return err
		}
	}
	g := uint32(l.count)
	l.count++
	l.place = append(l.place, int32(g))
	switch {
	case from == to:
	case !small:
		l.compose(g, from, to)
	default:
		end := min(to, (from/size+1)*size)
		l.first.add(g, int(from%size), int(from%size+end-from), nil)
		if end < to {
			l.last.add(g, 0, int(to-end), nil)
		}
	}
	return nil
}

// compose is overAggregate.compose for nodes in pages and above them.
func (l *largeAggregate) compose(group uint32, from, to int64) {
	size := int64(l.p.store.size)
	left, right := (from+blockRows-1)/blockRows, to/blockRows
	l.first.add(group, int(from%size), int(from%size+left*blockRows-from), nil)
	if n := to - right*blockRows; n > 0 {
		at := (to-1)%size + 1
		l.last.add(group, int(at-n), int(at), nil)
	}
	type node struct {
		level int
		at    int64
	}
	var behind [64]node
	n := 0
	within := func(p *framePairs, f *framePage, k int, at int64) {
		local := f.levels[k] + int(at&(1<<(l.height-k)-1))
		p.add(group, local, local+1, nil)
	}
	above := func(k int, at int64) {
		place := int(l.index[k-l.height][at])
		l.parts.add(group, place, place+1, nil)
	}
	for k := 0; left < right; k++ {
		if left&1 == 1 {
			if k < l.height {
				within(&l.low, &l.left, k, left)
			} else {
				above(k, left)
			}
			left++
		}
		if right&1 == 1 {
			right--
			behind[n] = node{k, right}
			n++
		}
		left, right = left/2, right/2
	}
	for n--; n >= 0; n-- {
		if b := behind[n]; b.level < l.height {
			within(&l.high, &l.right, b.level, b.at)
		} else {
			above(b.level, b.at)
		}
	}
}

// flushPages is flush for groups that are put together of both pages and what is above.
func (l *largeAggregate) flushPages() error {
	if len(l.place) == 0 {
		return nil
	}
	l.results.Reset()
	l.results.Grow(l.count)
	if len(l.first.rows) > 0 {
		l.use(l.left.cursor.rows, l.left.filter)
		if err := l.addRows(l.results, &l.first); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		pairs  *framePairs
		states []*vector.Vector
	}{{&l.low, l.left.states}, {&l.parts, l.upper}, {&l.high, l.right.states}} {
		if len(part.pairs.rows) > 0 {
			if err := l.results.Merge(part.pairs.groups, part.states, part.pairs.rows); err != nil {
				return err
			}
		}
	}
	if len(l.last.rows) > 0 {
		l.use(l.right.cursor.rows, l.right.filter)
		if err := l.addRows(l.results, &l.last); err != nil {
			return err
		}
	}
	for _, p := range []*framePairs{&l.first, &l.low, &l.parts, &l.high, &l.last} {
		p.reset()
	}
	return l.give()
}

// give appends the results of groups to what comes out.
func (l *largeAggregate) give() error {
	l.some.Reset(l.call.Type, 0)
	if err := l.results.Result(0, l.count, &l.some); err != nil {
		return err
	}
	l.out.Append(&l.some, l.place)
	l.place, l.count = l.place[:0], 0
	return nil
}

// one computes the group of a frame of which rows count that have none like them before in it.
func (l *largeAggregate) one(from, to int64) error {
	size := int64(l.p.store.size)
	if len(l.place) > 0 {
		if err := l.give(); err != nil {
			return err
		}
	}
	l.results.Reset()
	l.results.Grow(1)
	l.place, l.count = append(l.place[:0], 0), 1
	for from, start := from, from; from < to; from = (from/size + 1) * size {
		if err := l.read(&l.right, from); err != nil {
			return err
		}
		before, err := l.distinct.before(from)
		if err != nil {
			return err
		}
		l.use(l.right.cursor.rows, l.right.filter)
		l.first.reset()
		l.first.add(0, int(from%size), int(min(to-from/size*size, size)), func(row int) bool { return before[row] >= start })
		if err := l.addRows(l.results, &l.first); err != nil {
			return err
		}
	}
	return nil
}

func (l *largeAggregate) close() error {
	l.p.o.ctx.Memory.Release(l.held)
	l.held = 0
	return l.distinct.close()
}
