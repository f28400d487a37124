package relational

import (
	"errors"
	"fmt"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// overPartition computes the calls for a partition that does not fit into memory, a page of rows at a time. A page is computed as soon
// as the rows are there that its frames and calls look at: at once for rankings and what is aggregated from the beginning to the
// current row, in a second pass for what looks at the whole partition. Rows that nothing looks at any more are dropped.
type overPartition struct {
	o     *Over
	store *overStore // the columns of the input, and whether a row is the first of its peers
	calls []largeCall
	need  overNeed
	last  *vector.Batch // the row that came last
	ended bool

	next      int64 // the first row that is not through
	chunk     overChunk
	row       overCursor // reads rows that are computed
	ahead     overCursor // reads the ends of peers
	lastFirst int64      // the row that came last of those that are the first of their peers
	peersFrom int64      // of the row that was computed last
	peersTo   int64
	dense     int64
	bounds    [2]*largeBound // of frames of RANGE with a distance
}

// overNeed is what has to be there before a page is computed.
type overNeed struct {
	whole  bool  // all rows
	peers  bool  // the end of the last row's peers
	frames bool  // something looks at frames
	keeps  bool  // rows of frames are looked at by calls
	ahead  int64 // rows behind the last one
}

// overChunk is a page that is computed.
type overChunk struct {
	view  overRows // rows alone
	from  int64    // number of the first row
	total int64    // rows of the partition, where that is needed
	peers [2][]int64
	dense []int64
	frame [2][]int64
}

func (c *overChunk) len() int { return c.view.rows.Length }

// largeCall is a call over a partition that does not fit.
type largeCall interface {
	// needs adds to what must be there.
	needs(n *overNeed)
	// add is told of all rows, which have no constants; from is the number of the first one.
	add(rows *vector.Batch, from int64) error
	// end says that all rows were added.
	end() error
	compute(p *overPartition, c *overChunk, out *vector.Vector) error
	close() error
}

// Pages have as many rows as about pageBytes, and a part of the memory, allow.
const (
	mostPageRows  = 1024
	leastPageRows = smallFrame
	pageBytes     = 1 << 20
	pageShare     = 16
)

// newOverPartition begins with rows that are there.
func newOverPartition(o *Over, rows *vector.Batch) (*overPartition, error) {
	size, each := mostPageRows, rows.Bytes()/max(1, rows.Length)+1
	for size > leastPageRows && (size*each > pageBytes || int64(size*each) > o.ctx.Memory.Budget()/pageShare) {
		size /= 2
	}
	types := append(append([]datatype.Type(nil), o.Input...), datatype.Boolean.Required())
	p := &overPartition{o: o, store: newOverStore(o.ctx, types, size), last: vector.NewBatch(o.Input)}
	p.row.store, p.ahead.store = p.store, p.store
	for _, c := range o.calls {
		large, err := c.large(p)
		if err != nil {
			return p, err
		}
		p.calls = append(p.calls, large)
		large.needs(&p.need)
	}
	if p.need.frames {
		if err := p.needFrames(); err != nil {
			return p, err
		}
	}
	return p, p.add(rows)
}

// add copies rows, which have no constants.
func (p *overPartition) add(rows *vector.Batch) error {
	if rows.Length == 0 {
		return nil
	}
	from, joined := p.store.rows, rows
	if from > 0 {
		joined = vector.NewBatch(p.o.Input)
		joined.Append(p.last, 0, 1)
		joined.Append(rows, 0, rows.Length)
		flatten(joined)
	}
	same := equalToBefore(joined, columnsOf(p.o.OrderBy), 0, joined.Length)
	if from == 0 {
		same = append([]bool{false}, same...)
	}
	first := vector.New(datatype.Boolean.Required(), rows.Length)
	for i, s := range same {
		vector.Values[bool](first)[i] = !s
		if !s {
			p.lastFirst = from + int64(i)
		}
	}
	p.last.Reset()
	p.last.Append(rows, rows.Length-1, rows.Length)
	flatten(p.last)
	for _, c := range p.calls {
		if err := c.add(rows, from); err != nil {
			return err
		}
	}
	with := &vector.Batch{Length: rows.Length, Columns: append(append([]*vector.Vector(nil), rows.Columns...), first)}
	return p.store.add(with)
}

// end says that all rows were added.
func (p *overPartition) end() error {
	p.ended = true
	for _, c := range p.calls {
		if err := c.end(); err != nil {
			return err
		}
	}
	return nil
}

// ready says whether the next page can be computed.
func (p *overPartition) ready() (bool, error) {
	end := p.next + int64(p.store.size)
	switch n := &p.need; {
	case p.ended:
		return p.next < p.store.rows, nil
	case n.whole || p.store.rows < saturated(end, n.ahead) || n.peers && p.lastFirst < end:
		return false, nil
	}
	for _, b := range p.bounds {
		if b == nil || b.away < 0 {
			continue
		}
		if beyond, err := p.isBeyond(b, end-1); !beyond || err != nil {
			return false, err
		}
	}
	return true, nil
}

// step emits a page.
func (p *overPartition) step() error {
	c := &p.chunk
	if _, err := p.row.seek(p.next); err != nil {
		return err
	}
	c.view.rows, c.from, c.total = p.row.rows, p.next, p.store.rows
	if err := p.setPeers(c); err != nil {
		return err
	}
	if p.need.frames {
		if err := p.setFrames(c); err != nil {
			return err
		}
	}
	b := p.o.pool.Get()
	out := column.Vectors(b)
	out.Length = c.len()
	for i, v := range out.Columns {
		if i < len(p.o.Input) {
			v.AppendRange(c.view.rows.Columns[i], 0, c.len())
			continue
		}
		if err := p.calls[i-len(p.o.Input)].compute(p, c, v); err != nil {
			b.Release()
			return err
		}
		if v.Overflowed() {
			b.Release()
			return fmt.Errorf("column %d of a window has more than 2 GiB of text in one batch: make the texts shorter", i)
		}
	}
	p.next += int64(c.len())
	p.o.ctx.Output(0).Emit(b)
	low := p.next
	if p.need.keeps {
		side := 0
		if p.o.Frame.Start.Kind == UnboundedPreceding {
			side = 1 // what is before was added up
		}
		low = min(low, c.frame[side][c.len()-1])
	}
	for _, b := range p.bounds {
		if b != nil {
			low = min(low, b.at)
		}
	}
	return p.store.drop(low)
}

// setPeers says where the peers of the rows begin and, if that is needed, end.
func (p *overPartition) setPeers(c *overChunk) error {
	n := c.len()
	c.dense = resized(c.dense, n)
	for k := range c.peers {
		c.peers[k] = resized(c.peers[k], n)
	}
	flags := len(p.o.Input)
	first := vector.Values[bool](c.view.rows.Columns[flags])
	for i := range n {
		row := c.from + int64(i)
		if first[i] {
			p.peersFrom = row
			p.dense++
		}
		c.peers[0][i], c.dense[i] = p.peersFrom, p.dense
		if !p.need.peers {
			continue
		}
		if row >= p.peersTo {
			for p.peersTo = row + 1; p.peersTo < p.store.rows; p.peersTo++ {
				at, err := p.ahead.seek(p.peersTo)
				if err != nil {
					return err
				}
				if vector.Values[bool](p.ahead.rows.Columns[flags])[at] {
					break
				}
			}
		}
		c.peers[1][i] = p.peersTo
	}
	return nil
}

func (p *overPartition) close() error {
	if p == nil {
		return nil
	}
	err := p.store.close()
	for _, c := range p.calls {
		err = errors.Join(err, c.close())
	}
	return err
}
