package csv

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestMark: with and without special instructions the marks are those of a loop over the bytes.
func TestMark(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]byte(",\n\"\x00\xac\x8a\xa2")), rapid.Byte()), 2*block, 2*block).Draw(t, "text")
		delimiter := rapid.SampledFrom([]byte(",\x00\xac")).Draw(t, "delimiter")
		var want, fast, plain [2]marks
		for i, c := range b {
			m, bit := &want[i/block], uint64(1)<<(i%block)
			if c == delimiter || c == '\n' {
				m.end |= bit
			}
			if c == '\n' {
				m.line |= bit
			}
			if c == '"' {
				m.quote |= bit
			}
		}
		mark(b, delimiter, '"', fast[:])
		markPlain(b, delimiter, '"', plain[:])
		require.Equal(t, want, fast)
		require.Equal(t, want, plain)
	})
}
