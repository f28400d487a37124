package vector

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
)

func TestFixed(t *testing.T) {
	v := New(datatype.Int, 3)
	copy(Values[int32](v), []int32{1, 2, 3})
	v.SetNull(1)
	require.False(t, v.IsNull(0))
	require.True(t, v.IsNull(1))
	require.Equal(t, []int32{1, 2, 3}, Values[int32](v))
	require.Panics(t, func() { Values[int64](v) })

	w := New(datatype.Int, 3)
	w.NullWhere(v)
	require.True(t, w.IsNull(1))
	w.Copy(0, v, 2)
	w.Copy(2, v, 1)
	require.Equal(t, int32(3), Values[int32](w)[0])
	require.True(t, w.IsNull(2))
	w.Reset(datatype.BigInt, 2)
	require.False(t, w.IsNull(1), "a reset vector has no NULL")
}

func TestTexts(t *testing.T) {
	v := New(datatype.String, 4)
	v.PutBytes(1, []byte("one"))
	v.PutBytes(2, []byte("zwei"))
	v.Finish()
	for i, want := range []string{"", "one", "zwei", ""} {
		require.Equal(t, want, string(v.Bytes(i)))
	}
}

func TestConstant(t *testing.T) {
	c := New(datatype.BigInt, 1)
	c.Constant = true
	Values[int64](c)[0] = 7
	require.Equal(t, 0, c.At(5))
	require.False(t, c.IsNull(5))
	v := New(datatype.BigInt, 2)
	v.NullWhere(c)
	require.Nil(t, v.Valid)
	c.SetNull(0)
	require.True(t, c.IsNull(5))
	v.NullWhere(c)
	require.True(t, v.IsNull(0) && v.IsNull(1))
}

func TestDecimal(t *testing.T) {
	for _, digits := range []int{18, 19} {
		v := New(datatype.Decimal(digits, 2), 2)
		v.PutDecimal(0, decimal.Of(-12345))
		require.Equal(t, decimal.Of(-12345), v.Decimal(0))
		tooLong, _, _ := decimal.Parse("12345678901234567890", 0)
		v.PutDecimal(1, tooLong)
		require.True(t, v.IsNull(1), "a number of too many digits is NULL")
	}
}

func TestNanos(t *testing.T) {
	v := New(datatype.Timestamp(9), 1)
	Values[int64](v)[0], v.Nanos[0] = 5, 7
	w := New(datatype.Timestamp(9), 2)
	w.Copy(1, v, 0)
	ms, ns := w.Instant(1)
	require.Equal(t, []int64{5, 7}, []int64{ms, int64(ns)})
}

func TestSelect(t *testing.T) {
	v := New(datatype.Boolean, 5)
	copy(Values[bool](v), []bool{true, false, true, true, false})
	require.Equal(t, []int32{0, 2, 3}, Select(nil, v, 5, nil))
	require.Equal(t, []int32{2}, Select(nil, v, 5, []int32{1, 2, 4}))
	v.SetNull(0)
	require.Equal(t, []int32{2, 3}, Select(nil, v, 5, nil))
	require.Equal(t, []int32{3}, Select(nil, v, 5, []int32{0, 3}))
	c := New(datatype.Boolean, 1)
	c.Constant = true
	Values[bool](c)[0] = true
	require.Equal(t, []int32{0, 1, 2}, Select(nil, c, 3, nil))
	require.Equal(t, []int32{1}, Select(nil, c, 3, []int32{1}))
	Values[bool](c)[0] = false
	require.Equal(t, []int32{}, Select(nil, c, 3, nil))
	require.Equal(t, 3, (&Batch{Length: 3}).Rows())
	require.Equal(t, 1, (&Batch{Length: 3, Selection: []int32{2}}).Rows())
}
