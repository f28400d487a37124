package column

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// Value is a value of a type of which only the schema is known.
type Value struct {
	schema *Schema
	v      reflect.Value
}

// DecodeValues reads the rows of a block by the schema that it was written with. Errors are those of Codec.DecodeBatch.
func DecodeValues(s *Schema, block []byte) ([]Value, error) {
	d, err := dynamicOf(s)
	if err != nil {
		return nil, err
	}
	rows, err := d.decode(block)
	if err != nil {
		return nil, err
	}
	values := make([]Value, rows.Len())
	for i := range values {
		values[i] = Value{s, rows.Index(i)}
	}
	return values, nil
}

// Schema is the type of the value.
func (v Value) Schema() *Schema { return v.schema }

// Field is a field of a struct; ok is false if there is none of that name.
func (v Value) Field(name string) (f Value, ok bool) {
	if v.schema.Kind != KindStruct {
		return f, false
	}
	i := slices.IndexFunc(v.schema.Fields, func(s *Schema) bool { return s.Name == name })
	if i < 0 {
		return f, false
	}
	return Value{v.schema.Fields[i], v.v.Field(i)}, true
}

// Elements are those of a list or array, nil for other values.
func (v Value) Elements() (all []Value) {
	if v.schema.Kind != KindList && v.schema.Kind != KindArray {
		return nil
	}
	for i := range v.v.Len() {
		all = append(all, Value{v.schema.Fields[0], v.v.Index(i)})
	}
	return all
}

// AppendRow appends the canonical form of the value: see Codec.AppendRow.
func (v Value) AppendRow(dst []byte) ([]byte, error) {
	d, err := dynamicOf(v.schema)
	if err != nil {
		return dst, err
	}
	return d.coder.appendRow(dst, v.v.Addr().UnsafePointer()), nil
}

// As are values of one schema as values of T, which may differ from it as Evolve allows.
func As[T any](values []Value) ([]T, error) {
	codec, err := CodecOf[T]()
	if err != nil || len(values) == 0 {
		return nil, err
	}
	from := values[0].schema
	e, err := Evolve(from, codec.schema, "value")
	if err != nil {
		return nil, err
	}
	if err := Refusal(e.Changes); err != nil {
		return nil, err
	}
	rows := reflect.MakeSlice(reflect.SliceOf(e.to.of), len(values), len(values))
	for i, v := range values {
		e.convert(rows.Index(i), v.v)
	}
	return codec.DecodeBatch(e.to.encode(nil, rows), nil)
}

// IsTrue tells whether the value is the bool true.
func (v Value) IsTrue() bool { return v.schema.Kind == KindBool && v.v.Bool() }

// String is the JSON of the value.
func (v Value) String() string { return string(v.AppendJSON(nil)) }

// MarshalJSON implements json.Marshaler.
func (v Value) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

// AppendJSON appends the value as JSON. Structs are objects in the order of their fields; times, durations, complex numbers and
// floats that are no numbers are strings; bytes, and what only a codec or marshaler of the program can read, are base64. Maps are
// objects in the order of their keys, or lists of {"key", "value"} where a key is no text or number.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.schema.Kind {
	case KindBool:
		return strconv.AppendBool(dst, v.v.Bool())
	case KindInt8, KindInt16, KindInt32, KindInt64:
		return strconv.AppendInt(dst, v.v.Int(), 10)
	case KindUint8, KindUint16, KindUint32, KindUint64:
		return strconv.AppendUint(dst, v.v.Uint(), 10)
	case KindFloat32:
		return appendFloat(dst, v.v.Float(), 32)
	case KindFloat64:
		return appendFloat(dst, v.v.Float(), 64)
	case KindComplex64, KindComplex128:
		return strconv.AppendQuote(dst, strconv.FormatComplex(v.v.Complex(), 'g', -1, v.v.Type().Bits()))
	case KindString, KindText:
		return appendText(dst, v.v.String())
	case KindBytes:
		if v.v.IsNil() {
			return append(dst, "null"...)
		}
		return appendBase64(dst, v.v.Bytes())
	case KindCodec, KindBinary:
		return appendBase64(dst, []byte(v.v.String()))
	case KindTime:
		return v.v.Interface().(time.Time).AppendFormat(append(dst, '"'), time.RFC3339Nano+`"`)
	case KindDuration:
		return strconv.AppendQuote(dst, v.v.Interface().(time.Duration).String())
	}
	return v.appendNested(dst)
}

func (v Value) appendNested(dst []byte) []byte {
	switch v.schema.Kind {
	case KindStruct:
		dst = append(dst, '{')
		for i, f := range v.schema.Fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendText(dst, f.Name), ':')
			dst = Value{f, v.v.Field(i)}.AppendJSON(dst)
		}
		return append(dst, '}')
	case KindOptional:
		if !v.v.IsNil() {
			return Value{v.schema.Fields[0], v.v.Elem()}.AppendJSON(dst)
		}
	case KindMap:
		if !v.v.IsNil() {
			return v.appendMap(dst)
		}
	case KindList, KindArray:
		if v.schema.Kind == KindArray || !v.v.IsNil() {
			dst = append(dst, '[')
			for i, e := range v.Elements() {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = e.AppendJSON(dst)
			}
			return append(dst, ']')
		}
	}
	return append(dst, "null"...)
}

func (v Value) appendMap(dst []byte) []byte {
	type entry struct{ key, value string }
	var entries []entry
	named := true
	for iter := v.v.MapRange(); iter.Next(); {
		key := string(Value{v.schema.Fields[0], iter.Key()}.AppendJSON(nil))
		entries = append(entries, entry{key, Value{v.schema.Fields[1], iter.Value()}.String()})
		named = named && key[0] != '{' && key[0] != '['
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	open, end := byte('{'), byte('}')
	if !named {
		open, end = '[', ']'
	}
	dst = append(dst, open)
	for i, e := range entries {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch {
		case !named:
			dst = append(dst, `{"key":`+e.key+`,"value":`+e.value+"}"...)
		case e.key[0] == '"':
			dst = append(dst, e.key+":"+e.value...)
		default:
			dst = append(dst, `"`+e.key+`":`+e.value...)
		}
	}
	return append(dst, end)
}

func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.AppendQuote(dst, strconv.FormatFloat(f, 'g', -1, bits))
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits)
}

func appendText(dst []byte, s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string is always JSON
	}
	return append(dst, b...)
}

func appendBase64(dst, b []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), b), '"')
}
