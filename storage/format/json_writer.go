package format

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/leatproject/leat/storage/format/jsontext"
)

// Header implements Encoder: there is none.
func (*JSON[T]) Header(dst []byte) []byte { return dst }

// Append implements Encoder.
func (j *JSON[T]) Append(dst []byte, row *T) ([]byte, error) {
	out, err := appendJSON(dst, j.root, unsafe.Pointer(row), 0)
	if err != nil {
		return dst, fmt.Errorf("json: %w", err)
	}
	return append(out, '\n'), nil
}

// appendJSON writes the value at p.
func appendJSON(dst []byte, n *jsonNode, p unsafe.Pointer, depth int) (_ []byte, err error) {
	switch n.kind {
	case jsonString:
		return appendJSONString(dst, *(*string)(p)), nil
	case jsonInt, jsonUint, jsonBool:
		return appendScalar(dst, n.scalar, p), nil
	case jsonFloat:
		return appendJSONFloat(dst, n, p)
	case jsonTime:
		return appendJSONTime(dst, *(*time.Time)(p))
	case jsonStruct:
		return appendJSONStruct(dst, n, p, depth)
	case jsonPointer:
		to := *(*unsafe.Pointer)(p)
		if to == nil {
			return append(dst, "null"...), nil
		}
		if depth > jsontext.MaxDepth {
			return dst, fmt.Errorf("%s points to itself: %w", n.typ, jsontext.ErrDepth)
		}
		return appendJSON(dst, n.elem, to, depth+1)
	case jsonBytes:
		b := *(*[]byte)(p)
		if b == nil {
			return append(dst, "null"...), nil
		}
		return append(base64.StdEncoding.AppendEncode(append(dst, '"'), b), '"'), nil
	case jsonSlice:
		h := (*sliceHeader)(p)
		if h.data == nil {
			return append(dst, "null"...), nil
		}
		return appendJSONElements(dst, n, h.data, h.len, depth)
	case jsonArray:
		return appendJSONElements(dst, n, p, n.typ.Len(), depth)
	case jsonMap:
		return appendJSONMap(dst, n, p, depth)
	}
	return appendJSONForeign(dst, n, p)
}

func appendJSONStruct(dst []byte, n *jsonNode, p unsafe.Pointer, depth int) (_ []byte, err error) {
	dst = append(dst, '{')
	first := true
	for i := range n.fields {
		f := &n.fields[i]
		at := unsafe.Add(p, f.offset)
		if f.omitEmpty && isEmpty(f.node, at) || f.omitZero && isZero(f.node, at) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, f.quoted...)
		if dst, err = appendJSON(dst, f.node, at, depth); err != nil {
			return dst, fmt.Errorf("field %s: %w", f.name, err)
		}
	}
	return append(dst, '}'), nil
}

func appendJSONElements(dst []byte, n *jsonNode, data unsafe.Pointer, length, depth int) (_ []byte, err error) {
	if depth > jsontext.MaxDepth {
		return dst, fmt.Errorf("%s holds itself: %w", n.typ, jsontext.ErrDepth)
	}
	dst = append(dst, '[')
	for i := range length {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendJSON(dst, n.elem, unsafe.Add(data, uintptr(i)*n.elem.size), depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// appendJSONMap writes a map with its keys sorted.
func appendJSONMap(dst []byte, n *jsonNode, p unsafe.Pointer, depth int) (_ []byte, err error) {
	m := reflect.NewAt(n.typ, p).Elem()
	if m.IsNil() {
		return append(dst, "null"...), nil
	}
	if depth > jsontext.MaxDepth {
		return dst, fmt.Errorf("%s holds itself: %w", n.typ, jsontext.ErrDepth)
	}
	dst = append(dst, '{')
	if n.plainMap {
		plain := *(*map[string]string)(p)
		for i, k := range slices.Sorted(maps.Keys(plain)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendJSONString(dst, k), ':')
			dst = appendJSONString(dst, plain[k])
		}
		return append(dst, '}'), nil
	}
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	value := reflect.New(n.elem.typ).Elem()
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendJSONString(dst, k.String()), ':')
		value.Set(m.MapIndex(k))
		if dst, err = appendJSON(dst, n.elem, value.Addr().UnsafePointer(), depth+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendJSONForeign(dst []byte, n *jsonNode, p unsafe.Pointer) ([]byte, error) {
	value := reflect.NewAt(n.typ, p)
	if n.kind == jsonQuoted {
		wrapped := reflect.New(n.wrapper)
		wrapped.Elem().Field(0).Set(value.Elem())
		value = wrapped
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value.Interface()); err != nil {
		return dst, err
	}
	raw := bytes.TrimSuffix(out.Bytes(), []byte{'\n'})
	if n.kind == jsonQuoted {
		raw = raw[len(`{"V":`) : len(raw)-1]
	}
	return append(dst, raw...), nil
}

func appendJSONFloat(dst []byte, n *jsonNode, p unsafe.Pointer) ([]byte, error) {
	v := 0.0
	if n.scalar == reflect.Float32 {
		v = float64(*(*float32)(p))
	} else {
		v = *(*float64)(p)
	}
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return dst, fmt.Errorf("JSON has no number %v; use a pointer and nil", v)
	}
	return appendScalar(dst, n.scalar, p), nil
}

func appendJSONTime(dst []byte, t time.Time) ([]byte, error) {
	if _, offset := t.Zone(); t.Year() >= 0 && t.Year() <= 9999 && offset%60 == 0 && offset > -24*3600 && offset < 24*3600 {
		return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"'), nil
	}
	b, err := t.MarshalJSON()
	return append(dst, b...), err
}

// appendJSONString writes a string in quotes. Invalid UTF-8 becomes U+FFFD.
func appendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	b := unsafe.Slice(unsafe.StringData(s), len(s))
	for i := 0; ; {
		end := jsontext.Plain(b, i)
		dst = append(dst, b[i:end]...)
		if i = end; i == len(b) {
			return append(dst, '"')
		}
		if b[i] >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(b[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				dst = append(dst, `\ufffd`...)
			case r == '\u2028' || r == '\u2029':
				dst = append(dst, `\u202`...)
				dst = append(dst, hexDigits[r&0xf])
			default:
				dst = append(dst, b[i:i+size]...)
			}
			i += size
			continue
		}
		dst = appendEscape(dst, b[i])
		i++
	}
}

const hexDigits = "0123456789abcdef"

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

// isEmpty is encoding/json's omitempty.
func isEmpty(n *jsonNode, p unsafe.Pointer) bool {
	v := reflect.NewAt(n.typ, p).Elem()
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// isZero is encoding/json's omitzero.
func isZero(n *jsonNode, p unsafe.Pointer) bool {
	v := reflect.NewAt(n.typ, p)
	if n.typ.Kind() != reflect.Pointer || !v.Elem().IsNil() {
		if z, ok := v.Interface().(interface{ IsZero() bool }); ok {
			return z.IsZero()
		}
		if z, ok := v.Elem().Interface().(interface{ IsZero() bool }); ok {
			return z.IsZero()
		}
	}
	return v.Elem().IsZero()
}
