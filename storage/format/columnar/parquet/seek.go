package parquet

import (
	"sort"

	"github.com/leatproject/leat/storage/vector"
)

// stepRows is how many rows at once are read to leave them.
const stepRows = 8192

// begin reads where the pages of a chunk are, which it needs if only some of its rows are read.
func (c *chunk) begin(group, leaf int) (err error) {
	c.pages, err = c.file.locations(group, leaf)
	return err
}

// seek leaves pages up to the one that has a row, where the file says where that is; rows before to are read next. It returns the row at
// which the chunk is: the first of a page, or at where it cannot leave any.
func (c *chunk) seek(at, row, to int64) (int64, error) {
	if len(c.pages) == 0 {
		return at, nil
	}
	after := func(row int64) int { // the first page behind a row
		return sort.Search(len(c.pages), func(i int) bool { return c.pages[i].row > row })
	}
	p := after(row) - 1
	last := c.pages[after(to-1)-1]
	if begin := c.pages[0].offset; c.pos < begin { // the dictionary is before the first page
		c.ahead = begin
		if p == 0 {
			c.ahead = last.offset + last.size
		}
		if err := c.nextPage(); err != nil {
			return at, c.fail(err)
		}
	}
	c.ahead = last.offset + last.size
	if c.pages[p].row <= at {
		return at, nil
	}
	c.pos, c.left, c.unread = c.pages[p].offset, 0, c.meta.values
	if !c.leaf.repeated {
		c.unread -= c.pages[p].row
	}
	return c.pages[p].row, nil
}

// seek leaves the rows from at on up to another; those before to are read next.
func (a *assembly) seek(at, row, to int64) error {
	if a.node.leaf < 0 {
		for _, c := range a.children {
			if err := c.seek(at, row, to); err != nil {
				return err
			}
		}
		return nil
	}
	at, err := a.leaf.chunk.seek(at, row, to)
	if err != nil {
		return err
	}
	flat := vector.Vector{}
	for at < row {
		n := int(min(row-at, stepRows))
		if leaf := a.leaf.chunk.leaf; leaf.nested || leaf.repeated {
			err = a.gather(n)
		} else {
			flat.Reset(a.want, n)
			err = a.leaf.chunk.read(&flat, 0, n)
		}
		if err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

// seek goes to the next row that is wanted of the row group.
func (r *reader) seek() error {
	for len(r.ranges) > 0 && r.row >= r.ranges[0].To {
		r.ranges = r.ranges[1:]
	}
	if len(r.ranges) == 0 {
		r.row, r.moved = r.rows, false
		return nil
	}
	from, to := max(r.row, r.ranges[0].From), r.ranges[0].To
	if from > r.row || r.moved {
		for _, a := range r.columns {
			if err := a.seek(r.row, from, to); err != nil {
				return err
			}
		}
	}
	r.row, r.moved = from, false
	return nil
}
