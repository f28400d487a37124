package jsontext

import (
	"encoding/binary"
	"math/bits"
)

// block is how many bytes are classified at once.
const block = 64

// marks have a bit for each byte of a block.
type marks struct {
	quote   uint64 // first all quotes, then those that begin or end a string
	slash   uint64
	special uint64 // first control characters and bytes above ASCII, then the backslashes as well
}

// Index knows where the strings of a text end: bitmaps of its bytes, made 64 bytes at once (Langdale and Lemire 2019). A nil Index knows
// nothing and looks at the bytes themselves.
type Index struct {
	blocks []marks
	plain  bool // nothing special is in the text
	size   int
}

// Set makes x the index of b. It may read what is behind b in its memory.
func (x *Index) Set(b []byte) {
	n := len(b)/block + 1
	if cap(x.blocks) < n {
		x.blocks = make([]marks, n+n/2)
	}
	x.blocks, x.size = x.blocks[:n], len(b)
	memory := b[:cap(b)]
	whole := min(n, len(memory)/block)
	classify(memory[:whole*block], x.blocks)
	if whole < n {
		var last [block]byte
		copy(last[:], b[whole*block:])
		classify(last[:], x.blocks[whole:])
	}
	// What is behind the text is cut off; a quote there ends every search.
	end, bit := &x.blocks[n-1], uint64(1)<<(len(b)%block)
	end.quote, end.slash, end.special = end.quote&(bit-1)|bit, end.slash&(bit-1), end.special&(bit-1)
	var slash, special uint64
	for i := range x.blocks {
		slash, special = slash|x.blocks[i].slash, special|x.blocks[i].special
	}
	if x.plain = slash|special == 0; slash != 0 {
		x.escape()
	}
}

// escape leaves out the quotes that are behind an odd number of backslashes.
func (x *Index) escape() {
	const even = 0x5555555555555555
	var carry uint64 // 1: the first byte of the block is escaped
	for i := range x.blocks {
		m := &x.blocks[i]
		slash := m.slash &^ carry
		m.special |= m.slash
		after := slash<<1 | carry
		starts, next := bits.Add64(slash&^even&^after, slash, 0)
		m.quote &^= (even ^ starts<<1) & after
		carry = next
	}
	x.blocks[x.size/block].quote |= 1 << (x.size % block)
}

// Quote returns the index of the first quote from i on that is not escaped, or the length of the text. i is at most that.
func (x *Index) Quote(i int) int {
	if rest := x.blocks[i/block].quote >> (i % block); rest != 0 {
		return i + bits.TrailingZeros64(rest)
	}
	return x.quoteBehind(i / block)
}

// quoteBehind is Quote from behind a block on.
func (x *Index) quoteBehind(i int) int {
	for i++; x.blocks[i].quote == 0; i++ {
	}
	return i*block + bits.TrailingZeros64(x.blocks[i].quote)
}

// Plain says whether the bytes from i to before end are ASCII without control characters and backslashes.
func (x *Index) Plain(i, end int) bool { return x.plain || x.plainBetween(i, end) }

func (x *Index) plainBetween(i, end int) bool {
	from, to := ^uint64(0)<<(i%block), uint64(1)<<(end%block)-1
	i, end = i/block, end/block
	if i == end {
		return x.blocks[i].special&from&to == 0
	}
	found := x.blocks[i].special & from
	for i++; i < end; i++ {
		found |= x.blocks[i].special
	}
	return found|x.blocks[end].special&to == 0
}

// String returns the index after the closing quote of the string whose opening quote is before b[i].
func (x *Index) String(b []byte, i int) (next int, err error) {
	if x != nil && i <= x.size {
		if end := x.Quote(i); end < x.size && x.Plain(i, end) {
			return end + 1, nil
		}
	}
	return skipString(b, i)
}

// classifyPlain is classify without special instructions: eight bytes at once.
func classifyPlain(b []byte, m []marks) {
	for k := range len(b) / block {
		var to marks
		for i := 0; i < block; i += 8 {
			x := binary.LittleEndian.Uint64(b[k*block+i:])
			to.quote |= gather(zeroes(x^each*'"')) << i
			to.slash |= gather(zeroes(x^each*'\\')) << i
			to.special |= gather(zeroes(x&(each*0xe0))|x&tops) << i
		}
		m[k] = to
	}
}

// zeroes has the highest bit of each byte of x that is 0.
func zeroes(x uint64) uint64 { return ^((x&^uint64(tops) + ^uint64(tops)) | x | ^uint64(tops)) }

// gather has a bit for each of the eight bytes whose highest bit is set, which is the only one of x.
func gather(x uint64) uint64 { return x >> 7 * 0x0102040810204080 >> 56 }
