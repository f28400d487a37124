package column

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
)

// TestEvolution: each case is the old schema, the new one and values of the old in JSON.
func TestEvolution(t *testing.T) {
	datadriven.RunTest(t, "testdata/evolution", func(t *testing.T, d *datadriven.TestData) string {
		lines := strings.Split(d.Input, "\n")
		from, to := schemaOf(t, lines[0]), schemaOf(t, lines[1])
		e, err := Evolve(from, to, "V")
		if err != nil {
			return err.Error() + "\n"
		}
		var out strings.Builder
		for _, c := range e.Changes {
			fmt.Fprintln(&out, c)
		}
		old := reflect.MakeSlice(reflect.SliceOf(e.from.of), len(lines)-2, len(lines)-2)
		for i, line := range lines[2:] {
			var v any
			require.NoError(t, json.Unmarshal([]byte(line), &v))
			set(old.Index(i), v)
		}
		block, err := e.Convert(nil, e.from.encode(nil, old))
		if err != nil {
			fmt.Fprintln(&out, "error:", err)
			return out.String()
		}
		values, err := DecodeValues(to, block)
		require.NoError(t, err)
		for _, v := range values {
			fmt.Fprintln(&out, v)
		}
		return out.String()
	})
}

// schemaOf is the inverse of Schema.String.
func schemaOf(t *testing.T, text string) *Schema {
	p := &schemaText{t, text}
	s := p.typ()
	require.Empty(t, p.left)
	return s
}

type schemaText struct {
	t    *testing.T
	left string
}

func (p *schemaText) word() string {
	n := strings.IndexFunc(p.left, func(r rune) bool {
		return !strings.ContainsRune("_$", r) && (r < '0' || r > 'z') || strings.ContainsRune("<>[]", r)
	})
	if n < 0 {
		n = len(p.left)
	}
	w := p.left[:n]
	p.left = p.left[n:]
	return w
}

func (p *schemaText) typ() *Schema {
	s := &Schema{Kind: Kind(p.word())}
	if s.Kind == KindArray {
		_, err := fmt.Sscanf(p.left, "[%d]", &s.Len)
		require.NoError(p.t, err)
		p.left = p.left[strings.IndexByte(p.left, ']')+1:]
	}
	if !strings.HasPrefix(p.left, "<") {
		return s
	}
	for p.left[0] != '>' {
		p.left = strings.TrimLeft(p.left[1:], " ")
		if p.left[0] == '>' {
			break
		}
		name := ""
		if s.Kind == KindStruct {
			name = p.word()
			p.left = p.left[1:]
		}
		f := p.typ()
		f.Name = name
		s.Fields = append(s.Fields, f)
	}
	p.left = p.left[1:]
	return s
}

// set sets v to what JSON says.
func set(v reflect.Value, x any) {
	switch x := x.(type) {
	case bool:
		v.SetBool(x)
	case float64:
		switch {
		case v.CanInt():
			v.SetInt(int64(x))
		case v.CanUint():
			v.SetUint(uint64(x))
		case v.CanComplex():
			v.SetComplex(complex(x, x))
		case v.Kind() == reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			set(v.Elem(), x)
		default:
			v.SetFloat(x)
		}
	case string:
		switch v.Interface().(type) {
		case []byte:
			v.SetBytes([]byte(x))
		case time.Time:
			at, _ := time.Parse(time.RFC3339, x)
			v.Set(reflect.ValueOf(at))
		default:
			v.SetString(x)
		}
	case []any:
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), len(x), len(x)))
		}
		for i, e := range x {
			if v.Kind() == reflect.Struct {
				set(v.Field(i), e)
			} else {
				set(v.Index(i), e)
			}
		}
	case map[string]any:
		v.Set(reflect.MakeMap(v.Type()))
		for key, e := range x {
			k, to := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			if k.CanInt() {
				k.SetInt(int64(len(key)))
			} else {
				k.SetString(key)
			}
			set(to, e)
			v.SetMapIndex(k, to)
		}
	}
}

// TestSchemaStandsForType: what a type has written is read by its schema alone.
func TestSchemaStandsForType(t *testing.T) {
	type inner struct {
		At time.Time `leat:"when \"quoted\""`
		D  time.Duration
	}
	type outer struct {
		inner
		N    int
		M    map[string]*inner
		Text stamp
		Raw  [3]uint16
		B    []byte
		C    complex64
		F    float64
		No   int `leat:"-"`
		Tags []string
		Keys map[spot]bool
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	codec, err := CodecOf[outer]()
	require.NoError(t, err)
	v := outer{inner: inner{at, time.Second}, N: -1, M: map[string]*inner{"a": nil, "b": {at, 0}}, Text: stamp{7}, Raw: [3]uint16{1, 2, 3},
		B: []byte("hi"), C: 1 + 2i, F: 1.5, No: 3, Keys: map[spot]bool{{1, 2}: true}}
	values, err := DecodeValues(codec.Schema(), codec.AppendBatch(nil, []outer{v, {}}))
	require.NoError(t, err)
	require.Equal(t, `{"inner":{"when \"quoted\"":"2026-01-02T03:04:05.000000006+01:00","D":"1s"},"N":-1,`+
		`"M":{"a":null,"b":{"when \"quoted\"":"2026-01-02T03:04:05.000000006+01:00","D":"0s"}},"Text":"7","Raw":[1,2,3],"B":"aGk=","C":"(1+2i)","F":1.5,`+
		`"Tags":null,"Keys":[{"key":{"X":1,"Y":2},"value":true}]}`, values[0].String())
	require.True(t, json.Valid([]byte(values[1].String())))
	n, ok := values[0].Field("N")
	require.True(t, ok)
	require.Equal(t, "-1", n.String())
}

type spot struct{ X, Y int }

// stamp writes itself as text.
type stamp struct{ n int }

func (s stamp) MarshalText() ([]byte, error) { return fmt.Append(nil, s.n), nil }

func (s *stamp) UnmarshalText(b []byte) error {
	_, err := fmt.Sscan(string(b), &s.n)
	return err
}
