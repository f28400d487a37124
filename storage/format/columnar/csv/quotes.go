package csv

import "math/bits"

// quotes are what is to be known of the bytes before a block.
type quotes struct {
	within uint64 // all bits: the block begins within quotes
	ended  uint64 // 1: a field ended with the byte before
	closed uint64 // 1: the byte before closed quotes
}

// cut leaves out the ends of m, of the block from text[from] on, that are within quotes. It is false where a quote is neither the first nor
// the last byte of a field, such as one that is doubled; nothing from there on is left then.
func (q *quotes) cut(m *marks, text []byte, from int) bool {
	within := m.quote
	for shift := 1; shift < block; shift *= 2 {
		within ^= within << shift
	}
	within ^= q.within
	closing := m.quote &^ within
	m.within(^within)
	wrong := m.quote & within &^ (m.end<<1 | q.ended)
	for behind := (closing<<1 | q.closed) &^ m.end; behind != 0; behind &= behind - 1 {
		if i := from + bits.TrailingZeros64(behind); i+1 >= len(text) || text[i] != '\r' || text[i+1] != '\n' {
			wrong |= behind & -behind
		}
	}
	q.within, q.ended, q.closed = uint64(int64(within)>>63), m.end>>63, closing>>63
	if wrong != 0 {
		m.within(wrong&-wrong - 1)
	}
	return wrong == 0
}
