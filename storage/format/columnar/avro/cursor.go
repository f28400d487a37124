package avro

import (
	"encoding/binary"
	"math"
)

// cursor reads the values of a block, one behind another. What goes wrong is seen when it is asked for: until then it gives zero values.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) fail() {
	c.b, c.bad = nil, true
}

// long reads an int or a long.
func (c *cursor) long() int64 {
	if len(c.b) > 0 && c.b[0] < 0x80 {
		v := int64(c.b[0])
		c.b = c.b[1:]
		return v>>1 ^ -(v & 1)
	}
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.b = c.b[n:]
	return v
}

// take is the next n bytes.
func (c *cursor) take(n int64) []byte {
	if n < 0 || n > int64(len(c.b)) {
		c.fail()
		return nil
	}
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

// text reads a string or bytes.
func (c *cursor) text() []byte { return c.take(c.long()) }

func (c *cursor) boolean() bool {
	b := c.take(1)
	if len(b) == 1 && b[0] > 1 {
		c.fail()
	}
	return len(b) == 1 && b[0] == 1
}

func (c *cursor) float() float32 {
	b := c.take(4)
	if b == nil {
		return 0
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(b))
}

func (c *cursor) double() float64 {
	b := c.take(8)
	if b == nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

// count reads how many items the next block of an array or map has; 0 behind the last.
func (c *cursor) count() int {
	n := c.long()
	if n < 0 {
		n = -n
		c.long() // the length in bytes
	}
	if n < 0 || n > int64(len(c.b)) { // an item of no bytes is of no use to anybody
		c.fail()
	}
	if c.bad {
		return 0
	}
	return int(n)
}

// skip leaves out a value.
func (c *cursor) skip(n *node, depth int) {
	if depth > maxNesting {
		c.fail()
	}
	if c.bad {
		return
	}
	switch n.Kind {
	case "null":
	case "boolean":
		c.boolean()
	case "int", "long", "enum":
		c.long()
	case "float":
		c.take(4)
	case "double":
		c.take(8)
	case "bytes", "string":
		c.text()
	case "fixed":
		c.take(int64(n.size))
	case "record":
		for _, f := range n.fields {
			c.skip(f.of, depth+1)
		}
	case "union":
		if at := c.long(); at >= 0 && at < int64(len(n.branches)) {
			c.skip(n.branches[at], depth+1)
		} else {
			c.fail()
		}
	case "array", "map":
		c.skipItems(n, depth)
	}
}

// skipItems leaves out an array or a map: blocks of items, some of which tell their length.
func (c *cursor) skipItems(n *node, depth int) {
	for {
		count := c.long()
		switch {
		case c.bad || count == 0:
			return
		case count < 0:
			c.take(c.long())
			continue
		case count > int64(len(c.b)):
			c.fail()
			return
		}
		for ; count > 0 && !c.bad; count-- {
			before := len(c.b)
			if n.Kind == "map" {
				c.text()
			}
			if c.skip(n.items, depth+1); len(c.b) == before {
				break // nor do the others have any bytes
			}
		}
	}
}
