package collect

import (
	"bytes"
	"context"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/sink"
)

func TestRowsTravelInFrames(t *testing.T) {
	r, err := NewRemote[string]()
	require.NoError(t, err)
	var frames []byte
	ended := false
	w, err := r.NewWriter(t.Context(), sink.Env{Ask: func(_ context.Context, block []byte) ([]byte, error) {
		ended = len(block) == 0
		if !ended {
			frames = AppendFrame(frames, block)
		}
		return nil, nil
	}})
	require.NoError(t, err)
	for _, rows := range [][]string{{"a", "b"}, nil, {"c"}} {
		require.NoError(t, w.Write(t.Context(), column.BatchOf(rows)))
	}
	require.False(t, ended)
	_, err = w.Flush(t.Context(), true)
	require.NoError(t, err)
	require.True(t, ended)
	require.NoError(t, w.Close())

	var got []string
	take := func(block []byte) error {
		rows, err := r.Decode(block)
		got = append(got, rows...)
		return err
	}
	require.NoError(t, ReadFrames(iotest.OneByteReader(bytes.NewReader(frames)), take))
	require.Equal(t, []string{"a", "b", "c"}, got)
	require.ErrorIs(t, ReadFrames(bytes.NewReader(frames[:len(frames)-1]), take), io.ErrUnexpectedEOF)
	require.ErrorContains(t, ReadFrames(bytes.NewReader([]byte{255, 255, 255, 255}), take), "cannot be right")

	got = nil
	var rest []byte
	for _, b := range frames {
		rest, err = Frames(append(rest, b), take)
		require.NoError(t, err)
	}
	require.Empty(t, rest)
	require.Equal(t, []string{"a", "b", "c"}, got)

	_, err = NewRemote[chan int]()
	require.Error(t, err)
}
