package json_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/changelog"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/format/columnar/json"
	"github.com/leatproject/leat/storage/vector"
)

// TestDebezium runs testdata/debezium: each row with its kind behind, and what was left out.
func TestDebezium(t *testing.T) {
	datadriven.RunTest(t, "testdata/debezium", func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		in := format.Input{Bytes: strings.NewReader(d.Input), Path: "f.json"}
		if d.HasArg("skip") {
			in.Malformed = func(raw []byte, err *format.RecordError) error {
				fmt.Fprintf(&out, "skipped %q: %v\n", raw, err)
				return nil
			}
		}
		f, err := json.NewDebezium(columnartest.Fields(t, "id INT NOT NULL; name STRING"), json.Options{IgnoreErrors: d.HasArg("ignore")}, d.HasArg("schema"))
		require.NoError(t, err)
		r, err := f.NewReader(in)
		require.NoError(t, err)
		for err == nil {
			var b vector.Batch
			err = r.Read(&b, 3)
			kinds := b.Columns[len(b.Columns)-1]
			b.Columns = b.Columns[:len(b.Columns)-1]
			for i, line := range columnartest.Rows(&b) {
				fmt.Fprintln(&out, changelog.Kind(vector.Values[int8](kinds)[i]), line)
			}
		}
		if err.Error() != "EOF" {
			fmt.Fprintln(&out, "error:", err)
		}
		return out.String()
	})
}

// TestDebeziumRoundTrip: rows that are written are read as added.
func TestDebeziumRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields, b := columnartest.Batch(t)
		var file bytes.Buffer
		w := json.NewDebeziumWriter(&file, fields, json.Options{})
		require.NoError(t, w.Write(b))
		require.NoError(t, w.Close())
		f, err := json.NewDebezium(fields, json.Options{}, false)
		require.NoError(t, err)
		r, err := f.NewReader(format.Input{Bytes: &file, Path: "f"})
		require.NoError(t, err)
		got, err := columnartest.Read(r, rapid.IntRange(1, 50).Draw(t, "limit"))
		require.NoError(t, err)
		var want []string
		for _, line := range columnartest.Rows(b) {
			want = append(want, line+" 0")
		}
		require.Equal(t, want, got)
	})
}

func FuzzDebezium(f *testing.F) {
	f.Add([]byte(`{"before":{"a":1,"b":"x"},"after":{"b":null,"a":2},"op":"u"}`))
	f.Add([]byte(`{"payload":{"op":"d","before":{"a":1}},"schema":{}}`))
	fields := columnartest.Fields(f, "a INT; b STRING; d TIMESTAMP(3)")
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, schema := range []bool{false, true} {
			form, err := json.NewDebezium(fields, json.Options{}, schema)
			require.NoError(t, err)
			r, err := form.NewReader(format.Input{Bytes: bytes.NewReader(text), Malformed: func([]byte, *format.RecordError) error { return nil }})
			require.NoError(t, err)
			_, err = columnartest.Read(r, 2)
			require.NoError(t, err)
		}
	})
}
