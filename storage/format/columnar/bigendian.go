package columnar

import (
	"encoding/binary"

	"github.com/leatproject/leat/storage/decimal"
)

// BigEndian reads a two's complement number of up to 16 bytes, or more where those are only its sign.
func BigEndian(b []byte) (decimal.Int128, bool) {
	var x decimal.Int128
	if len(b) == 0 {
		return x, false
	}
	sign := byte(int8(b[0]) >> 7)
	for len(b) > 16 {
		if b[0] != sign || (b[1]^sign)&0x80 != 0 {
			return x, false
		}
		b = b[1:]
	}
	if len(b) == 16 {
		return decimal.Int128{Hi: int64(binary.BigEndian.Uint64(b)), Lo: binary.BigEndian.Uint64(b[8:])}, true
	}
	if sign != 0 {
		x.Hi, x.Lo = -1, ^uint64(0)
	}
	for _, c := range b {
		x.Hi = x.Hi<<8 | int64(x.Lo>>56)
		x.Lo = x.Lo<<8 | uint64(c)
	}
	return x, true
}
