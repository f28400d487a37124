package datastream_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/storage/connector/discard"
)

// Rows far larger than the memory for them pass, and what is written along an edge is read.
func TestRowsLargerThanTheirMemory(t *testing.T) {
	for _, mode := range []string{"STREAMING", "BATCH"} {
		t.Run(mode, func(t *testing.T) {
			env := datastream.NewEnvironment().SetRuntimeMode(mode).SetParallelism(2).
				Set("taskmanager.memory.network.min", "64 kb").Set("taskmanager.memory.network.max", "64 kb")
			text := strings.Repeat("x", 1<<20)
			wide := datastream.Map(datastream.FromSequence(env, 1, 64), func(i int64) string { return text[:i<<14] })
			lengths := datastream.Map(datastream.Rebalance(wide), func(s string) int { return len(s) })
			rows, err := datastream.ExecuteAndCollect(t.Context(), lengths, "wide")
			require.NoError(t, err)
			sum := 0
			for _, n := range rows {
				sum += n
			}
			require.Equal(t, 64*65/2<<14, sum)
		})
	}
}

func TestBytesWrittenAreRead(t *testing.T) {
	env := datastream.NewEnvironment().SetRuntimeMode("STREAMING").SetParallelism(2)
	counts := datastream.Count(datastream.KeyBy(datastream.FromSequence(env, 1, 1000), func(i int64) int64 { return i % 10 }))
	counts.WriteTo(discard.NewSink(), "Drop")
	result, err := env.Execute(t.Context(), "bytes")
	require.NoError(t, err)
	source, count := result.Vertices[0], result.Vertices[1]
	require.EqualValues(t, 1000*(8+8), source.BytesOut, "a number and the hash of its key")
	require.Equal(t, source.BytesOut, count.BytesIn)
	require.Zero(t, source.BytesIn)
	require.Positive(t, source.BuffersOut)
}
