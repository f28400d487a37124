package aggregates

import (
	"errors"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// errLong says that offsets cannot tell what a vector of results would hold.
var errLong = errors.New("the results of one batch of groups have more than 2 GiB: group by more, or filter before")

// cells have some bytes for each group, or none.
type cells struct {
	data []byte
	at   []cell
	dead int // bytes of data that belong to no group
}

// cell is where bytes lie: room of them, length in use. A cell without room holds nothing.
type cell struct {
	offset, length, room int
}

const cellsKeepDead = 64 << 10

func (c *cells) grow(n int) { c.at = extend(c.at, n) }
func (c *cells) reset()     { c.data, c.at, c.dead = c.data[:0], c.at[:0], 0 }
func (c *cells) bytes() int64 {
	return int64(cap(c.data)) + int64(cap(c.at))*24
}

// get returns the bytes of a group, valid until the next set.
func (c *cells) get(g uint32) ([]byte, bool) {
	at := c.at[g]
	return c.data[at.offset : at.offset+at.length], at.room > 0
}

// set copies b to a group. b is none that get gave.
func (c *cells) set(g uint32, b []byte) {
	at := &c.at[g]
	if len(b) > at.room || at.room == 0 {
		c.dead += at.room
		*at = cell{offset: len(c.data), room: max(len(b), 1)}
		c.data = append(c.data, b...)
		if len(b) == 0 {
			c.data = append(c.data, 0)
		}
	} else {
		copy(c.data[at.offset:], b)
	}
	at.length = len(b)
	if c.dead > cellsKeepDead && c.dead > len(c.data)/2 {
		c.compact()
	}
}

func (c *cells) compact() {
	data := make([]byte, 0, len(c.data)-c.dead)
	for i := range c.at {
		at := &c.at[i]
		from := at.offset
		at.offset = len(data)
		data = append(data, c.data[from:from+at.room]...)
	}
	c.data, c.dead = data, 0
}

// save makes a vector of the bytes of groups; NULL is none.
func (c *cells) save(from, to int, out *vector.Vector, t datatype.Type) error {
	out.Reset(t, to-from)
	for i := range to - from {
		if b, ok := c.get(uint32(from + i)); ok {
			out.PutBytes(i, b)
		} else {
			out.SetNull(i)
		}
	}
	return finish(out)
}

func finish(out *vector.Vector) error {
	if out.Finish(); out.Overflowed() {
		return errLong
	}
	return nil
}
