package lz77

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/require"
)

// slowly is Snappy without assembly.
func slowly(src []byte) ([]byte, error) {
	n, s := binary.Uvarint(src)
	dst, d := make([]byte, n), 0
	for s < len(src) {
		if d, s = snappyElement(dst, src, d, s); s < 0 {
			return nil, ErrCorrupt
		}
	}
	if d < int(n) {
		return nil, ErrCorrupt
	}
	return dst, nil
}

// FuzzSnappy: with and without assembly a block stands for the same, which is what others take it for, and nothing is written behind it.
func FuzzSnappy(f *testing.F) {
	numbers := []byte{}
	for i := range 200 {
		numbers = binary.LittleEndian.AppendUint64(numbers, uint64(i*i))
	}
	f.Add(s2.EncodeSnappy(nil, numbers))
	f.Add(s2.EncodeSnappyBest(nil, []byte("name 1 name 2 name 3 name 4 name 5 name 6 name 7 name 8 name 9 name 10 name 11 name 12 name 13 name 14")))
	f.Add([]byte("\x80\x80\x80\x80\x80\x00"))
	f.Add([]byte("\x80\x80\x80\x80\x00"))
	f.Fuzz(func(t *testing.T, block []byte) {
		n, err := SnappyLength(block)
		if err != nil || n > 1<<20 {
			return
		}
		memory := make([]byte, n+100)
		got, err := Snappy(memory[:0:n], block)
		want, wantErr := slowly(block)
		require.Equal(t, wantErr, err)
		require.Equal(t, want, got)
		require.Equal(t, make([]byte, 100), memory[n:])
		if err == nil {
			other, err := s2.Decode(nil, block)
			require.NoError(t, err)
			require.True(t, bytes.Equal(other, got))
		}
	})
}
