package jsontext_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/format/jsontext"
)

// TestSkipIsValid: what is skipped to the end is what encoding/json takes for valid.
func TestSkipIsValid(t *testing.T) {
	parts := []string{
		"{", "}", "[", "]", ",", ":", `"a"`, `"a":`, `"long name of it":`, "1", "-0.5e3", "01", "true", "false", "null", " ", `"\\u00e9\n"`,
		`"\\x"`, "\"\x01\"", "\"\u00e9\"", "{}", "[]", `{"a":[1,{"b":null}]}`, "nul",
	}
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		for range rapid.IntRange(1, 12).Draw(t, "parts") {
			text.WriteString(rapid.SampledFrom(parts).Draw(t, "part"))
		}
		checkSkip(t, []byte(text.String()))
	})
	for _, deep := range []int{63, 64, 65, 200} {
		checkSkip(t, []byte(strings.Repeat(`[{"a":`, deep)+"1"+strings.Repeat("}]", deep)))
		checkSkip(t, []byte(strings.Repeat(`[{"a":`, deep)+"1"+strings.Repeat("]}", deep)))
	}
	_, err := jsontext.Skip([]byte(strings.Repeat("[", 1_000_000)), 0, 0)
	require.ErrorIs(t, err, jsontext.ErrDepth)
}

func checkSkip(t require.TestingT, text []byte) {
	begin := jsontext.Space(text, 0)
	end, err := jsontext.Skip(text, begin, 0)
	good := err == nil && jsontext.Space(text, end) == len(text)
	require.Equal(t, json.Valid(text), good, "%s: %v", text, err)
}

func FuzzSkip(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5e7,"x\\u0041\\"",{"b":{}}],"c":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) { checkSkip(t, text) })
}
