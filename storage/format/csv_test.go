package format

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type person struct {
	Name   string `csv:"name"`
	Age    int8   `csv:"age"`
	Height *float64
	Note   *string `csv:"note"`
	Secret string  `csv:"-"`
}

func csvOptions(d *datadriven.TestData) (o CSVOptions) {
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "header":
			o.Header = true
		case "one-line":
			o.NoQuotedNewlines = true
		case "no-quotes":
			o.NoQuotes = true
		case "delimiter":
			o.Delimiter = a.Vals[0][0]
		case "comment":
			o.Comment = a.Vals[0][0]
		case "null":
			o.NullLiteral = a.Vals[0]
		case "max":
			fmt.Sscan(a.Vals[0], &o.MaxLength)
		}
	}
	return o
}

// TestCSV runs testdata/csv: "fields" reads []string rows, "people" reads structs; input is in Go's escapes, and each row or
// problem is a line of output.
func TestCSV(t *testing.T) {
	datadriven.RunTest(t, "testdata/csv", func(t *testing.T, d *datadriven.TestData) string {
		input := strings.NewReplacer("\n", "", `\n`, "\n", `\r`, "\r", `\t`, "\t", `\ufeff`, "\ufeff").Replace(d.Input)
		if d.Cmd == "fields" {
			return readCSV(t, csvOptions(d), input, func(row []string) string { return fmt.Sprintf("%q", row) })
		}
		return readCSV(t, csvOptions(d), input, func(p person) string {
			height, note := "nil", "nil"
			if p.Height != nil {
				height = fmt.Sprint(*p.Height)
			}
			if p.Note != nil {
				note = fmt.Sprintf("%q", *p.Note)
			}
			return fmt.Sprintf("name=%q age=%d height=%s note=%s", p.Name, p.Age, height, note)
		})
	})
}

// TestCSVReadsAnything: whatever the input and however it arrives, the same records and problems come out.
func TestCSVReadsAnything(t *testing.T) {
	inputs := rapid.StringMatching(`([a-z0-9.\-",#\r\n]|,|,|\n|\n|""|N|1,2.5,){0,60}`)
	rapid.Check(t, func(t *rapid.T) {
		input := inputs.Draw(t, "input")
		o := CSVOptions{Comment: '#', Header: rapid.Bool().Draw(t, "header"), NoQuotes: rapid.Bool().Draw(t, "no quotes")}
		if rapid.Bool().Draw(t, "null") {
			o.NullLiteral = "N"
		}
		readCSV(t, o, input, func(p person) string { return fmt.Sprint(p.Name, p.Age, p.Height == nil, p.Note == nil) })
		readCSV(t, o, input, func(row []string) string { return fmt.Sprintf("%q", row) })
	})
}

func readCSV[T any](t require.TestingT, o CSVOptions, input string, show func(T) string) string {
	f, err := NewCSV[T](o)
	require.NoError(t, err)
	var out strings.Builder
	in := Input{Path: "x.csv", Malformed: func(raw []byte, err *RecordError) error {
		fmt.Fprintf(&out, "%v (%q)\n", err, raw)
		return nil
	}}
	read := func(from io.Reader) string {
		out.Reset()
		in.Bytes = from
		r, err := f.NewReader(in)
		require.NoError(t, err)
		for err == nil {
			var rows []T
			rows, err = r.Read(nil, 1)
			for _, row := range rows {
				fmt.Fprintln(&out, show(row))
			}
		}
		if err != io.EOF {
			fmt.Fprintf(&out, "error: %v\n", err)
		}
		return out.String()
	}
	whole := read(strings.NewReader(input))
	in.Interactive = !strings.HasPrefix(input, "\ufeff")
	require.Equal(t, whole, read(iotest.OneByteReader(strings.NewReader(input))), "byte by byte")
	return whole
}

func TestCSVReadsAndWritesWhatEncodingCSVDoes(t *testing.T) {
	f, err := NewCSV[[]string](CSVOptions{})
	require.NoError(t, err)
	field := rapid.OneOf(rapid.StringMatching(`[a-z",; ]{0,6}`), rapid.SampledFrom([]string{"", "x\ny", "\"", "\"\"", "a,b", " ", "é\n\n"}))
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.SliceOfN(field, 2, 4), 1, 8).Draw(t, "records")
		var standard bytes.Buffer
		w := csv.NewWriter(&standard)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		var own []byte
		for _, record := range want {
			require.NoError(t, w.Write(record))
			own, err = f.Append(own, &record)
			require.NoError(t, err)
		}
		w.Flush()
		back := csv.NewReader(bytes.NewReader(own))
		back.FieldsPerRecord = -1
		got, err := back.ReadAll()
		require.NoError(t, err)
		require.Equal(t, want, got)
		input := standard.Bytes()
		if w.UseCRLF { // which the writer also puts for line ends in fields
			for _, record := range want {
				for i := range record {
					record[i] = strings.ReplaceAll(record[i], "\n", "\r\n")
				}
			}
		}
		r, err := f.NewReader(Input{Bytes: bytes.NewReader(input), Path: "x"})
		require.NoError(t, err)
		var rows [][]string
		for err == nil {
			rows, err = r.Read(rows, 1000)
		}
		require.Equal(t, io.EOF, err)
		require.Equal(t, want, rows)
	})
}

type every struct {
	String   string
	Bytes    []byte
	Bool     bool
	Int      int
	Int16    int16
	Uint64   uint64
	Uint8    uint8
	Float    float64
	Float32  float32
	Time     time.Time
	Big      big.Int
	Optional *int64
}

func TestCSVRoundTrip(t *testing.T) {
	f, err := NewCSV[every](CSVOptions{Header: true, NullLiteral: "NULL", Comment: '#', Delimiter: ';'})
	require.NoError(t, err)
	want := []every{
		{String: "#a;b\"c\n", Bytes: []byte("x"), Bool: true, Int: -5, Int16: -32768, Uint64: 1<<64 - 1, Uint8: 255, Float: -0.1, Float32: 1e20,
			Time: time.Date(2024, 2, 29, 1, 2, 3, 4000, time.UTC), Big: *big.NewInt(77), Optional: new(int64(9))},
		{String: "NULL", Bytes: []byte("NULL "), Float: 1e300, Time: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
	out := f.Header(nil)
	for i := range want {
		out, err = f.Append(out, &want[i])
		require.NoError(t, err)
	}
	r, err := f.NewReader(Input{Bytes: bytes.NewReader(out), Path: "x"})
	require.NoError(t, err)
	got, err := r.Read(nil, 10)
	require.NoError(t, err, "%s", out)
	require.Equal(t, want, got)
}

func TestCSVRefusesTypes(t *testing.T) {
	_, err := NewCSV[struct{ Inner struct{ X int } }](CSVOptions{})
	require.ErrorContains(t, err, "Inner: a column cannot hold struct { X int }")
	_, err = NewCSV[int](CSVOptions{})
	require.ErrorContains(t, err, "rows are structs or []string, not int")
	_, err = NewCSV[struct{ x int }](CSVOptions{})
	require.ErrorContains(t, err, "no exported fields")
	_, err = NewCSV[person](CSVOptions{Delimiter: '"'})
	require.ErrorContains(t, err, "must differ")
}
