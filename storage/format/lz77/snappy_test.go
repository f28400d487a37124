package lz77_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/format/lz77"
)

// texts are bytes as they are in columns.
func texts(t *rapid.T) []byte {
	var b []byte
	for range rapid.IntRange(0, 30).Draw(t, "runs") {
		part := rapid.SliceOfN(rapid.Byte(), 0, 70).Draw(t, "part")
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			part = bytes.Repeat(part, rapid.IntRange(1, 40).Draw(t, "times"))
		case 1:
			first := rapid.Uint64().Draw(t, "first")
			for i := range rapid.Uint64Range(0, 100).Draw(t, "numbers") {
				part = binary.LittleEndian.AppendUint64(part, first+i)
			}
		case 2:
			if len(b) > 0 {
				from := rapid.IntRange(0, len(b)-1).Draw(t, "from")
				part = b[from:min(len(b), from+rapid.IntRange(1, 200).Draw(t, "length"))]
			}
		}
		b = append(b, part...)
	}
	return b
}

// TestSnappy: what others have encoded is decoded.
func TestSnappy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := texts(t)
		for _, block := range [][]byte{s2.EncodeSnappy(nil, b), s2.EncodeSnappyBetter(nil, b), s2.EncodeSnappyBest(nil, b)} {
			n, err := lz77.SnappyLength(block)
			require.NoError(t, err)
			require.Equal(t, len(b), n)
			got, err := lz77.Snappy(bytes.Repeat([]byte{0xaa}, rapid.IntRange(0, 2*n).Draw(t, "memory")), block)
			require.NoError(t, err)
			require.True(t, bytes.Equal(b, got))
		}
	})
}
