package csv_test

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/columnartest"
	"github.com/leatproject/leat/storage/format/columnar/csv"
)

// TestCSV runs testdata/csv: "read" reads the wanted columns of the fields, "infer" says what a file is taken for. Input is in Go's
// escapes, a line for each line.
func TestCSV(t *testing.T) {
	datadriven.RunTest(t, "testdata/csv", func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		input := []byte(unescape(t, d.Input))
		if d.Cmd == "infer" {
			o, fields, err := csv.Infer(input, true)
			if err != nil {
				return err.Error() + "\n"
			}
			fmt.Fprintf(&out, "delimiter %q header %v\n", o.Delimiter, o.Header)
			for _, f := range fields {
				fmt.Fprintln(&out, f.Name, f.Type)
			}
			return out.String()
		}
		o, wanted := csv.Standard, []int(nil)
		var fields []columnar.Field
		skip := false
		for _, a := range d.CmdArgs {
			value := ""
			if len(a.Vals) > 0 {
				value = a.Vals[0]
			}
			switch a.Key {
			case "fields":
				fields = columnartest.Fields(t, strings.Join(a.Vals, ","))
			case "want":
				for _, v := range a.Vals {
					n, err := strconv.Atoi(v)
					require.NoError(t, err)
					wanted = append(wanted, n)
				}
			case "delimiter":
				o.Delimiter = value[0]
			case "escape":
				o.Escape = value[0]
			case "null":
				o.Null = &value
			case "header":
				o.Header = true
			case "comments":
				o.Comments = true
			case "noquotes":
				o.NoQuotes = true
			case "ignore":
				o.IgnoreErrors = true
			case "skip":
				skip = true
			}
		}
		if wanted == nil {
			for i := range fields {
				wanted = append(wanted, i)
			}
		}
		f, err := csv.New(fields, wanted, o)
		if err != nil {
			return err.Error() + "\n"
		}
		in := format.Input{Bytes: bytes.NewReader(input), Path: "f.csv"}
		if skip {
			in.Malformed = func(raw []byte, err *format.RecordError) error {
				fmt.Fprintf(&out, "skipped %q: %v\n", raw, err)
				return nil
			}
		}
		r, err := f.NewReader(in)
		if err != nil {
			return err.Error() + "\n"
		}
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

func unescape(t *testing.T, s string) string {
	s = strings.ReplaceAll(strings.TrimSuffix(s, "\n"), `"`, `\"`)
	s, err := strconv.Unquote(`"` + strings.ReplaceAll(s, "\n", `\n`) + `"`)
	require.NoError(t, err)
	return strings.TrimSuffix(s+"\n", "$\n")
}

func all(n int) (places []int) {
	for i := range n {
		places = append(places, i)
	}
	return places
}

// TestRoundTrip: what is written is read again, in one piece, in ranges, and going on from any position.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields, b := columnartest.Batch(t)
		null := "\x01"
		o := csv.Options{
			Delimiter: rapid.SampledFrom([]byte(",|\t")).Draw(t, "delimiter"), Quote: '"', Null: &null,
			Header: rapid.Bool().Draw(t, "header"), Comments: rapid.Bool().Draw(t, "comments"),
		}
		if rapid.Bool().Draw(t, "escape") {
			o.Escape = '\\'
		}
		var file bytes.Buffer
		w := csv.NewWriter(&file, fields, o)
		require.NoError(t, w.Write(b))
		require.NoError(t, w.Close())
		f, err := csv.New(fields, all(len(fields)), o)
		require.NoError(t, err)
		text := file.Bytes()
		open := func(offset, end int64, partial bool) columnar.Reader {
			r, err := f.NewReader(format.Input{
				Bytes: iotest.HalfReader(bytes.NewReader(text[offset:])), Offset: offset, End: end, Partial: partial, Path: "f",
				Head: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
			})
			require.NoError(t, err)
			return r
		}
		limit := rapid.IntRange(1, 50).Draw(t, "limit")
		lines, err := columnartest.Read(open(0, 0, false), limit)
		require.NoError(t, err)
		require.Equal(t, columnartest.Rows(b), lines)
		if bytes.ContainsAny(text, "\"") || len(text) == 0 {
			return
		}
		cut := int64(rapid.IntRange(1, len(text)).Draw(t, "cut"))
		first, err := columnartest.Read(open(0, cut, false), limit)
		require.NoError(t, err)
		second, err := columnartest.Read(open(cut-1, 0, true), limit)
		require.NoError(t, err)
		require.Equal(t, lines, append(first, second...))
	})
}

// TestQuoteEndsLine: what ends a line is refused as the quote.
func TestQuoteEndsLine(t *testing.T) {
	o := csv.Standard
	o.Quote = '\n'
	_, err := csv.New(columnartest.Fields(t, "a STRING"), []int{0}, o)
	require.EqualError(t, err, `csv: '\n', which ends a line, cannot be the quote; choose another`)
}

// TestResume: a reader that begins where another has stopped goes on with the next record.
func TestResume(t *testing.T) {
	text := "a,\"x\ny\"\nb,z\nc,\"\"\"\"\n"
	fields := columnartest.Fields(t, "a STRING; b STRING")
	f, err := csv.New(fields, []int{1}, csv.Standard)
	require.NoError(t, err)
	var got []string
	for offset := int64(0); offset < int64(len(text)); {
		r, err := f.NewReader(format.Input{Bytes: strings.NewReader(text[offset:]), Offset: offset, Path: "f"})
		require.NoError(t, err)
		b := newBatch()
		require.NoError(t, r.Read(b, 1))
		got = append(got, columnartest.Rows(b)...)
		offset = r.Offset()
	}
	require.Equal(t, []string{`"x\ny"`, `"z"`, `"\""`}, got)
}

// TestQuotedLinesInRanges: ranges that begin in quoted fields over many lines have the records that begin in them.
func TestQuotedLinesInRanges(t *testing.T) {
	fields := columnartest.Fields(t, "a INT; b STRING; c STRING")
	f, err := csv.New(fields, []int{0, 1, 2}, csv.Standard)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		texts := rapid.SampledFrom([]string{"plain", `"in quotes"`, "\"a\nb\r\n\nc\"", `"a ""quoted"" text"`, "\"\"\"first\"\"\nsecond\"", `""`})
		for i := range rapid.IntRange(8, 30).Draw(t, "records") {
			fmt.Fprintf(&text, "%d,%s,%s\n", i, texts.Draw(t, "b"), texts.Draw(t, "c"))
		}
		read := func(from, to int) []string {
			in := format.Input{Bytes: strings.NewReader(text.String()[from:]), Offset: int64(from), End: int64(to)}
			if from > 0 {
				in.Bytes, in.Offset, in.Partial = strings.NewReader(text.String()[from-1:]), int64(from-1), true
			}
			r, err := f.NewReader(in)
			require.NoError(t, err)
			lines, err := columnartest.Read(r, 100)
			require.NoError(t, err)
			return lines
		}
		cut := rapid.IntRange(1, text.Len()*2/3).Draw(t, "cut")
		require.Equal(t, read(0, 0), append(read(0, cut), read(cut, 0)...))
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("1,a,2.5\n\"2\",\"b\"\"\n\",\n"), false)
	f.Add([]byte("#x\n\\,,\r\n"), true)
	f.Fuzz(func(t *testing.T, text []byte, escape bool) {
		fields := columnartest.Fields(t, "a INT; b STRING; c DECIMAL(9,2); d TIMESTAMP(3); e BYTES; g DOUBLE")
		o := csv.Options{Delimiter: ',', Quote: '"', Comments: true}
		if escape {
			o.Escape = '\\'
		}
		for n := 1; n <= len(fields); n++ {
			form, err := csv.New(fields[:n], all(n), o)
			require.NoError(t, err)
			r, err := form.NewReader(format.Input{Bytes: bytes.NewReader(text), Malformed: func([]byte, *format.RecordError) error { return nil }})
			require.NoError(t, err)
			_, err = columnartest.Read(r, 2)
			require.NoError(t, err)
		}
		_, _, _ = csv.Infer(text, false)
	})
}
