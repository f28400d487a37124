package jsontext

import (
	"encoding/binary"
	"math/bits"
)

// Skip returns the index after the value at b[i], which may not be white space. All of it is checked.
func Skip(b []byte, i, depth int) (next int, err error) { return (*Index)(nil).Skip(b, i, depth) }

// Skip is Skip of the text of which x is the index.
func (x *Index) Skip(b []byte, i, depth int) (next int, err error) {
	if i >= len(b) {
		return i, ErrEnd
	}
	if depth > MaxDepth {
		return i, ErrDepth
	}
	switch c := b[i]; {
	case c == '"':
		return x.String(b, i+1)
	case c == '{' || c == '[':
		return x.skipNested(b, i, depth)
	}
	return skipScalar(b, i)
}

// skipScalar skips a number, true, false or null.
func skipScalar(b []byte, i int) (next int, err error) {
	var ok bool
	switch c := b[i]; {
	case c == '-' || c-'0' <= 9:
		next, _, err = Number(b, i)
		return next, err
	case c == 't':
		next, ok = Literal(b, i, "true")
	case c == 'f':
		next, ok = Literal(b, i, "false")
	case c == 'n':
		next, ok = Literal(b, i, "null")
	}
	if !ok {
		return i, ErrValue
	}
	return next, nil
}

// skipString returns the index after the closing quote of the string whose opening quote is before b[i]. It looks at eight bytes at
// once (Mycroft's zero-byte test).
func skipString(b []byte, i int) (next int, err error) {
	for {
		for i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			quote, slash := x^(each*'"'), x^(each*'\\')
			found := ((quote-each)&^quote | (slash-each)&^slash | (x-each*' ')&^x) & tops
			if found != 0 {
				i += bits.TrailingZeros64(found) >> 3
				break
			}
			i += 8
		}
		for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
			i++
		}
		switch {
		case i >= len(b):
			return i, ErrEnd
		case b[i] == '"':
			return i + 1, nil
		case b[i] < ' ':
			return i, errControl
		}
		var scratch [8]byte
		if _, i, err = escape(scratch[:0], b, i); err != nil {
			return i, err
		}
	}
}

// levels is how many open brackets skipNested remembers by itself.
const levels = 64

// skipNested skips an object or array without a call for each value. What it remembers of the brackets that are open is a bit each: whether
// it is an object.
func (x *Index) skipNested(b []byte, i, depth int) (next int, err error) {
	var objects uint64
	for open := 0; ; {
		if i >= len(b) {
			return i, ErrEnd
		}
		c, closed := b[i], false
		switch {
		case c == '"':
			i, err = x.String(b, i+1)
		case c != '{' && c != '[':
			i, err = skipScalar(b, i)
		case open == levels:
			i, err = x.Skip(b, i, depth+levels)
		default:
			if depth+open > MaxDepth {
				return i, ErrDepth
			}
			open, objects = open+1, objects<<1
			if c == '{' {
				objects |= 1
			}
			if i = Space(b, i+1); i >= len(b) || b[i] != c+2 {
				if c == '{' {
					i, err = x.skipName(b, i)
				}
				if err != nil {
					return i, err
				}
				continue
			}
			closed = true
		}
		if err != nil {
			return i, err
		}
		if !closed {
			i = Space(b, i)
		}
		for ; i < len(b) && b[i] == '['+byte(objects&1)*('{'-'[')+2; i = Space(b, i) {
			i++
			if open, objects = open-1, objects>>1; open == 0 {
				return i, nil
			}
		}
		switch {
		case i >= len(b):
			return i, ErrEnd
		case b[i] != ',':
			return i, ErrComma
		}
		if i = Space(b, i+1); objects&1 != 0 {
			if i, err = x.skipName(b, i); err != nil {
				return i, err
			}
		}
	}
}

// skipName goes to the value of the name at b[i].
func (x *Index) skipName(b []byte, i int) (value int, err error) {
	if i >= len(b) {
		return i, ErrEnd
	}
	if b[i] != '"' {
		return i, errName
	}
	if i, err = x.String(b, i+1); err != nil {
		return i, err
	}
	if i = Space(b, i); i >= len(b) || b[i] != ':' {
		return i, errColon
	}
	return Space(b, i+1), nil
}
