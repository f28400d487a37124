package relational

import (
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/vector"
)

// joinProbe looks for the partners of the rows of one batch after the other in a table. What it emits in one step is a batch at most.
type joinProbe struct {
	out   *joinOutput
	keys  *joinKeys
	build int         // the side that the table has
	notIn *buildNulls // not nil: the join is NOT IN

	table *joinTable
	// last says that the table has all rows that the batches may have partners in. If it has not, rows that may have others go to rest,
	// and seen says which of the rows of the batch have had one before.
	last bool
	rest func(b *vector.Batch) error

	batch   *column.Batch // nil: none
	rows    *vector.Batch
	list    []int32 // the rows that count
	all     []int32
	columns []*vector.Vector
	hashes  []uint64
	heads   []uint32 // by place in list: the next row that may be a partner + 1
	at      int      // place in list
	looking []int32  // places in list that look for a partner still
	matched []bool   // by row of the batch, if it is needed
	pairs   [2][]int32
	lone    []int32

	orphan int // row of the table from which on those are emitted that depend on marks
}

// buildNulls is what NOT IN has to know of all rows of the build side: whether there are any, and whether one is NULL.
type buildNulls struct{ rows, null bool }

// probing is the side of the batches.
func (p *joinProbe) probing() int { return 1 - p.build }

// exists says that all that counts is whether a row of a batch has a partner.
func (p *joinProbe) exists() bool { return !p.out.kind.pairs() && p.build == rightSide }

// marks says that rows of the table are marked when they find a partner.
func (p *joinProbe) marks() bool {
	return p.out.kind.keeps(p.build) || !p.out.kind.pairs() && p.build == leftSide
}

// begin takes over a batch. Its matched rows are cleared.
func (p *joinProbe) begin(b *column.Batch) {
	p.batch, p.rows, p.at = b, column.Vectors(b), 0
	p.list = p.rows.Selection
	if p.list == nil {
		for i := len(p.all); i < p.rows.Length; i++ {
			p.all = append(p.all, int32(i))
		}
		p.list = p.all[:p.rows.Length]
	}
	n := len(p.list)
	if cap(p.hashes) < n {
		p.hashes, p.heads = make([]uint64, n), make([]uint32, n)
	}
	p.hashes, p.heads = p.hashes[:n], p.heads[:n]
	p.columns = p.keys.vectors(p.probing(), p.rows, p.columns)
	if p.table.merge != nil {
		p.table.merge.find(p.rows, p.heads)
	} else {
		vector.Hash(p.columns, n, p.rows.Selection, p.hashes)
		p.table.find(p.hashes, p.heads)
	}
	if null := nullKeys(p.columns, p.keys.nullsEqual); null != nil {
		for i, row := range p.list {
			if null(int(row)) {
				p.heads[i] = 0
			}
		}
	}
	if p.exists() || p.out.kind.keeps(p.probing()) {
		if cap(p.matched) < p.rows.Length {
			p.matched = make([]bool, p.rows.Length)
		}
		p.matched = p.matched[:p.rows.Length]
		clear(p.matched)
	}
	if p.exists() {
		p.looking = p.looking[:0]
		for i, h := range p.heads {
			if h != 0 {
				p.looking = append(p.looking, int32(i))
			}
		}
	}
}

// step goes on with the batch; done says that it is through, and given up.
func (p *joinProbe) step() (done bool, err error) {
	if p.exists() {
		return p.stepExists()
	}
	if p.at < len(p.list) {
		p.candidates()
		found, err := p.settle()
		if err != nil {
			return false, err
		}
		if p.out.kind.keeps(p.probing()) {
			for _, row := range found[p.probing()] {
				p.matched[row] = true
			}
		}
		if p.marks() {
			for _, row := range found[p.build] {
				p.table.marked[row] = true
			}
		}
		if p.out.kind.pairs() {
			return false, p.out.pairs(p.sides(), found)
		}
		return false, nil
	}
	if p.last && p.out.kind.keeps(p.probing()) {
		err = p.out.lonely(p.probing(), p.rows, p.unmatched())
	}
	if err == nil && p.rest != nil {
		err = p.rest(p.rows)
	}
	p.batch.Release()
	p.batch = nil
	return true, err
}

func (p *joinProbe) sides() (s [2]*vector.Batch) {
	s[p.build], s[p.probing()] = p.table.rows, p.rows
	return s
}

// candidates fills pairs with rows of equal hash.
func (p *joinProbe) candidates() {
	if cap(p.pairs[0]) < maxPairs {
		p.pairs = [2][]int32{make([]int32, maxPairs), make([]int32, maxPairs)}
	}
	probe, build, n := p.pairs[p.probing()][:maxPairs], p.pairs[p.build][:maxPairs], 0
	next := p.table.next
	switch {
	case p.table.loop:
		n = p.allPairs(probe, build)
	case next == nil:
		end := min(len(p.list), p.at+maxPairs)
		list, heads := p.list[p.at:end], p.heads[p.at:end]
		for i, row := range list {
			h := heads[i]
			probe[n], build[n] = row, int32(h)-1
			if h != 0 {
				n++
			}
		}
		p.at = end
	default:
		for ; p.at < len(p.list) && n < maxPairs; p.at++ {
			row, h := p.list[p.at], p.heads[p.at]
			for ; h != 0 && n < maxPairs; n++ {
				probe[n], build[n] = row, int32(h)-1
				h = next[h-1]
			}
			if h != 0 {
				p.heads[p.at] = h
				break
			}
		}
	}
	p.pairs[p.probing()], p.pairs[p.build] = probe[:n], build[:n]
}

// allPairs pairs rows with all rows of the table.
func (p *joinProbe) allPairs(probe, build []int32) (n int) {
	for ; p.at < len(p.list); p.at++ {
		row, h := p.list[p.at], p.heads[p.at]
		if h == 0 {
			continue
		}
		end := min(len(probe), n+p.table.rows.Length+1-int(h))
		for ; n < end; n++ {
			probe[n], build[n] = row, int32(h)-1
			h++
		}
		if int(h) <= p.table.rows.Length {
			p.heads[p.at] = h
			break
		}
	}
	return n
}

// settle keeps the pairs whose keys are equal and for which the condition holds.
func (p *joinProbe) settle() ([2][]int32, error) {
	pairs := p.pairs
	if !p.keys.exact {
		sides := p.sides()
		for k := range p.keys.nullsEqual {
			a, b := sides[0].Columns[p.keys.columns[0][k]], sides[1].Columns[p.keys.columns[1][k]]
			pairs = equalRows(a, b, pairs, p.keys.nullsEqual[k])
		}
	}
	return p.out.filter(p.sides(), pairs)
}

// unmatched are the rows that have found no partner.
func (p *joinProbe) unmatched() []int32 {
	p.lone = p.lone[:0]
	for _, row := range p.list {
		if !p.matched[row] {
			p.lone = append(p.lone, row)
		}
	}
	return p.lone
}

// stepExists tries one possible partner of each row that has found none.
func (p *joinProbe) stepExists() (done bool, err error) {
	if len(p.looking) == 0 {
		return true, p.endExists()
	}
	for side := range p.pairs {
		p.pairs[side] = p.pairs[side][:0]
	}
	for _, i := range p.looking {
		p.pairs[p.probing()] = append(p.pairs[p.probing()], p.list[i])
		p.pairs[p.build] = append(p.pairs[p.build], int32(p.heads[i])-1)
	}
	found, err := p.settle()
	if err != nil {
		return false, err
	}
	for _, row := range found[p.probing()] {
		p.matched[row] = true
	}
	left := p.looking[:0]
	for _, i := range p.looking {
		if p.heads[i] = p.table.after(p.heads[i]); p.heads[i] != 0 && !p.matched[p.list[i]] {
			left = append(left, i)
		}
	}
	p.looking = left
	return false, nil
}

// endExists emits the rows that count of a semi or anti join and gives up the batch.
func (p *joinProbe) endExists() error {
	b := p.batch
	p.batch = nil
	semi := p.out.kind == SemiJoin
	if p.notIn != nil && p.notIn.rows {
		null := nullKeys(p.columns, p.keys.nullsEqual)
		for _, row := range p.list {
			p.matched[row] = p.matched[row] || p.notIn.null || null != nil && null(int(row))
		}
	}
	lone := p.unmatched()
	if !p.last {
		var err error
		if len(lone) > 0 {
			err = p.rest(&vector.Batch{Length: p.rows.Length, Columns: p.rows.Columns, Selection: lone})
		}
		if err != nil || !semi {
			b.Release()
			return err
		}
	}
	if semi {
		lone = lone[:0]
		for _, row := range p.list {
			if p.matched[row] {
				lone = append(lone, row)
			}
		}
		p.lone = lone
	}
	return p.out.pass(b, lone)
}

// emitMarked emits rows of the table that depend on what the batches were: those without a partner, or of a semi join those with one.
func (p *joinProbe) emitMarked() (more bool, err error) {
	if !p.marks() {
		return false, nil
	}
	p.lone = p.lone[:0]
	want := p.out.kind == SemiJoin
	for ; p.orphan < len(p.table.marked) && len(p.lone) < maxPairs; p.orphan++ {
		if p.table.marked[p.orphan] == want {
			p.lone = append(p.lone, int32(p.orphan))
		}
	}
	err = p.out.lonely(p.build, p.table.rows, p.lone)
	return p.orphan < len(p.table.marked), err
}
