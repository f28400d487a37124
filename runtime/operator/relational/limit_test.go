package relational_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/operator/relational"
	rt "github.com/leatproject/leat/runtime/operator/relational/relationaltest"
)

func TestLimit(t *testing.T) {
	dir := rt.Dir(t)
	rapid.Check(t, func(t *rapid.T) {
		types := rt.DrawTypes(t, 0, 3)
		rows := rt.DrawRows(t, types, 40)
		offset, count := rapid.IntRange(0, 50).Draw(t, "offset"), rapid.IntRange(-1, 50).Draw(t, "count")
		want := rows[min(offset, len(rows)):]
		if count >= 0 {
			want = want[:min(count, len(want))]
		}
		got := rt.Run(t, &relational.Limit{Input: types, Offset: int64(offset), Count: int64(count)}, rt.Plenty, dir, rt.DrawBatches(t, types, rows))
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.Equal(t, want[i].String(), got[i].String())
		}
	})
}
