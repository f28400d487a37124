package kernel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

var jsonKernels = map[string]entry{
	"JSON_EXISTS":    {nulls: true, of: always(jsonExists())},
	"JSON_VALUE":     {nulls: true, of: jsonValue},
	"JSON_QUERY":     {nulls: true, of: jsonQuery},
	"IS JSON":        withNulls(func(f *frame) error { f.putBool(jsonStart(f) != 0); return nil }),
	"IS JSON VALUE":  withNulls(func(f *frame) error { f.putBool(jsonStart(f) != 0); return nil }),
	"IS JSON OBJECT": withNulls(func(f *frame) error { f.putBool(jsonStart(f) == '{'); return nil }),
	"IS JSON ARRAY":  withNulls(func(f *frame) error { f.putBool(jsonStart(f) == '['); return nil }),
	"IS JSON SCALAR": withNulls(func(f *frame) error {
		c := jsonStart(f)
		f.putBool(c != 0 && c != '{' && c != '[')
		return nil
	}),
}

// jsonStart is the first byte of a text that is JSON, 0 of any other.
func jsonStart(f *frame) byte {
	if f.null(0) || !json.Valid(f.text(0)) {
		return 0
	}
	return bytes.TrimSpace(f.text(0))[0]
}

// decodeJSON reads one value; numbers stay as they are written.
func decodeJSON(b []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err = d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err = d.Token(); err != io.EOF {
		return nil, errors.New("there is more than one value")
	}
	return v, nil
}

// encodeJSON prints a value without spaces, fields in the order of their names.
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// lookup is what the path, the second argument, finds in the text, the first.
func lookup(f *frame, paths *memo[jsonPath]) (found any, ok bool, err error) {
	p, err := paths.get(f.text(1), compileJSONPath)
	if err != nil {
		return nil, false, err
	}
	v, err := decodeJSON(f.text(0))
	if err != nil {
		return nil, false, fmt.Errorf("the text is not JSON: %w", err)
	}
	return p.find(v)
}

func jsonExists() kernel {
	var paths memo[jsonPath]
	return rows(func(f *frame) error {
		if f.null(0) || f.null(1) {
			f.putNull()
			return nil
		}
		_, ok, err := lookup(f, &paths)
		if err == nil {
			f.putBool(ok)
			return nil
		}
		switch clause := f.str(len(f.args) - 2); clause {
		case "ERROR ON ERROR":
			return fmt.Errorf("JSON_EXISTS: %w", err)
		case "UNKNOWN ON ERROR":
			f.putNull()
		default:
			f.putBool(clause == "TRUE ON ERROR")
		}
		return nil
	})
}

// behave does what the clause at argument k says where there is nothing or a mistake.
func behave(f *frame, k int, cause error) error {
	clause, _, _ := strings.Cut(f.str(k), " ON ")
	switch clause {
	case "ERROR":
		return fmt.Errorf("JSON path '%s': %w", f.text(1), cause)
	case "EMPTY ARRAY", "EMPTY":
		if f.out.Type.IsNested() {
			f.end()
			break
		}
		f.putString("[]")
	case "EMPTY OBJECT":
		f.putString("{}")
	case "DEFAULT":
		f.out.Copy(f.row, f.args[k+1], f.row)
	default:
		f.putNull()
	}
	return nil
}

var errNothing = errors.New("there is nothing")

// jsonValue is JSON_VALUE: the scalar at a path as the type that is returned.
func jsonValue(s *site) (kernel, error) {
	var paths memo[jsonPath]
	var of func(f *frame) error
	if !s.result.IsCharacter() {
		if of = castText(s.result); of == nil {
			return nil, nil
		}
	}
	return rows(func(f *frame) error {
		if f.null(0) || f.null(1) {
			f.putNull()
			return nil
		}
		v, ok, err := lookup(f, &paths)
		if err != nil {
			return behave(f, 4, err)
		}
		if !ok {
			return behave(f, 2, errNothing)
		}
		var text string
		switch v := v.(type) {
		case nil:
			f.putNull()
			return nil
		case string:
			text = v
		case json.Number:
			text = v.String()
		case bool:
			text = strconv.FormatBool(v)
		default:
			return behave(f, 4, errors.New("there is no scalar"))
		}
		if of == nil {
			f.putString(text)
			return nil
		}
		if err := f.through(text, of); err != nil {
			return behave(f, 4, err)
		}
		return nil
	}), nil
}

// through gives a text to a function of one row as its only argument.
func (f *frame) through(text string, of func(f *frame) error) error {
	v := vector.New(datatype.String, 1)
	v.Constant = true
	v.PutBytes(0, []byte(text))
	inner := frame{args: []*vector.Vector{v}, out: f.out, row: f.row, zone: f.zone}
	return of(&inner)
}

// jsonQuery is JSON_QUERY: the object or array at a path, or what a wrapper makes an array of.
func jsonQuery(s *site) (kernel, error) {
	list := s.result.Kind == datatype.KindArray
	if list && !s.result.Element.IsCharacter() {
		return nil, nil
	}
	var paths memo[jsonPath]
	return rows(func(f *frame) error {
		if f.null(0) || f.null(1) {
			f.putNull()
			return nil
		}
		v, ok, err := lookup(f, &paths)
		if err != nil {
			return behave(f, 5, err)
		}
		if !ok {
			return behave(f, 3, errNothing)
		}
		_, object := v.(map[string]any)
		_, array := v.([]any)
		wrapper := f.str(2)
		switch {
		case v == nil:
			f.putNull()
			return nil
		case strings.Contains(wrapper, "UNCONDITIONAL") || strings.Contains(wrapper, "CONDITIONAL") && !array:
			v = []any{v}
		case !object && !array:
			return behave(f, 5, errors.New("there is a scalar: JSON_VALUE gives it"))
		}
		if list {
			return f.putJSONArray(v)
		}
		f.putText(encodeJSON(v))
		return nil
	}), nil
}

// putJSONArray puts the elements as texts: those of strings, the JSON of all others.
func (f *frame) putJSONArray(v any) error {
	all, ok := v.([]any)
	if !ok {
		return behave(f, 5, errors.New("there is no array"))
	}
	for _, v := range all {
		switch v := v.(type) {
		case nil:
			f.addNull(0)
		case string:
			f.addText(0, []byte(v))
		default:
			f.addText(0, encodeJSON(v))
		}
	}
	f.end()
	return nil
}
