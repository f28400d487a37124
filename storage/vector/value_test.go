package vector

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

func TestValueThereAndBack(t *testing.T) {
	instants := of(datatype.Timestamp(9), int64(-5), 7, 0)
	instants.Nanos[1] = 999_999
	texts := New(datatype.String, 3)
	texts.PutBytes(0, []byte("one"))
	texts.PutBytes(2, nil)
	texts.Finish()
	texts.SetNull(1)
	for _, v := range []*Vector{
		of(datatype.Boolean, true, false, true), of(datatype.SmallInt, int16(-3), 1, 2), of(datatype.Int, int32(-3), 1, 2),
		of(datatype.Double, 1.5, -0.25, 3), of(datatype.Decimal(30, 2), decimal.Of(-3), decimal.Int128{Lo: 1, Hi: 2}, decimal.Of(0)), instants, texts,
	} {
		v.SetNull(1)
		var all []byte
		for i := range 3 {
			all = v.AppendValue(all, i)
		}
		back, rest := New(v.Type, 3), all
		for i := range 3 {
			var err error
			rest, err = back.ReadValue(i, rest)
			require.NoError(t, err)
			require.Equal(t, v.AppendValue(nil, i), back.AppendValue(nil, i))
		}
		require.Empty(t, rest)
		for n := range len(all) {
			cut, rest := New(v.Type, 3), all[:n]
			var err error
			for i := 0; i < 3 && err == nil; i++ {
				rest, err = cut.ReadValue(i, rest)
			}
			require.Error(t, err)
		}
	}
}
