package lz77

import "golang.org/x/sys/cpu"

var quick = cpu.X86.HasAVX && cpu.X86.HasBMI2

// What assembly shuffles bytes with; 0x80 makes a byte 0.
var (
	// shifts has, from 16+n on, the shuffle that leaves out the first n of 16 bytes and, from n on, the one that moves the first n of 16
	// bytes to their end.
	shifts [48]byte
	// patterns has by the offset of a copy the shuffle that makes 16 bytes of it out of the last 16 bytes.
	patterns [17][16]byte
	// copies has by the first byte of a copy its length and, above it, the highest bits of its offset.
	copies [256]uint16
)

func init() {
	for i := range 16 {
		shifts[i], shifts[16+i], shifts[32+i] = 0x80, byte(i), 0x80
		for offset := 1; offset <= 16; offset++ {
			patterns[offset][i] = byte(16 - offset + i%offset)
		}
	}
	for tag := range copies {
		if copies[tag] = uint16(tag>>2 + 1); tag&3 == 1 {
			copies[tag] = uint16(tag>>2&7 + 4 + tag&0xe0<<3)
		}
	}
}

// snappyAVX writes what the elements from src[s] on stand for to dst[d:], of which 16 bytes are there, and returns where it has stopped:
// before an element that is long, wrong, or less than 80 bytes from an end.
//
//go:noescape
func snappyAVX(dst, src []byte, d, s int) (int, int)
