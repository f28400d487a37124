package parquet

import (
	"encoding/binary"
	"slices"
)

// maxPageValues bounds the values of a page that is decoded at once.
const maxPageValues = 1 << 26

// deltaInts reads DELTA_BINARY_PACKED into the memory of dst: at most so many integers, and what is behind them.
func deltaInts(dst []int64, b []byte, most int) ([]int64, []byte, error) {
	cut := func() ([]int64, []byte, error) { return nil, nil, corrupt("a page of deltas is cut off") }
	var head [3]uint64
	for i := range head {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return cut()
		}
		head[i], b = v, b[n:]
	}
	value, n := binary.Varint(b)
	if n <= 0 {
		return cut()
	}
	b = b[n:]
	block, minis, total := head[0], head[1], head[2]
	if total > uint64(most) || total > maxPageValues {
		return nil, nil, corrupt("a page of deltas has %d values where %d are expected", total, most)
	}
	if minis == 0 || minis > 1<<16 || block == 0 || block > 1<<24 || block%minis != 0 || block/minis%8 != 0 {
		return nil, nil, corrupt("a page of deltas has blocks of %d values in %d parts", block, minis)
	}
	dst = dst[:0]
	if total == 0 {
		return dst, b, nil
	}
	dst = append(dst, value)
	per := int(block / minis)
	for uint64(len(dst)) < total {
		least, n := binary.Varint(b)
		if n <= 0 || uint64(len(b)-n) < minis {
			return cut()
		}
		widths := b[n : n+int(minis)]
		b = b[n+int(minis):]
		for _, w := range widths {
			if uint64(len(dst)) == total {
				break
			}
			width := int(w)
			size := per * width / 8
			if width > 64 {
				return nil, nil, corrupt("a page of deltas has values of %d bits", width)
			}
			values := min(per, int(total)-len(dst))
			if size > len(b) {
				if (values*width+7)/8 > len(b) {
					return cut()
				}
				size = len(b)
			}
			dst, value = addDeltas(slices.Grow(dst, values), values, value, least, b[:size], width)
			b = b[size:]
		}
	}
	return dst, b, nil
}

// deltaLengths reads the lengths of texts, which are together no longer than what follows, and returns that.
func deltaLengths(dst []int64, b []byte, most int) ([]int64, []byte, error) {
	lengths, b, err := deltaInts(dst, b, most)
	if err != nil {
		return nil, nil, err
	}
	rest := int64(len(b))
	for _, n := range lengths {
		if n < 0 || n > rest {
			return nil, nil, corrupt("a text of %d bytes is cut off", n)
		}
		rest -= n
	}
	return lengths, b, nil
}

// maxTexts bounds the bytes of the texts of a page that share prefixes.
const maxTexts = 1 << 30

// deltaTexts reads DELTA_BYTE_ARRAY, where each text is a prefix of the one before and a rest: the lengths of the texts in the memory of
// dst, and the texts one behind another in that of texts.
func deltaTexts(dst []int64, texts, b []byte, most int) ([]int64, []byte, error) {
	prefixes, b, err := deltaInts(nil, b, most)
	if err != nil {
		return nil, nil, err
	}
	lengths, b, err := deltaLengths(dst, b, most)
	if err != nil {
		return nil, nil, err
	}
	if len(lengths) != len(prefixes) {
		return nil, nil, corrupt("%d texts have %d prefixes", len(lengths), len(prefixes))
	}
	texts = texts[:0]
	last := 0 // where the text before begins
	for i, prefix := range prefixes {
		begin := len(texts)
		if prefix < 0 || prefix > int64(begin-last) {
			return nil, nil, corrupt("a prefix of %d bytes of a text of %d", prefix, begin-last)
		}
		texts = append(texts, texts[last:last+int(prefix)]...)
		texts = append(texts, b[:lengths[i]]...)
		if len(texts) > maxTexts {
			return nil, nil, corrupt("the texts of a page are longer than %d bytes", maxTexts)
		}
		b = b[lengths[i]:]
		lengths[i] += prefix
		last = begin
	}
	return lengths, texts, nil
}
