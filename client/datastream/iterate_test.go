package datastream_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/client/datastream"
)

func TestIterateThin(t *testing.T) {
	for _, p := range []int{1, 3} {
		env := datastream.NewEnvironment().SetParallelism(p)
		in := datastream.FromSlice(env, 1, 2, 3)
		out := datastream.Iterate(in, datastream.IterationOptions{MaxIterations: 5}, func(_ *datastream.Iteration, s *datastream.Stream[int]) *datastream.Stream[int] {
			return datastream.Map(s, func(v int) int { return 2 * v })
		})
		got, err := datastream.ExecuteAndCollect(t.Context(), out, "double")
		require.NoError(t, err)
		slices.Sort(got)
		require.Equal(t, []int{32, 64, 96}, got)
	}
}
