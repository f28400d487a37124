package csv

import "encoding/binary"

// block is how many bytes are classified at once.
const block = 64

// marks have a bit for each byte of a block.
type marks struct {
	end   uint64 // delimiters and line feeds
	line  uint64 // line feeds
	quote uint64
}

const (
	each = 0x0101010101010101
	tops = 0x8080808080808080
)

// markPlain is mark without special instructions: eight bytes at once.
func markPlain(b []byte, delimiter, quote byte, m []marks) {
	for k := range len(b) / block {
		var to marks
		for i := 0; i < block; i += 8 {
			x := binary.LittleEndian.Uint64(b[k*block+i:])
			to.end |= equal(x, delimiter) << i
			to.line |= equal(x, '\n') << i
			to.quote |= equal(x, quote) << i
		}
		to.end |= to.line
		m[k] = to
	}
}

// equal has a bit for each of the eight bytes of x that is c.
func equal(x uint64, c byte) uint64 {
	x ^= each * uint64(c)
	zero := ^((x&^uint64(tops) + ^uint64(tops)) | x | ^uint64(tops))
	return zero >> 7 * 0x0102040810204080 >> 56
}
