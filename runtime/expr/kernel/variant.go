package kernel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/format/jsontext"
)

// A VARIANT is a JSON text in one form: no spaces, fields in the order of their names, decimals without zeros at their end, numbers with an
// exponent as Java prints a double. So its bytes are equal where its values are.
var variantKernels = map[string]entry{
	"PARSE_JSON": byRow(func(f *frame) error {
		if err := parseVariant(f); err != nil {
			return fmt.Errorf("PARSE_JSON: %w: use TRY_PARSE_JSON to get NULL instead", err)
		}
		return nil
	}),
	"TRY_PARSE_JSON": byRow(func(f *frame) error {
		if parseVariant(f) != nil {
			f.putNull()
		}
		return nil
	}),
}

// parseVariant puts the text of the first argument; the second says whether of fields with the same name the last counts.
func parseVariant(f *frame) error {
	d := json.NewDecoder(bytes.NewReader(f.text(0)))
	d.UseNumber()
	v, err := appendVariant(f.scratch[:0], d, f.has(1) && f.bool(1), 0)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			f.scratch = v
			f.putText(v)
			return nil
		} else if err == nil {
			err = errors.New("there is more than one value")
		}
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%s is no JSON: %w", shown(f), err)
}

// appendVariant reads one value.
func appendVariant(dst []byte, d *json.Decoder, duplicates bool, depth int) ([]byte, error) {
	token, err := d.Token()
	if err != nil {
		return dst, err
	}
	switch t := token.(type) {
	case json.Delim:
		if depth == jsontext.MaxDepth {
			return dst, jsontext.ErrDepth
		}
		if t == '[' {
			return appendVariantArray(dst, d, duplicates, depth+1)
		}
		return appendVariantObject(dst, d, duplicates, depth+1)
	case json.Number:
		return appendVariantNumber(dst, string(t)), nil
	case string:
		return append(dst, encodeJSON(t)...), nil
	case bool:
		return strconv.AppendBool(dst, t), nil
	}
	return append(dst, "null"...), nil
}

func appendVariantArray(dst []byte, d *json.Decoder, duplicates bool, depth int) (_ []byte, err error) {
	dst = append(dst, '[')
	for first := true; d.More(); first = false {
		if !first {
			dst = append(dst, ',')
		}
		if dst, err = appendVariant(dst, d, duplicates, depth); err != nil {
			return dst, err
		}
	}
	_, err = d.Token()
	return append(dst, ']'), err
}

func appendVariantObject(dst []byte, d *json.Decoder, duplicates bool, depth int) ([]byte, error) {
	fields := map[string][]byte{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return dst, err
		}
		name := token.(string)
		if _, twice := fields[name]; twice && !duplicates {
			return dst, fmt.Errorf("field %q is there twice", name)
		}
		if fields[name], err = appendVariant(nil, d, duplicates, depth); err != nil {
			return dst, err
		}
	}
	dst = append(dst, '{')
	for i, name := range slices.Sorted(maps.Keys(fields)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, encodeJSON(name)...), ':'), fields[name]...)
	}
	_, err := d.Token()
	return append(dst, '}'), err
}

// appendVariantNumber prints integers and decimals of up to 38 digits exactly, all others as a double.
func appendVariantNumber(dst []byte, s string) []byte {
	whole, fraction, point := strings.Cut(s, ".")
	if strings.ContainsAny(s, "eE") || len(strings.TrimLeft(whole, "-0"))+len(fraction) > decimal.MaxDigits {
		v, _ := strconv.ParseFloat(s, 64) // what is too large is infinite
		return appendFloat(dst, v, 64)
	}
	if fraction = strings.TrimRight(fraction, "0"); point && fraction != "" {
		return append(append(append(dst, whole...), '.'), fraction...)
	}
	if whole == "-0" {
		whole = "0"
	}
	return append(dst, whole...)
}

// variantField is v['name'] of an object, NULL where there is no such field.
func variantField(f *frame) error {
	b := f.text(0)
	if b[0] != '{' {
		return fmt.Errorf("['%s'] of a VARIANT that is no object: %s", f.text(1), shown(f))
	}
	f.scratch = append(f.scratch[:0], encodeJSON(f.str(1))...)
	for i := 1; b[i] != '}'; {
		if b[i] == ',' {
			i++
		}
		name, err := jsontext.Skip(b, i, 0)
		if err != nil {
			return err
		}
		value, err := jsontext.Skip(b, name+1, 0)
		if err != nil {
			return err
		}
		if bytes.Equal(b[i:name], f.scratch) {
			f.putText(b[name+1 : value])
			return nil
		}
		i = value
	}
	f.putNull()
	return nil
}

// variantElement is v[n] of an array, whose first element is 1; NULL where there is none.
func variantElement(f *frame) error {
	b := f.text(0)
	if b[0] != '[' {
		return fmt.Errorf("[%d] of a VARIANT that is no array: %s", f.int(1), shown(f))
	}
	n := int64(0)
	for i := 1; b[i] != ']'; {
		if b[i] == ',' {
			i++
		}
		next, err := jsontext.Skip(b, i, 0)
		if err != nil {
			return err
		}
		if n++; n == f.int(1) {
			f.putText(b[i:next])
			return nil
		}
		i = next
	}
	f.putNull()
	return nil
}

// castVariant reads a VARIANT as a text from which the cast to the type goes on. What is not of the type's kind, or would be changed by it,
// cannot be cast; null is NULL.
func castVariant(to datatype.Type) func(f *frame) error {
	var read func(f *frame, b []byte) error
	switch {
	case to.IsCharacter():
		read = variantText
	case to.Kind == datatype.KindBoolean:
		read = func(f *frame, b []byte) error { return f.putIf(b, b[0] == 't' || b[0] == 'f') }
	case to.IsInteger():
		read = func(f *frame, b []byte) error { return f.putIf(b, isNumber(b) && !bytes.ContainsAny(b, ".E")) }
	case to.Kind == datatype.KindDecimal:
		read = func(f *frame, b []byte) error {
			_, fraction, _ := bytes.Cut(b, []byte("."))
			return f.putIf(b, isNumber(b) && len(fraction) <= to.Scale && bytes.IndexByte(b, 'E') < 0)
		}
	case to.IsApproximate():
		read = func(f *frame, b []byte) error { return f.putIf(b, isNumber(b)) }
	case to.IsTemporal():
		read = func(f *frame, b []byte) error {
			if b[0] != '"' {
				return errCast
			}
			return variantText(f, b)
		}
	default:
		return nil
	}
	return func(f *frame) error {
		b := f.text(0)
		if b[0] == 'n' {
			f.putNull()
			return nil
		}
		return read(f, b)
	}
}

func isNumber(b []byte) bool { return b[0] == '-' || b[0]-'0' <= 9 }

func (f *frame) putIf(b []byte, is bool) error {
	if !is {
		return errCast
	}
	f.putText(b)
	return nil
}

// variantText is a string without its quotes, TRUE or FALSE, and JSON of all others.
func variantText(f *frame, b []byte) error {
	switch b[0] {
	case '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		f.putString(s)
	case 't', 'f':
		f.putText(bytes.ToUpper(b))
	default:
		f.putText(b)
	}
	return nil
}
