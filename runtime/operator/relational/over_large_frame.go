package relational

import (
	"github.com/leatproject/leat/storage/vector"
)

// largeBound finds an end of frames of RANGE with a distance: the place goes forward with the rows.
type largeBound struct {
	*distance
	at     int64
	cursor overCursor
	// compare compares a row of pair[0] with a row of pair[1].
	pair    [2]*vector.Vector
	compare func(row, other int) int
}

// order is how row at of v comes beside the row of the other that is moved by the distance.
func (b *largeBound) order(v *vector.Vector, at int, other *vector.Vector, row int) int {
	if b.compare == nil || b.pair != [2]*vector.Vector{v, other} {
		b.pair, b.compare = [2]*vector.Vector{v, other}, b.comparer(v, other)
	}
	if c := b.compare(at, row); !b.descending {
		return c
	} else {
		return -c
	}
}

// needFrames adds what must be there to find frames.
func (p *overPartition) needFrames() error {
	f := &p.o.Frame
	for end, b := range []Bound{f.Start, f.End} {
		switch {
		case b.Kind == UnboundedFollowing:
			p.need.whole = true
		case b.Kind == CurrentRow && !f.Rows:
			p.need.peers = p.need.peers || end == 1
		case b.hasOffset() && f.Rows:
			if b.Kind == Following {
				p.need.ahead = max(p.need.ahead, b.Offset.Value.(int64))
			}
		case b.hasOffset():
			d, err := newDistance(b, p.o.Input[p.o.OrderBy[0].Column], p.o.OrderBy[0].Descending)
			if err != nil {
				return err
			}
			p.need.peers = true
			p.bounds[end] = &largeBound{distance: d, cursor: overCursor{store: p.store}}
		}
	}
	return nil
}

// isBeyond says whether the row that came last is behind the frame of a row.
func (p *overPartition) isBeyond(b *largeBound, row int64) (bool, error) {
	at, err := p.ahead.seek(row)
	if err != nil {
		return false, err
	}
	key := p.o.OrderBy[0].Column
	v, last := p.ahead.rows.Columns[key], p.last.Columns[key]
	if v.IsNull(at) || last.IsNull(0) {
		return p.lastFirst > row, nil
	}
	return b.order(last, 0, v, at) > 0, nil
}

// setFrames is Frame.set for a page.
func (p *overPartition) setFrames(c *overChunk) error {
	f, n := &p.o.Frame, c.len()
	for end, b := range []Bound{f.Start, f.End} {
		c.frame[end] = resized(c.frame[end], n)
		to := c.frame[end]
		switch {
		case b.Kind == CurrentRow && f.Rows:
			for i := range to {
				to[i] = c.from + int64(i+end)
			}
		case b.Kind == CurrentRow:
			copy(to, c.peers[end])
		case b.hasOffset() && f.Rows:
			away := b.Offset.Value.(int64)
			if b.Kind == Preceding {
				away = -away
			}
			for i := range to {
				to[i] = min(max(saturated(c.from+int64(i+end), away), 0), p.store.rows)
			}
		case b.hasOffset():
			if err := p.setBound(c, end); err != nil {
				return err
			}
		default:
			at := int64(0)
			if b.Kind == UnboundedFollowing {
				at = p.store.rows
			}
			for i := range to {
				to[i] = at
			}
		}
	}
	for i, lo := range c.frame[0] {
		c.frame[1][i] = max(c.frame[1][i], lo) // an empty frame
	}
	return nil
}

// setBound is distance.set for a page.
func (p *overPartition) setBound(c *overChunk, end int) error {
	b, column := p.bounds[end], p.o.OrderBy[0].Column
	v := c.view.rows.Columns[column]
	for i := range c.len() {
		if v.IsNull(i) {
			at := end
			switch {
			case b.away < 0:
				at = 0
			case b.away > 0:
				at = 1
			}
			c.frame[end][i] = c.peers[at][i]
			continue
		}
		for b.at < p.store.rows {
			at, err := b.cursor.seek(b.at)
			if err != nil {
				return err
			}
			w := b.cursor.rows.Columns[column]
			if w.IsNull(at) {
				if b.at > c.from+int64(i) { // NULLs are last
					break
				}
				b.at++
				continue
			}
			if o := b.order(w, at, v, i); o > 0 || o == 0 && end == 0 {
				break
			}
			b.at++
		}
		c.frame[end][i] = b.at
	}
	return nil
}
