package relational

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/operator/relational/relationaltest"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// spans are the windows of a row in seconds: start-end.
func spans(t *testing.T, w *WindowTable, of datatype.Type, ms int64) []string {
	w.Input = []datatype.Type{of}
	var out []string
	for _, r := range relationaltest.Run(t, w, plenty, relationaltest.Dir(t), []*vector.Batch{batch(nulls(col(of, ms, 0), 1))}) {
		start, end, last := r[1].(int64), r[2].(int64), r[3].(int64)
		if of.Kind == datatype.KindTimestamp {
			require.Equal(t, end-1, last)
		}
		out = append(out, fmt.Sprintf("%d-%d", start/1000, end/1000))
	}
	return out
}

func TestWindowTable(t *testing.T) {
	stamp := datatype.Timestamp(3)
	require.Equal(t, []string{"10-20"}, spans(t, &WindowTable{Size: 10_000}, stamp, 12_000))
	require.Equal(t, []string{"-10-0"}, spans(t, &WindowTable{Size: 10_000}, stamp, -1))
	require.Equal(t, []string{"3-13"}, spans(t, &WindowTable{Size: 10_000, Offset: 3000}, stamp, 12_000))
	require.Equal(t, []string{"10-20", "5-15"}, spans(t, &WindowTable{Kind: Hop, Size: 10_000, Step: 5000}, stamp, 12_000))
	require.Empty(t, spans(t, &WindowTable{Kind: Hop, Size: 2000, Step: 5000}, stamp, 12_000), "between windows")
	require.Equal(t, []string{"10-14", "10-16", "10-18", "10-20"}, spans(t, &WindowTable{Kind: Cumulate, Size: 10_000, Step: 2000}, stamp, 12_000))
	zone, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	day := &WindowTable{Size: 86_400_000, Zone: zone, Input: []datatype.Type{datatype.TimestampLTZ(3)}}
	rows := relationaltest.Run(t, day, plenty, relationaltest.Dir(t), []*vector.Batch{batch(col(datatype.TimestampLTZ(3), int64(20*3_600_000)))})
	require.Equal(t, "(72000000, 86400000, 172800000, 143999999)", rows[0].String(), "from midnight to midnight in Shanghai")
}

func TestWindowTableRefuses(t *testing.T) {
	for message, w := range map[string]*WindowTable{
		"not of BIGINT":       {Input: []datatype.Type{datatype.BigInt}, Size: 1},
		"must be above 0":     {Input: []datatype.Type{datatype.Timestamp(3)}},
		"must be a multiple ": {Input: []datatype.Type{datatype.Timestamp(3)}, Kind: Cumulate, Size: 3, Step: 2},
	} {
		require.ErrorContains(t, newRig(t, w, 1, plenty).run(nil), message)
	}
}

func TestWindowSessionAsNaive(t *testing.T) {
	dir := relationaltest.Dir(t)
	types := []datatype.Type{datatype.String, datatype.Timestamp(3)}
	rapid.Check(t, func(t *rapid.T) {
		var rows []row
		for _, key := range []any{nil, "a", "b"} {
			at := rapid.SliceOfN(rapid.Int64Range(0, 100), 0, 40).Draw(t, "times")
			slices.Sort(at)
			for _, ms := range at {
				rows = append(rows, row{key, ms})
			}
		}
		const gap = 3
		var want []row
		for i, r := range rows {
			first, last := i, i
			near := func(a, b int) bool {
				return fmt.Sprint(rows[a][0]) == fmt.Sprint(rows[b][0]) && rows[b][1].(int64)-rows[a][1].(int64) <= gap
			}
			for first > 0 && near(first-1, first) {
				first--
			}
			for last+1 < len(rows) && near(last, last+1) {
				last++
			}
			end := rows[last][1].(int64) + gap
			want = append(want, row{r[0], r[1], rows[first][1], end, end - 1})
		}
		for _, memory := range []int64{relationaltest.Plenty, relationaltest.Scarce} {
			w := &WindowSession{Input: types, Time: 1, PartitionBy: []int{0}, Gap: gap}
			got := relationaltest.Run(t, w, memory, dir, relationaltest.DrawBatches(t, types, rows))
			require.Equal(t, relationaltest.Texts(want), relationaltest.Texts(got))
		}
	})
}
