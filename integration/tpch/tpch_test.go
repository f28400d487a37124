package tpch

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOthers(t *testing.T) {
	others := Others()
	require.Equal(t, 4.0, others[Total]["duckdb"])
	for query, engines := range others {
		require.Len(t, engines, 3, query)
	}
}

func TestNames(t *testing.T) {
	require.Len(t, Names(), 22)
	for _, name := range Names() {
		require.NotContains(t, Query(name), ";")
		answer, err := Answer(t.TempDir(), name)
		require.NoError(t, err)
		require.NoError(t, Compare(answer, answer))
	}
}

func TestCompare(t *testing.T) {
	header := []string{"a", "b"}
	want := [][]string{header, {"x", "1.25"}, {"y", "2"}, {"z", `\N`}}
	require.NoError(t, Compare([][]string{header, {"y", "2"}, {"z", ""}, {"x", "1.2501"}}, want))
	require.EqualError(t, Compare([][]string{header, {"y", "2"}}, want), "1 rows, not 3")
	require.ErrorContains(t, Compare([][]string{header, {"y", "3"}, {"z", ""}, {"x", "1.25"}}, want), `["y" "3"], not ["y" "2"]`)
	require.ErrorContains(t, Compare([][]string{header, {"y", "2"}, {"z", ""}, {"x", "1.26"}}, want), `["x" "1.26"], not ["x" "1.25"]`)
}
