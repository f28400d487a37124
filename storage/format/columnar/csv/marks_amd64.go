package csv

import "golang.org/x/sys/cpu"

var hasAVX2 = cpu.X86.HasAVX2

//go:noescape
func markAVX2(p *byte, n int, delimiter, quote byte, m *marks)

// mark finds the special bytes of so many whole blocks.
func mark(b []byte, delimiter, quote byte, m []marks) {
	if hasAVX2 && len(b) >= block && len(m) >= len(b)/block {
		markAVX2(&b[0], len(b)/block, delimiter, quote, &m[0])
		return
	}
	markPlain(b, delimiter, quote, m)
}
