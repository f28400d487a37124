package numbertext_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/format/numbertext"
)

// TestNumbersAreStrconvs compares with strconv, on texts that stand within a longer one.
func TestNumbersAreStrconvs(t *testing.T) {
	texts := rapid.OneOf(rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{0,18})?([eE]-?[0-9]{1,2})?`), rapid.StringMatching(`[-+.0-9a:/]{0,10}`))
	rapid.Check(t, func(t *rapid.T) {
		text, after := texts.Draw(t, "text"), rapid.SampledFrom([]string{"", ",123456789", "\n"}).Draw(t, "after")
		b := []byte(text + after)[:len(text)]

		wantInt, wantErr := strconv.ParseInt(text, 10, 64)
		gotInt, err := numbertext.Int(b)
		require.Equal(t, wantErr == nil, err == nil)
		require.Equal(t, wantInt, gotInt)

		for _, bits := range []int{32, 64} {
			want, wantErr := strconv.ParseFloat(text, bits)
			got, err := numbertext.Float(b, bits)
			require.Equal(t, wantErr == nil, err == nil)
			if err == nil {
				require.Equal(t, strconv.FormatFloat(want, 'b', -1, 64), strconv.FormatFloat(got, 'b', -1, 64))
			}
		}

		if v, ok := numbertext.Integer(b, 0, len(b)); ok {
			require.NoError(t, wantErr)
			require.Equal(t, wantInt, v)
		}
		long := []byte(text + after + "0123456789abcdef")
		if v, ok := numbertext.Integer(long, 0, len(text)); ok || wantErr == nil && len(text) <= 16 && text[0] != '+' {
			require.True(t, ok && wantErr == nil, text)
			require.Equal(t, wantInt, v)
		}

		scale := rapid.IntRange(0, 10).Draw(t, "scale")
		if v, end, ok := numbertext.LeadingDecimal(b, 0, scale); ok && end == len(b) {
			want, ok, fits := decimal.Parse(text, scale)
			require.True(t, ok && fits)
			require.Equal(t, want, decimal.Of(v))
		}
		if v, ok := numbertext.Decimal(long, 0, len(text), scale); ok {
			want, ok, fits := decimal.Parse(text, scale)
			require.True(t, ok && fits, text)
			require.Equal(t, want, decimal.Of(v))
		}
	})
}
