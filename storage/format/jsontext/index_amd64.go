package jsontext

import "golang.org/x/sys/cpu"

var hasAVX2 = cpu.X86.HasAVX2

//go:noescape
func classifyAVX2(p *byte, n int, m *marks)

// classify finds the special bytes of so many whole blocks.
func classify(b []byte, m []marks) {
	if hasAVX2 && len(b) >= block && len(m) >= len(b)/block {
		classifyAVX2(&b[0], len(b)/block, &m[0])
		return
	}
	classifyPlain(b, m)
}
