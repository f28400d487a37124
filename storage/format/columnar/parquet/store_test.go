package parquet

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// TestStoreDecimal: numbers of any width are what their bytes say, or refused when the type is too small.
func TestStoreDecimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 16).Draw(t, "width")
		precision := rapid.IntRange(1, 38).Draw(t, "precision")
		b := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]byte{0, 0xff, 0x7f, 0x80}), rapid.Byte()), 3*width, 3*width).Draw(t, "bytes")
		e := &schemaElement{physical: physicalFixed, length: width, converted: convertedDecimal, logical: logicalDecimal, precision: precision, scale: 1}
		typ := datatype.Decimal(precision, 1)
		put, err := storeFor(e, typ)
		require.NoError(t, err)
		v := vector.New(typ, 4)
		var want []decimal.Int128
		for i := range 3 {
			x, ok := columnar.BigEndian(b[i*width : (i+1)*width])
			require.True(t, ok)
			if !x.Fits(precision) {
				require.ErrorContains(t, put(v, 1, &dense{fixed: b}, 3), "does not fit")
				return
			}
			want = append(want, x)
		}
		require.NoError(t, put(v, 1, &dense{fixed: b}, 3))
		for i, x := range want {
			require.Equal(t, x, v.Decimal(i+1))
		}
	})
}
