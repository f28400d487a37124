package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/format/columnar/json"
	"github.com/leatproject/leat/storage/vector"
)

// TestJSON runs testdata/json: "read" reads fields, "infer" says what a file is taken for.
func TestJSON(t *testing.T) {
	datadriven.RunTest(t, "testdata/json", func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		if d.Cmd == "infer" {
			fields, err := json.Infer([]byte(d.Input), true)
			if err != nil {
				return err.Error() + "\n"
			}
			for _, f := range fields {
				fmt.Fprintln(&out, f.Name, f.Type)
			}
			return out.String()
		}
		var o json.Options
		var fields []columnar.Field
		in := format.Input{Bytes: strings.NewReader(d.Input), Path: "f.json"}
		for _, a := range d.CmdArgs {
			switch a.Key {
			case "fields":
				fields = columnartest.Fields(t, strings.Join(a.Vals, ","))
			case "missing":
				o.FailOnMissing = true
			case "ignore":
				o.IgnoreErrors = true
			case "skip":
				in.Malformed = func(raw []byte, err *format.RecordError) error {
					fmt.Fprintf(&out, "skipped %q: %v\n", raw, err)
					return nil
				}
			}
		}
		f, err := json.New(fields, o)
		if err != nil {
			return err.Error() + "\n"
		}
		r, err := f.NewReader(in)
		require.NoError(t, err)
		lines, err := columnartest.Read(r, 3)
		for _, l := range lines {
			fmt.Fprintln(&out, l)
		}
		if err != nil {
			fmt.Fprintln(&out, "error:", err)
		}
		return out.String()
	})
}

// TestRoundTrip: what is written is JSON and is read again, in one piece and in ranges.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields, b := columnartest.TextKeyBatch(t)
		o := json.Options{ISO: rapid.Bool().Draw(t, "iso"), IgnoreNulls: rapid.Bool().Draw(t, "ignore")}
		var file bytes.Buffer
		w := json.NewWriter(&file, fields, o)
		require.NoError(t, w.Write(b))
		require.NoError(t, w.Close())
		text := file.Bytes()
		for _, line := range bytes.SplitAfter(text, []byte{'\n'}) {
			require.True(t, len(line) == 0 || stdjson.Valid(line), "%s", line)
		}
		f, err := json.New(fields, o)
		require.NoError(t, err)
		read := func(offset, end int64, partial bool) []string {
			r, err := f.NewReader(format.Input{
				Bytes: iotest.HalfReader(bytes.NewReader(text[offset:])), Offset: offset, End: end, Partial: partial, Path: "f",
			})
			require.NoError(t, err)
			lines, err := columnartest.Read(r, rapid.IntRange(1, 50).Draw(t, "limit"))
			require.NoError(t, err)
			return lines
		}
		lines := read(0, 0, false)
		require.Equal(t, columnartest.Rows(b), lines)
		if len(text) > 0 {
			cut := int64(rapid.IntRange(1, len(text)).Draw(t, "cut"))
			require.Equal(t, lines, append(read(0, cut, false), read(cut-1, 0, true)...))
		}
	})
}

// TestParts: of a ROW only what is wanted is decoded, so that what is wrong with the rest does not matter.
func TestParts(t *testing.T) {
	fields := columnartest.Fields(t, "a deep; b INT")
	fields[0].Parts = datatype.Parts{0: {1: nil}}
	f, err := json.New(fields, json.Options{})
	require.NoError(t, err)
	text := `{"a":{"p":{"x":"bad","y":["k"]},"q":7},"b":1}` + "\n" + `{"a":null,"b":2}` + "\n" + `{"a":{"q":{}}}`
	r, err := f.NewReader(format.Input{Bytes: strings.NewReader(text)})
	require.NoError(t, err)
	lines, err := columnartest.Read(r, 2)
	require.NoError(t, err)
	require.Equal(t, []string{`((NULL, ["k"]), NULL, NULL) 1`, "NULL 2", "(NULL, NULL, NULL) NULL"}, lines)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":"x\u0041","c":1.5,"d":"2026-01-01 10:00:00","e":"aGk=","g":[1,{"h":"\""}]}`))
	f.Add([]byte(`{"h":{"p":{"x":1,"y":["a",null]},"q":{"k":"2026-01-01 10:00:00","k":null},"r":1},"i":[{"y":[]},null],"j":{"a":1,"a":2}}`))
	f.Add([]byte("{\"a\":1e3,\"a\":null,\"g\":[\n"))
	fields := columnartest.Fields(f, "a INT; b STRING; c DECIMAL(9,2); d TIMESTAMP(3); e BYTES; g STRING; h deep; i ARRAY<pair>; j MAP<STRING,INT>")
	f.Fuzz(func(t *testing.T, text []byte) {
		for n := range fields {
			form, err := json.New(fields[n:], json.Options{})
			require.NoError(t, err)
			r, err := form.NewReader(format.Input{Bytes: bytes.NewReader(text), Malformed: func([]byte, *format.RecordError) error { return nil }})
			require.NoError(t, err)
			_, err = columnartest.Read(r, 2)
			require.NoError(t, err)
		}
		_, _ = json.Infer(text, false)
	})
}

const event = `{"event_type":2,"bid":{"auction":%d,"bidder":1001,"price":%d,"channel":"Google","url":"https://www.example.com/item.htm?query=1",` +
	`"extra":"NQJTMOSEbdcfhgAwRdhUYYJWZ"},"person":null,"at":"2026-11-21 10:11:12.%03d","city":"Rome","active":true}` + "\n"

// BenchmarkRead reads nested events of 256 bytes to some columns; the target is 200 ns an event.
func BenchmarkRead(b *testing.B) {
	var text bytes.Buffer
	const events = 50_000
	for i := range events {
		fmt.Fprintf(&text, event, i, i*7, i%1000)
	}
	bid := datatype.Row(datatype.Field{Name: "auction", Type: datatype.BigInt}, datatype.Field{Name: "price", Type: datatype.BigInt})
	f, err := json.New([]columnar.Field{
		{Name: "event_type", Type: datatype.Int}, {Name: "bid", Type: bid, Parts: datatype.Parts{1: nil}},
		{Name: "at", Type: datatype.Timestamp(3)}, {Name: "city", Type: datatype.String},
	}, json.Options{})
	require.NoError(b, err)
	b.SetBytes(int64(text.Len()))
	batch := new(vector.Batch)
	columnartest.Cost(b, events, "event", func() {
		r, err := f.NewReader(format.Input{Bytes: bytes.NewReader(text.Bytes())})
		for err == nil {
			err = r.Read(batch, 4096)
		}
		require.Equal(b, io.EOF, err)
	})
}
