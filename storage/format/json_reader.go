package format

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"time"
	"unsafe"

	"github.com/leatproject/leat/storage/format/jsontext"
	"github.com/leatproject/leat/storage/format/numbertext"
)

// NewReader implements StreamFormat.
func (j *JSON[T]) NewReader(in Input) (Reader[T], error) {
	return &jsonReader[T]{window: newWindow(in, j.options.MaxLength).dropMark(), root: j.root}, nil
}

type jsonReader[T any] struct {
	window
	root    *jsonNode
	decoder jsonDecoder
}

// Offset implements Reader.
func (r *jsonReader[T]) Offset() int64 { return r.off }

// Read implements Reader.
func (r *jsonReader[T]) Read(rows []T, limit int) ([]T, error) {
	if err := r.skipPartial(); err != nil {
		return rows, err
	}
	var zero T
	first := len(rows)
	for len(rows) < limit {
		if r.off >= r.end {
			return rows, io.EOF
		}
		n, content, whole := r.lineInView()
		if !whole {
			if len(rows) > first {
				return rows, nil
			}
			var err error
			if n, content, err = r.line(); err != nil {
				return rows, err
			}
		}
		line := r.buf[:content]
		begin := jsontext.Space(line, 0)
		if begin == content {
			r.take(n)
			continue
		}
		rows = append(rows, zero)
		last := len(rows) - 1
		if problem := r.decoder.line(r.root, unsafe.Pointer(&rows[last]), line, begin); problem != nil {
			rows[last] = zero
			rows = rows[:last]
			problem.Offset = r.off
			if err := r.in.malformed(line, problem); err != nil {
				return rows, err
			}
		}
		r.take(n)
	}
	return rows, nil
}

// jsonDecoder reads one line. Its methods take the index of a value and return the index after it or, with an error, of what
// is wrong.
type jsonDecoder struct {
	b     []byte
	depth int
	path  string // to the field that is wrong, built on the way back from it
}

// line reads a line whose value begins at begin.
func (d *jsonDecoder) line(root *jsonNode, p unsafe.Pointer, line []byte, begin int) *RecordError {
	d.b = line
	i, err := d.value(root, p, begin)
	if err == nil {
		if i = jsontext.Space(line, i); i == len(line) {
			return nil
		}
		err = jsontext.ErrAfter
	}
	problem := &RecordError{Column: i + 1, Field: d.path, Err: err}
	d.path, d.depth = "", 0
	return problem
}

// value reads the value at d.b[i], which may not be white space, into p.
func (d *jsonDecoder) value(n *jsonNode, p unsafe.Pointer, i int) (int, error) {
	b := d.b
	if i >= len(b) {
		return i, jsontext.ErrEnd
	}
	c := b[i]
	if c == 'n' && n.kind != jsonForeign && n.kind != jsonQuoted {
		return d.null(n, p, i)
	}
	switch n.kind {
	case jsonString:
		if c == '"' {
			content, next, err := jsontext.Text(b, i+1)
			if err == nil {
				*(*string)(p) = view(content)
			}
			return next, err
		}
	case jsonInt, jsonUint, jsonFloat:
		if next, ok := d.plainNumber(n, p, i); ok {
			return next, nil
		}
		if c == '-' || c-'0' <= 9 {
			return d.number(n, p, i)
		}
	case jsonBool:
		next, yes := jsontext.Literal(b, i, "true")
		no := false
		if !yes {
			next, no = jsontext.Literal(b, i, "false")
		}
		if yes || no {
			*(*bool)(p) = yes
			return next, nil
		}
	case jsonStruct:
		if c == '{' {
			return d.nested(n, p, i)
		}
	case jsonTime, jsonForeign, jsonQuoted:
		return d.foreign(n, p, i)
	case jsonPointer:
		to := (*unsafe.Pointer)(p)
		if *to == nil {
			*to = reflect.New(n.elem.typ).UnsafePointer()
		}
		return d.value(n.elem, *to, i)
	case jsonBytes:
		if c == '"' {
			return d.bytes(p, i)
		}
		fallthrough
	case jsonSlice, jsonArray:
		if c == '[' {
			return d.nested(n, p, i)
		}
	case jsonMap:
		if c == '{' {
			return d.nested(n, p, i)
		}
	}
	next, err := jsontext.Skip(b, i, d.depth)
	if err != nil {
		return next, err
	}
	return i, mismatch(n, b[i:next])
}

func mismatch(n *jsonNode, raw []byte) error {
	const shown = 40
	if len(raw) > shown {
		return fmt.Errorf("cannot read %s... as %s", raw[:shown], n.typ)
	}
	return fmt.Errorf("cannot read %s as %s", raw, n.typ)
}

func (d *jsonDecoder) null(n *jsonNode, p unsafe.Pointer, i int) (int, error) {
	next, ok := jsontext.Literal(d.b, i, "null")
	if !ok {
		return i, jsontext.ErrValue
	}
	switch n.kind {
	case jsonPointer, jsonSlice, jsonBytes, jsonMap:
		reflect.NewAt(n.typ, p).Elem().SetZero()
	}
	return next, nil
}

func (d *jsonDecoder) nested(n *jsonNode, p unsafe.Pointer, i int) (_ int, err error) {
	if d.depth++; d.depth > jsontext.MaxDepth {
		return i, jsontext.ErrDepth
	}
	switch n.kind {
	case jsonStruct:
		i, err = d.object(n, p, i)
	case jsonMap:
		i, err = d.mapping(n, p, i)
	case jsonArray:
		i, err = d.array(n, p, i)
	default:
		i, err = d.slice(n, p, i)
	}
	d.depth--
	return i, err
}

func (d *jsonDecoder) number(n *jsonNode, p unsafe.Pointer, i int) (int, error) {
	end, integer, err := jsontext.Number(d.b, i)
	if err != nil {
		return end, err
	}
	raw := d.b[i:end]
	if n.kind != jsonFloat && !integer || n.kind == jsonUint && raw[0] == '-' {
		return i, mismatch(n, raw)
	}
	if err := parseScalar(n.scalar, p, raw); err != nil {
		return i, fmt.Errorf("%w: %w", mismatch(n, raw), cause(err))
	}
	return end, nil
}

// plainNumber reads a number that has few digits and no exponent; it is not ok with others, right or wrong.
func (d *jsonDecoder) plainNumber(n *jsonNode, p unsafe.Pointer, i int) (end int, ok bool) {
	b, first := d.b, i
	if b[i] == '-' {
		first++
	}
	if first+1 >= len(b) || b[first] == '0' && b[first+1]-'0' <= 9 {
		return i, false
	}
	if n.scalar == reflect.Float64 {
		var v float64
		v, end, ok = numbertext.LeadingFloat(b, i)
		if !ok || b[first]-'0' > 9 || end < len(b) && b[end]|0x20 == 'e' {
			return i, false
		}
		*(*float64)(p) = v
		return end, true
	}
	v, end := numbertext.Digits(b, first)
	if end == first || end-first > numbertext.MaxDigits || end < len(b) && (b[end] == '.' || b[end]|0x20 == 'e') {
		return i, false
	}
	value := int64(v)
	if first > i {
		value = -value
	}
	if n.scalar == reflect.Int64 {
		*(*int64)(p) = value
		return end, true
	}
	if n.kind == jsonFloat || n.kind == jsonUint && first > i {
		return i, false
	}
	return end, storeInt(n.scalar, p, value) == nil
}

// foreign leaves a value to encoding/json.
func (d *jsonDecoder) foreign(n *jsonNode, p unsafe.Pointer, i int) (int, error) {
	end, err := jsontext.Skip(d.b, i, d.depth)
	if err != nil {
		return end, err
	}
	raw, to := d.b[i:end], reflect.NewAt(n.typ, p)
	switch n.kind {
	case jsonTime:
		err = (*time.Time)(p).UnmarshalJSON(raw)
	case jsonQuoted:
		wrapped := reflect.New(n.wrapper)
		wrapped.Elem().Field(0).Set(to.Elem())
		if err = json.Unmarshal(append(append([]byte(`{"V":`), raw...), '}'), wrapped.Interface()); err == nil {
			to.Elem().Set(wrapped.Elem().Field(0))
		}
	default:
		err = json.Unmarshal(raw, to.Interface())
	}
	if err != nil {
		return i, fmt.Errorf("%w: %w", mismatch(n, raw), err)
	}
	return end, nil
}

func (d *jsonDecoder) bytes(p unsafe.Pointer, i int) (int, error) {
	content, next, err := jsontext.Text(d.b, i+1)
	if err != nil {
		return next, err
	}
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(content)))
	n, err := base64.StdEncoding.Decode(decoded, content)
	if err != nil {
		return i, err
	}
	*(*[]byte)(p) = decoded[:n]
	return next, nil
}
