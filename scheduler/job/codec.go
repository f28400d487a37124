package job

import (
	"encoding/binary"
	"errors"
)

// codec writes a value or reads one, so that each type lists its fields once. Integers are zigzag varints, strings and
// lists carry their length. Fields may only be added at the end of a command: a reader of an older version skips them, and
// reads zeros where an older writer wrote none.
type codec struct {
	buf     []byte
	reading bool
	// lenient reads zeros beyond the end.
	lenient bool
	version byte // of a snapshot
	err     error
}

var errTorn = errors.New("encoded value is cut short")

type integer interface {
	~int | ~int32 | ~int64 | ~uint8 | ~uint32 | ~uint64
}

func num[T integer](c *codec, p *T) {
	if !c.reading {
		c.buf = binary.AppendVarint(c.buf, int64(*p))
		return
	}
	if c.err != nil || c.lenient && len(c.buf) == 0 {
		*p = 0
		return
	}
	v, n := binary.Varint(c.buf)
	if n <= 0 || int64(T(v)) != v {
		c.err = errTorn
		return
	}
	*p, c.buf = T(v), c.buf[n:]
}

func text[T ~string](c *codec, p *T) {
	n := len(*p)
	num(c, &n)
	if !c.reading {
		c.buf = append(c.buf, *p...)
		return
	}
	*p = T(c.take(n))
}

func (c *codec) bytes(p *[]byte) {
	n := len(*p)
	num(c, &n)
	if !c.reading {
		c.buf = append(c.buf, *p...)
		return
	}
	*p = append([]byte(nil), c.take(n)...)
}

func (c *codec) take(n int) []byte {
	if c.err != nil || n < 0 || n > len(c.buf) {
		c.err = errTorn
		return nil
	}
	b := c.buf[:n]
	c.buf = c.buf[n:]
	return b
}

func (c *codec) flag(p *bool) {
	var n uint8
	if *p {
		n = 1
	}
	num(c, &n)
	*p = n != 0
}

// list codes a slice element by element. An element takes at least one byte, which bounds what is allocated for a bad length.
func list[T any](c *codec, p *[]T, each func(*codec, *T)) {
	n := len(*p)
	num(c, &n)
	if c.reading {
		if c.err != nil || n < 0 || n > len(c.buf) {
			c.err = errTorn
			return
		}
		*p = nil
		if n > 0 {
			*p = make([]T, n)
		}
	}
	for i := range *p {
		each(c, &(*p)[i])
	}
}

func nums[T integer](c *codec, p *[]T) { list(c, p, num[T]) }
