package parquet

import (
	"encoding/binary"

	"github.com/leatproject/leat/storage/vector"
)

// skip leaves n rows of a column that is neither nested nor repeated: pages of which none is wanted are not decompressed, values are
// not decoded where it can be told where they end.
func (c *chunk) skip(n int) error {
	for n > 0 {
		if c.left == 0 {
			left, err := c.skipPage(n)
			if err != nil {
				return c.fail(err)
			}
			n -= left
			continue
		}
		k := min(n, c.left)
		if k == c.left { // nothing of the page is read any more
			c.left = 0
		} else if err := c.skipRows(k); err != nil {
			return c.fail(err)
		} else {
			c.left -= k
		}
		n -= k
	}
	return nil
}

// skipPage leaves the next page if it has at most n rows, and says how many; else it begins with it.
func (c *chunk) skipPage(n int) (int, error) {
	c.pageAt = c.pos
	if c.pos >= c.end {
		return 0, corrupt("the pages have fewer values than there are rows")
	}
	at := c.pos
	h, err := c.header()
	if err != nil {
		return 0, err
	}
	if (h.kind == pageData || h.kind == pageDataV2) && h.values <= n && int64(h.values) <= c.unread && int64(h.compressed) <= c.end-c.pos {
		c.pos += int64(h.compressed)
		c.unread -= int64(h.values)
		return h.values, nil
	}
	c.pos = at
	return 0, c.nextPage()
}

// skipRows leaves n rows of the page.
func (c *chunk) skipRows(n int) error {
	filled := n
	if c.leaf.levels > 0 {
		switch level, same, err := c.levels.same(n); {
		case err != nil:
			return err
		case same && level == 0:
			filled = 0
		case !same:
			c.valid = sized(c.valid, vector.Words(n))
			if filled, err = c.levels.readBits(c.valid, n); err != nil {
				return err
			}
		}
	}
	switch {
	case filled == 0:
		return nil
	case c.indexed:
		return c.indices.skip(filled)
	}
	return c.values.skip(filled)
}

// skip leaves n values.
func (h *hybrid) skip(n int) error {
	for n > 0 {
		k, err := h.some(n)
		if err != nil {
			return err
		}
		if h.packed != nil {
			h.bit += k * h.width
		}
		h.run -= k
		n -= k
	}
	return nil
}

// skip leaves n values.
func (v *values) skip(n int) error {
	switch {
	case v.kind == inInts:
		if n > len(v.ints) {
			return v.cut(n)
		}
		v.ints = v.ints[n:]
		return nil
	case v.kind == inRuns:
		return v.runs.skip(n)
	case v.physical == physicalBoolean:
		if v.bit+n > 8*len(v.b) {
			return v.cut(n)
		}
		v.bit += n
		return nil
	case v.physical == physicalBytes:
		return v.skipTexts(n)
	case n > len(v.b)/v.width:
		return v.cut(n)
	}
	v.b = v.b[n*v.width:]
	return nil
}

func (v *values) skipTexts(n int) error {
	for i := range n {
		length := 0
		switch {
		case v.kind == withLengths && len(v.ints) > 0:
			length, v.ints = int(v.ints[0]), v.ints[1:]
		case v.kind == withLengths || len(v.b) < 4:
			return v.cut(n - i)
		default:
			length, v.b = int(binary.LittleEndian.Uint32(v.b)), v.b[4:]
		}
		if length > len(v.b) {
			return corrupt("a text of %d bytes is cut off", length)
		}
		v.b = v.b[length:]
	}
	return nil
}
