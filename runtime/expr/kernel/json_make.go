package kernel

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/leatproject/leat/storage/datatype"
)

var jsonMakeKernels = map[string]entry{
	"JSON":         byRow(jsonRaw),
	"JSON_STRING":  {of: jsonString},
	"JSON_OBJECT":  {nulls: true, of: jsonObject},
	"JSON_ARRAY":   {nulls: true, of: jsonArray},
	"JSON_QUOTE":   textOf(jsonQuote),
	"JSON_UNQUOTE": textOf(jsonUnquote),
}

// jsonRaw is a text that is JSON, without spaces; a blank one is NULL.
func jsonRaw(f *frame) error {
	if len(bytes.TrimSpace(f.text(0))) == 0 {
		f.putNull()
		return nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, f.text(0)); err != nil {
		return fmt.Errorf("JSON of a text that is none: %w", err)
	}
	f.putText(b.Bytes())
	return nil
}

// jsonPrinter prints an argument as a JSON value: what JSON, JSON_OBJECT and JSON_ARRAY give as it is.
func jsonPrinter(s *site, k int) func(dst []byte, f *frame) []byte {
	show := jsonOf(s.args[k])
	if show == nil {
		return nil
	}
	if call, ok := s.nodes[k].(*callNode); ok && slices.Contains([]string{"JSON", "JSON_OBJECT", "JSON_ARRAY"}, call.name) {
		return func(dst []byte, f *frame) []byte { return append(dst, f.text(k)...) }
	}
	return func(dst []byte, f *frame) []byte { return show(dst, f, k) }
}

// jsonOf prints values of a type that are not NULL, nil where there is no way.
func jsonOf(t datatype.Type) func(dst []byte, f *frame, k int) []byte {
	show := printer(t)
	switch {
	case show == nil:
		return nil
	case t.IsNested():
		return jsonNested(t)
	case t.IsNumeric(), t.Kind == datatype.KindVariant:
		return show
	case t.Kind == datatype.KindBoolean:
		return func(dst []byte, f *frame, k int) []byte { return strconv.AppendBool(dst, f.bool(k)) }
	case t.Kind == datatype.KindTimestamp:
		return func(dst []byte, f *frame, k int) []byte {
			return f.time(k).AppendFormat(dst, `"2006-01-02T15:04:05.999999999"`)
		}
	case t.Kind == datatype.KindTimestampLTZ:
		return func(dst []byte, f *frame, k int) []byte {
			return f.time(k).UTC().AppendFormat(dst, `"2006-01-02T15:04:05.999999999Z"`)
		}
	case t.IsBinary():
		return func(dst []byte, f *frame, k int) []byte {
			return append(base64.StdEncoding.AppendEncode(append(dst, '"'), f.text(k)), '"')
		}
	}
	return func(dst []byte, f *frame, k int) []byte { return append(dst, encodeJSON(string(show(nil, f, k)))...) }
}

// jsonNested prints arrays, and objects of rows, maps and multisets.
func jsonNested(t datatype.Type) func(dst []byte, f *frame, k int) []byte {
	inside := t.Children()
	if t.Kind == datatype.KindMultiset {
		inside = append(inside, datatype.Int)
	}
	show, inner := make([]func(dst []byte, f *frame, k int) []byte, len(inside)), new(frame)
	for i, of := range inside {
		if show[i] = jsonOf(of); show[i] == nil {
			return nil
		}
	}
	value := func(dst []byte, k int) []byte {
		if inner.null(k) {
			return append(dst, "null"...)
		}
		return show[k](dst, inner, k)
	}
	var key func(dst []byte, f *frame, k int) []byte
	if t.Kind != datatype.KindRow {
		key = printer(inside[0])
	}
	return func(dst []byte, f *frame, k int) []byte {
		v := f.args[k]
		inner.args, inner.zone = v.Children, f.zone
		if t.Kind == datatype.KindRow {
			inner.row = v.At(f.row)
			for i, field := range t.Fields {
				dst = append(append(append(dst, comma(i, '{')), encodeJSON(field.Name)...), ':')
				dst = value(dst, i)
			}
			if len(t.Fields) == 0 {
				dst = append(dst, '{')
			}
			return append(dst, '}')
		}
		lo, hi := v.Elements(f.row)
		opening, closing := byte('{'), byte('}')
		if t.Kind == datatype.KindArray {
			opening, closing = '[', ']'
		}
		if lo == hi {
			return append(dst, opening, closing)
		}
		for i := lo; i < hi; i++ {
			dst = append(dst, comma(i-lo, opening))
			if inner.row = i; t.Kind == datatype.KindArray {
				dst = value(dst, 0)
				continue
			}
			name := "null"
			if !inner.null(0) {
				name = string(key(nil, inner, 0))
			}
			dst = value(append(append(dst, encodeJSON(name)...), ':'), 1)
		}
		return append(dst, closing)
	}
}

// comma is what stands before an item.
func comma(i int, opening byte) byte {
	if i == 0 {
		return opening
	}
	return ','
}

func jsonString(s *site) (kernel, error) {
	show := jsonPrinter(s, 0)
	if show == nil {
		return nil, nil
	}
	return rows(func(f *frame) error {
		f.scratch = show(f.scratch[:0], f)
		f.putText(f.scratch)
		return nil
	}), nil
}

// jsonValues prints every step-th argument from one on; the last argument is the clause ON NULL.
func jsonValues(s *site, from, step int) ([]func(dst []byte, f *frame) []byte, bool) {
	out := make([]func(dst []byte, f *frame) []byte, len(s.args))
	for k := from; k < len(s.args)-1; k += step {
		if out[k] = jsonPrinter(s, k); out[k] == nil && s.args[k].Kind != datatype.KindNull {
			return nil, false
		}
	}
	return out, true
}

// jsonObject puts the fields in the order of their names; of equal ones the last counts.
func jsonObject(s *site) (kernel, error) {
	show, ok := jsonValues(s, 1, 2)
	if !ok {
		return nil, nil
	}
	return rows(func(f *frame) error {
		absent := strings.HasPrefix(f.str(len(f.args)-1), "ABSENT")
		fields := map[string]json.RawMessage{}
		for k := 0; k+1 < len(f.args)-1; k += 2 {
			switch {
			case f.null(k):
				return fmt.Errorf("JSON_OBJECT: key %d is NULL", k/2+1)
			case !f.null(k + 1):
				fields[f.str(k)] = show[k+1](nil, f)
			case !absent:
				fields[f.str(k)] = json.RawMessage("null")
			}
		}
		f.putText(encodeJSON(fields))
		return nil
	}), nil
}

func jsonArray(s *site) (kernel, error) {
	show, ok := jsonValues(s, 0, 1)
	if !ok {
		return nil, nil
	}
	return rows(func(f *frame) error {
		absent := strings.HasPrefix(f.str(len(f.args)-1), "ABSENT")
		f.scratch = append(f.scratch[:0], '[')
		for k := range f.args[:len(f.args)-1] {
			if f.null(k) && absent {
				continue
			}
			if len(f.scratch) > 1 {
				f.scratch = append(f.scratch, ',')
			}
			if f.null(k) {
				f.scratch = append(f.scratch, "null"...)
			} else {
				f.scratch = show[k](f.scratch, f)
			}
		}
		f.scratch = append(f.scratch, ']')
		f.putText(f.scratch)
		return nil
	}), nil
}

// escapes are the letters behind \ and what they stand for.
var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// jsonQuote escapes what is not ASCII, too.
func jsonQuote(dst, s []byte) []byte {
	dst = append(dst, '"')
	for _, u := range utf16.Encode([]rune(string(s))) {
		letter := byte(0)
		for l, c := range escapes {
			if uint16(c) == u {
				letter = l
			}
		}
		switch {
		case letter != 0:
			dst = append(dst, '\\', letter)
		case u < 0x20 || u > 0x7E:
			dst = fmt.Appendf(dst, `\u%04x`, u)
		default:
			dst = append(dst, byte(u))
		}
	}
	return append(dst, '"')
}

// jsonUnquote takes off quotes and escapes; a text without quotes or with a wrong escape stays as it is.
func jsonUnquote(dst, s []byte) []byte {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return append(dst, s...)
	}
	inner := s[1 : len(s)-1]
	var units []uint16
	flush := func() {
		dst = append(dst, string(utf16.Decode(units))...)
		units = units[:0]
	}
	for i := 0; i < len(inner); i++ {
		if inner[i] != '\\' {
			flush()
			dst = append(dst, inner[i])
			continue
		}
		if i++; i == len(inner) {
			return append(dst[:0], s...)
		}
		if inner[i] == 'u' && i+4 < len(inner) {
			n, err := strconv.ParseUint(string(inner[i+1:i+5]), 16, 16)
			if err != nil {
				return append(dst[:0], s...)
			}
			units = append(units, uint16(n))
			i += 4
			continue
		}
		c, ok := escapes[inner[i]]
		if !ok {
			return append(dst[:0], s...)
		}
		flush()
		dst = append(dst, c)
	}
	flush()
	return dst
}
