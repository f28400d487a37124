package relational

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/operator/relational/relationaltest"
	"github.com/leatproject/leat/storage/changelog"
	"github.com/leatproject/leat/storage/datatype"
)

// TestChangelogNormalizeAsNaive: in whatever order changes come, what is left is what was added and not taken back.
func TestChangelogNormalizeAsNaive(t *testing.T) {
	dir := relationaltest.Dir(t)
	rapid.Check(t, func(t *rapid.T) {
		types := relationaltest.DrawTypes(t, 1, 3)
		rows := relationaltest.DrawRows(t, types, 60)
		count := map[string]int{}
		var changes []row
		for _, r := range rows {
			kind := rapid.SampledFrom([]changelog.Kind{changelog.Insert, changelog.UpdateBefore, changelog.UpdateAfter, changelog.Delete}).Draw(t, "kind")
			if kind.Adds() {
				count[r.String()]++
			} else {
				count[r.String()]--
			}
			changes = append(changes, append(slices.Clone(r), int64(kind)))
		}
		var want []row
		for _, r := range rows {
			for ; count[r.String()] > 0; count[r.String()]-- {
				want = append(want, r)
			}
		}
		input := append(slices.Clone(types), changelog.Type)
		for _, memory := range []int64{relationaltest.Plenty, relationaltest.Scarce} {
			r := relationaltest.Open(t, &ChangelogNormalize{Input: input}, 1, memory, dir)
			for _, b := range relationaltest.DrawBatches(t, input, changes) {
				r.Process(0, b)
			}
			r.End(0)
			require.Equal(t, relationaltest.Texts(want), relationaltest.Texts(r.Rows()))
		}
	})
}

func TestChangelogNormalizeOutput(t *testing.T) {
	c := &ChangelogNormalize{Input: []datatype.Type{datatype.Int, changelog.Type}}
	require.Equal(t, []datatype.Type{datatype.Int}, c.Output())
}
