package relational_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/operator/relational"
	rt "github.com/leatproject/leat/runtime/operator/relational/relationaltest"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/runtimefilter"
	"github.com/leatproject/leat/storage/vector"
)

func TestRuntimeFilterBuild(t *testing.T) {
	numbers := func(n int) *vector.Batch {
		b := vector.NewBatch([]datatype.Type{datatype.String, datatype.BigInt})
		b.Length = n
		for c := range b.Columns {
			b.Columns[c].Reset(b.Columns[c].Type, n)
		}
		for i := range n {
			b.Columns[0].PutBytes(i, nil)
			vector.Values[int64](b.Columns[1])[i] = int64(i)
		}
		b.Columns[0].Finish()
		return b
	}
	for _, memory := range []int64{rt.Plenty, rt.Scarce} {
		f := &relational.RuntimeFilterBuild{Input: []datatype.Type{datatype.String, datatype.BigInt}, Keys: []int{1}}
		r := rt.Open(t, f, 1, memory, rt.Dir(t))
		r.Process(0, numbers(1000))
		r.End(0)
		rows := r.Rows()
		require.Len(t, rows, 1)
		got, err := runtimefilter.Decode([]byte(rows[0][0].(string)), 1)
		require.NoError(t, err)
		require.Equal(t, memory == rt.Plenty, got.Drops(), "without memory nothing is dropped")
	}
}
