package format

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestNumbersAreStrconvs compares with strconv, on texts that stand within a longer one.
func TestNumbersAreStrconvs(t *testing.T) {
	texts := rapid.OneOf(rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{0,18})?([eE]-?[0-9]{1,2})?`), rapid.StringMatching(`[-+.0-9a:/]{0,10}`))
	rapid.Check(t, func(t *rapid.T) {
		text, after := texts.Draw(t, "text"), rapid.SampledFrom([]string{"", ",123456789", "\n"}).Draw(t, "after")
		b := []byte(text + after)[:len(text)]

		wantInt, wantErr := strconv.ParseInt(text, 10, 64)
		gotInt, err := parseInt(b)
		require.Equal(t, wantErr == nil, err == nil)
		require.Equal(t, wantInt, gotInt)

		for _, bits := range []int{32, 64} {
			want, wantErr := strconv.ParseFloat(text, bits)
			got, err := parseFloat(b, bits)
			require.Equal(t, wantErr == nil, err == nil)
			if err == nil {
				require.Equal(t, strconv.FormatFloat(want, 'b', -1, 64), strconv.FormatFloat(got, 'b', -1, 64))
			}
		}
	})
}
