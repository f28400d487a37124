package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/storage/format/jsontext"
)

type base struct {
	Origin string `json:"origin"`
	Weight float32
}

type point struct {
	Longitude float64 `json:"longitude"`
	Latitude  float64 `json:"latitude"`
	Label     *string `json:"label,omitempty"`
}

type named string

type event struct {
	base
	Identifier int64              `json:"identifier"`
	Kind       named              `json:"kind"`
	Small      int8               `json:"small"`
	Unsigned   uint16             `json:"unsigned"`
	Enormous   uint64             `json:"enormous"`
	Flag       bool               `json:"flag,omitempty"`
	Where      point              `json:"where"`
	Next       *event             `json:"next"`
	Points     []point            `json:"points"`
	Numbers    []int              `json:"numbers,omitempty"`
	Raw        []byte             `json:"raw"`
	Pair       [2]float64         `json:"pair"`
	Labels     map[string]string  `json:"labels"`
	Scores     map[named]float64  `json:"scores"`
	ByNumber   map[int]string     `json:"byNumber"`
	Lists      map[string][]int32 `json:"lists"`
	Quoted     int                `json:"quoted,string"`
	When       time.Time          `json:"when,omitzero"`
	Later      *time.Time         `json:"later"`
	Anything   any                `json:"anything"`
	Verbatim   json.RawMessage    `json:"verbatim,omitempty"`
	Untagged   string
	Hidden     string `json:"-"`
	unexported int
}

func decodeOne[T any](t require.TestingT, line string) (T, error) {
	var zero T
	f, err := NewJSON[T](JSONOptions{})
	require.NoError(t, err)
	r, err := f.NewReader(Input{Bytes: strings.NewReader(line), Path: "input"})
	require.NoError(t, err)
	rows, err := r.Read(nil, 10)
	if err != nil && err != io.EOF || len(rows) == 0 {
		return zero, err
	}
	if _, err := r.Read(nil, 10); err != io.EOF {
		return zero, err
	}
	return rows[0], nil
}

// eventValues generates events whose encoding both sides agree on.
func eventValues() *rapid.Generator[event] {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "plain text that is longer than eight", "q\"uo\\te\n\u2028", "bad\xff\xfeutf8", "日本語 text", "\x00\x1f<&>"}))
	float := rapid.OneOf(rapid.Float64Range(-1e30, 1e30), rapid.SampledFrom([]float64{0, -0.5, 1e-7, 1e21, 123456.789, 1e300, 5e-324, 100}))
	points := rapid.Custom(func(t *rapid.T) point {
		p := point{Longitude: float.Draw(t, "longitude"), Latitude: float.Draw(t, "latitude")}
		if rapid.Bool().Draw(t, "labelled") {
			p.Label = new(text.Draw(t, "label"))
		}
		return p
	})
	times := rapid.Custom(func(t *rapid.T) time.Time {
		zone := time.FixedZone("", 60*rapid.IntRange(-12*60, 12*60).Draw(t, "zone"))
		return time.Unix(rapid.Int64Range(-1e9, 4e9).Draw(t, "second"), rapid.Int64Range(0, 999999999).Draw(t, "nano")).In(zone)
	})
	var events func(depth int) *rapid.Generator[event]
	events = func(depth int) *rapid.Generator[event] {
		return rapid.Custom(func(t *rapid.T) event {
			e := event{
				base:       base{Origin: text.Draw(t, "origin"), Weight: rapid.Float32Range(-1e20, 1e20).Draw(t, "weight")},
				Identifier: rapid.Int64().Draw(t, "identifier"), Kind: named(text.Draw(t, "kind")), Small: rapid.Int8().Draw(t, "small"),
				Unsigned: rapid.Uint16().Draw(t, "unsigned"), Enormous: rapid.Uint64().Draw(t, "enormous"), Flag: rapid.Bool().Draw(t, "flag"),
				Where: points.Draw(t, "where"), Points: rapid.SliceOfN(points, 0, 6).Draw(t, "points"),
				Numbers: rapid.SliceOfN(rapid.Int(), 0, 12).Draw(t, "numbers"), Raw: rapid.SliceOf(rapid.Byte()).Draw(t, "raw"),
				Pair:   [2]float64{float.Draw(t, "first"), float.Draw(t, "second")},
				Labels: rapid.MapOfN(text, text, 0, 5).Draw(t, "labels"), Quoted: rapid.Int().Draw(t, "quoted"),
				ByNumber: rapid.MapOfN(rapid.Int(), text, 0, 3).Draw(t, "byNumber"),
				Lists:    rapid.MapOfN(text, rapid.SliceOfN(rapid.Int32(), 0, 9), 0, 3).Draw(t, "lists"),
				Untagged: text.Draw(t, "untagged"),
			}
			if rapid.Bool().Draw(t, "dated") {
				e.When, e.Later = times.Draw(t, "when"), new(times.Draw(t, "later"))
			}
			if depth > 0 && rapid.Bool().Draw(t, "deeper") {
				e.Next = new(events(depth-1).Draw(t, "next"))
				e.Scores = map[named]float64{named(text.Draw(t, "score")): float.Draw(t, "value")}
				e.Anything = map[string]any{"list": []any{1.5, nil, "x"}}
				e.Verbatim = json.RawMessage(`{"a":[1,2]}`)
			}
			return e
		})
	}
	return events(2)
}

func standardJSON(t require.TestingT, v any) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(v))
	return buf.Bytes()
}

func TestJSONWritesWhatEncodingJSONWrites(t *testing.T) {
	f, err := NewJSON[event](JSONOptions{})
	require.NoError(t, err)
	values := eventValues()
	rapid.Check(t, func(t *rapid.T) {
		e := values.Draw(t, "event")
		got, err := f.Append(nil, &e)
		require.NoError(t, err)
		require.Equal(t, string(standardJSON(t, &e)), string(got))
	})
}

// TestJSONReadsWhatEncodingJSONReads compares documents that are right and documents with a few bytes changed.
func TestJSONReadsWhatEncodingJSONReads(t *testing.T) {
	values := eventValues()
	rapid.Check(t, func(t *rapid.T) {
		e := values.Draw(t, "event")
		line := bytes.TrimSpace(standardJSON(t, &e))
		if rapid.Bool().Draw(t, "spaces") {
			var spaced bytes.Buffer
			require.NoError(t, json.Indent(&spaced, line, " ", "\t"))
			line = bytes.ReplaceAll(spaced.Bytes(), []byte("\n"), []byte(" "))
		}
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			i := rapid.IntRange(0, len(line)-1).Draw(t, "at")
			with := rapid.SampledFrom([]string{"", "\"", "\\", "0", "-", ".", "e5", "{", "}", "[", "]", ",", ":", "null", "true", " ", "\x01", "\xff", "\\u00e9", "\\ud83d\\ude00", "\\ud83d", "A", "99999999999999999999"}).Draw(t, "with")
			line = append(append(bytes.Clone(line[:i]), with...), line[i+rapid.IntRange(0, 1).Draw(t, "drop"):]...)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			return
		}
		var want event
		wantErr := json.Unmarshal(line, &want)
		got, gotErr := decodeOne[event](t, string(line))
		if wantErr != nil {
			require.Error(t, gotErr, "%s\nencoding/json: %v", line, wantErr)
			return
		}
		require.NoError(t, gotErr, "%s", line)
		require.Equal(t, want, got, "%s", line)
	})
}

func FuzzJSON(f *testing.F) {
	f.Add(`{"identifier":1,"kind":"a\u00e9\n","where":{"latitude":1e5},"numbers":[1,2],"labels":{"k":"v"},"later":"2024-01-02T03:04:05Z"}`)
	f.Add(`{"IDENTIFIER":-0,"flag":null,"pair":[1,2,3],"raw":"AQI=","unknown":[{"a":[]}],"next":{"next":null}}`)
	f.Fuzz(func(t *testing.T, line string) {
		if strings.Contains(line, "\n") || strings.TrimSpace(line) == "" || strings.HasPrefix(line, "\xef\xbb\xbf") {
			t.Skip()
		}
		var want event
		wantErr := json.Unmarshal([]byte(line), &want)
		got, gotErr := decodeOne[event](t, line)
		require.Equal(t, wantErr == nil, gotErr == nil, "encoding/json: %v, here: %v", wantErr, gotErr)
		if wantErr == nil && !repeats(line) {
			require.Equal(t, want, got)
		}
	})
}

// repeats tells whether a name may come twice in an object: there encoding/json keeps elements of the first slice.
func repeats(line string) bool {
	for _, name := range []string{"points", "numbers", "pair", "next"} {
		if strings.Count(strings.ToLower(line), name) > 1 {
			return true
		}
	}
	return false
}

func TestJSONRefusesTypes(t *testing.T) {
	type inner struct{ Callback func() }
	type outer struct{ List []inner }
	_, err := NewJSON[outer](JSONOptions{})
	require.ErrorContains(t, err, "outer.List[].Callback: JSON cannot hold func()")
	type keyed struct{ M map[[2]int]string }
	_, err = NewJSON[keyed](JSONOptions{})
	require.ErrorContains(t, err, "keyed.M: JSON names cannot be [2]int")
	type embedding struct{ *point }
	_, err = NewJSON[embedding](JSONOptions{})
	require.ErrorContains(t, err, "embedding.point is an embedded pointer")
}

func TestJSONOddTypes(t *testing.T) {
	type odd struct {
		Address netip.Addr
		Number  *big.Int
		Set     map[netip.Addr]int
		Shadow  struct {
			base
			Origin int `json:"origin"`
		}
	}
	line := `{"Address":"10.0.0.1","Number":123456789012345678901234567890,"Set":{"::1":3},"Shadow":{"origin":5,"weight":2}}`
	var want odd
	require.NoError(t, json.Unmarshal([]byte(line), &want))
	got, err := decodeOne[odd](t, line)
	require.NoError(t, err)
	require.Equal(t, want, got)
	f, err := NewJSON[odd](JSONOptions{})
	require.NoError(t, err)
	out, err := f.Append(nil, &got)
	require.NoError(t, err)
	require.Equal(t, string(standardJSON(t, &want)), string(out))

	e, err := decodeOne[event](t, `{"unexported":5,"Hidden":"x","-":"y"}`)
	require.NoError(t, err)
	require.Equal(t, event{}, e)
	require.Zero(t, e.unexported)
}

func TestJSONErrorsSayWhere(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{"identifier":"x"}`, `column 15, field identifier: cannot read "x" as int64`},
		{`{"points":[{},{"longitude":true}]}`, `column 28, field points.1.longitude: cannot read true as float64`},
		{`{"small":300}`, `column 10, field small: cannot read 300 as int8: value out of range`},
		{`{"small":1} x`, `column 13: more after the end of the value`},
		{`{"small":1`, `column 11: the line ends within a value`},
		{`{"later":"yesterday"}`, `column 10, field later: cannot read "yesterday" as time.Time: parsing time`},
	} {
		_, err := decodeOne[event](t, "\n"+c.line)
		require.ErrorContains(t, err, "input: record at byte 1, "+c.want)
	}
}

func TestJSONSkipsMalformed(t *testing.T) {
	f, err := NewJSON[point](JSONOptions{})
	require.NoError(t, err)
	var raws []string
	r, err := f.NewReader(Input{Bytes: strings.NewReader("{\"latitude\":1}\noops\n\n{\"latitude\":2}"), Path: "p",
		Malformed: func(raw []byte, err *RecordError) error {
			raws = append(raws, fmt.Sprintf("%s@%d", raw, err.Offset))
			return nil
		}})
	require.NoError(t, err)
	var rows []point
	for err == nil {
		rows, err = r.Read(rows, 100)
	}
	require.Equal(t, io.EOF, err)
	require.Equal(t, []point{{Latitude: 1}, {Latitude: 2}}, rows)
	require.Equal(t, []string{"oops@15"}, raws)
}

func TestJSONRecursionEnds(t *testing.T) {
	type loop struct{ Self *loop }
	l := &loop{}
	l.Self = l
	f, err := NewJSON[loop](JSONOptions{})
	require.NoError(t, err)
	_, err = f.Append(nil, l)
	require.ErrorIs(t, err, jsontext.ErrDepth)
	_, err = decodeOne[loop](t, strings.Repeat(`{"Self":`, 20000)+"1"+strings.Repeat("}", 20000))
	require.ErrorIs(t, err, jsontext.ErrDepth)
	require.True(t, reflect.DeepEqual(f.root, f.root.fields[0].node.elem))
}

// TestJSON runs testdata/json: each line of input is read as an event, and written again or explained; that encoding/json
// takes and refuses the same is checked on the way.
func TestJSON(t *testing.T) {
	f, err := NewJSON[compact](JSONOptions{})
	require.NoError(t, err)
	datadriven.RunTest(t, "testdata/json", func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		for line := range strings.SplitSeq(d.Input, "\n") {
			row, err := decodeOne[compact](t, line)
			var standard compact
			require.Equal(t, json.Unmarshal([]byte(line), &standard) == nil, err == nil, line)
			if err != nil {
				fmt.Fprintln(&out, strings.TrimPrefix(err.Error(), "input: record at byte 0, "))
				continue
			}
			require.Equal(t, standard, row)
			written, err := f.Append(nil, &row)
			require.NoError(t, err)
			out.Write(written)
		}
		return out.String()
	})
}

// compact is small enough to be read in testdata.
type compact struct {
	S  string            `json:"s,omitempty"`
	I  int32             `json:"i,omitempty"`
	U  uint8             `json:"u,omitempty"`
	F  float64           `json:"f,omitempty"`
	B  bool              `json:"b,omitempty"`
	P  *string           `json:"p,omitempty"`
	L  []string          `json:"l,omitempty"`
	A  *[2]int           `json:"a,omitempty"`
	M  map[string]int    `json:"m,omitempty"`
	N  *compact          `json:"n,omitempty"`
	T  time.Time         `json:"t,omitzero"`
	X  any               `json:"x,omitempty"`
	SM map[string]string `json:"sm,omitempty"`
}

func TestJSONDecoder(t *testing.T) {
	f, err := NewJSON[map[string]int](JSONOptions{})
	require.NoError(t, err)
	d := f.NewDecoder()
	var row map[string]int
	require.NoError(t, d.Decode([]byte(` {"a": 1} `), &row))
	require.Equal(t, map[string]int{"a": 1}, row)
	require.ErrorContains(t, d.Decode([]byte(" "), &row), "there is no value")
	require.ErrorContains(t, d.Decode([]byte(`{"a": "x"}`), &row), "column 7")
	require.NoError(t, d.Decode([]byte(`{"b": 2}`), &row))
}
