package jsontext

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestClassify: with and without special instructions the marks are those of a loop over the bytes.
func TestClassify(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]byte("\"\\\x1f \x00\x7f\x80\xff\xa2\xdc!")), rapid.Byte()), 2*block, 2*block).Draw(t, "text")
		var want, fast, plain [2]marks
		for i, c := range b {
			m, bit := &want[i/block], uint64(1)<<(i%block)
			switch {
			case c == '"':
				m.quote |= bit
			case c == '\\':
				m.slash |= bit
			case c < ' ' || c >= 0x80:
				m.special |= bit
			}
		}
		classify(b, fast[:])
		classifyPlain(b, plain[:])
		require.Equal(t, want, fast)
		require.Equal(t, want, plain)
	})
}

// TestIndex: with an index everything is what it is without.
func TestIndex(t *testing.T) {
	parts := []string{`{"a":`, "}", "[", "]", ",", `"b":`, `"text with }]{["`, `"\\\""`, "12", "true", `{"long name of a field":[1,{"x":[]}]}`, " ", "\x01", `\`, `"`,
		`"a long text of more than sixty-four bytes, which is in two blocks of them or in three"`, "\"\u00e9\"", `"\n"`, `"\q"`}
	rapid.Check(t, func(t *rapid.T) {
		var x Index
		for range 2 { // a text behind another
			text := rapid.SampledFrom([]string{"{", "[", `{"a":`, `"`}).Draw(t, "first") + strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 40).Draw(t, "parts"), "")
			b := []byte(text + rapid.SampledFrom([]string{"", ",\"x\":1}", strings.Repeat("]}\"\\", 50)}).Draw(t, "behind"))[:len(text)]
			x.Set(b)
			checkIndex(t, &x, b)
		}
	})
	for n := range 300 {
		for _, odd := range []string{"", `\`} {
			b := []byte(`{"k":"` + strings.Repeat("{", n) + odd + strings.Repeat(`\\`, n) + `","l":[]}`)
			var x Index
			x.Set(b)
			checkIndex(t, &x, b)
		}
	}
}

func checkIndex(t require.TestingT, x *Index, b []byte) {
	for i := range len(b) + 1 {
		if i == 0 || b[i-1] != '\\' { // a search begins within a string, not behind half an escape sequence
			quote := i
			for quote < len(b) && b[quote] != '"' {
				if b[quote] == '\\' {
					quote++
				}
				quote++
			}
			require.Equal(t, min(quote, len(b)), x.Quote(i), "%s from %d", b, i)
		}
		for _, end := range []int{i, (i + len(b)) / 2, len(b)} {
			plain := !bytes.ContainsFunc(b[i:end], func(r rune) bool { return r < ' ' || r >= 0x80 || r == '\\' })
			require.Equal(t, plain, x.Plain(i, end))
		}
	}
	want, wantErr := Skip(b, 0, 0)
	got, err := x.Skip(b, 0, 0)
	require.Equal(t, want, got, "%s", b)
	require.Equal(t, wantErr, err)
}
