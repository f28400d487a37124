package raw_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/format/columnar/raw"
	"github.com/leatproject/leat/storage/vector"
)

// TestLines: lines are texts, or values of another type, and are written as they were.
func TestLines(t *testing.T) {
	text := "a,b\n\n\"c\n"
	f, err := raw.New(columnartest.Fields(t, "line STRING"), []int{0})
	require.NoError(t, err)
	r, err := f.NewReader(format.Input{Bytes: strings.NewReader(text), Path: "f"})
	require.NoError(t, err)
	var b vector.Batch
	require.NoError(t, r.Read(&b, 3))
	require.Equal(t, []string{`"a,b"`, `""`, `"\"c"`}, columnartest.Rows(&b))
	var out bytes.Buffer
	w := raw.NewWriter(&out)
	require.NoError(t, w.Write(&b))
	require.NoError(t, w.Close())
	require.Equal(t, text, out.String())

	read := func(fields []columnar.Field, malformed func([]byte, *format.RecordError) error) ([]string, error) {
		f, err := raw.New(fields, []int{0})
		require.NoError(t, err)
		r, err := f.NewReader(format.Input{Bytes: strings.NewReader("1\nx\n3"), Path: "f", Malformed: malformed})
		require.NoError(t, err)
		return columnartest.Read(r, 2)
	}
	_, err = read(columnartest.Fields(t, "n INT"), nil)
	require.EqualError(t, err, `f: record at byte 2, field n: cannot read "x" as INT: invalid syntax`)
	rows, err := read(columnartest.Fields(t, "n INT"), func([]byte, *format.RecordError) error { return nil })
	require.NoError(t, err)
	require.Equal(t, []string{"1", "3"}, rows)
	_, err = raw.New(columnartest.Fields(t, "a INT; b INT"), nil)
	require.ErrorContains(t, err, "a table has one column")
}
