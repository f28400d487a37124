package json

import (
	"bytes"
	"fmt"

	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/jsontext"
)

// value reads the value at b[i] into a row and returns where it ends, or where it goes wrong. A value that is well-formed and not of the type
// is a format.RecordError.
func (r *reader) value(s *slot, b []byte, i, row int) (next int, err error) {
	if i >= len(b) {
		return i, jsontext.ErrEnd
	}
	if s.is >= rows {
		return r.nested(s, b, i, row)
	}
	if next := r.plain(s, b, i, row); next > 0 {
		return next, nil
	}
	var text []byte
	switch {
	case b[i] == '"':
		if text, next, err = jsontext.Text(b, i+1); err != nil {
			return next, err
		}
	case b[i] == '-' || b[i]-'0' <= 9:
		var integer bool
		if next, integer, err = jsontext.Number(b, i); err != nil {
			return next, err
		}
		if text = b[i:next]; !integer && s.Vector.Type.IsInteger() {
			text = r.truncated(text)
		}
	default:
		if next, err = r.index.Skip(b, i, 0); err != nil {
			return next, err
		}
		if text = b[i:next]; b[i] == 'n' {
			return next, r.null(s, i, row)
		}
		if (b[i] == '{' || b[i] == '[') && s.is == texts {
			text = r.compact(text)
		}
	}
	if err := s.Put(row, text); err != nil {
		if !r.format.options.IgnoreErrors {
			return next, r.refuse(s, i, columnar.Explain(bytes.Clone(text), s.Vector.Type, err))
		}
		s.Vector.Unset(row)
		return next, r.null(s, i, row)
	}
	return next, nil
}

// plain reads a value that is written in the plainest way and returns where it ends, or 0.
func (r *reader) plain(s *slot, b []byte, i, row int) (next int) {
	switch {
	case b[i] == '"' && s.is == texts:
		if next = r.index.Quote(i + 1); next < len(b) && r.index.Plain(i+1, next) {
			s.Vector.PutText(row, b[i+1:], next-i-1)
			return next + 1
		}
	case b[i] == '"':
		if next = s.Lead(row, b, i+1); next > 0 && next < len(b) && b[next] == '"' {
			return next + 1
		}
	case s.is == numbers || s.is == booleans:
		first := i
		if b[i] == '-' {
			first++
		}
		switch next = s.Lead(row, b, i); {
		case next == 0 || next >= len(b) || b[first] == '.' || b[next-1] == '.': // .5 and 5. are no numbers in JSON, as is 01
			return 0
		case next > first+1 && b[first] == '0' && b[first+1] != '.':
			return 0
		case b[next] == ',' || b[next] == '}' || b[next] == ']' || b[next] == ' ':
			return next
		}
	}
	return 0
}

// truncated is a number without its fraction, for an integer column.
func (r *reader) truncated(text []byte) []byte {
	var f float64
	if _, err := fmt.Sscan(string(text), &f); err != nil || f != f || f >= 1<<63 || f < -1<<63 {
		return text
	}
	r.text = fmt.Appendf(r.text[:0], "%d", int64(f))
	return r.text
}

// compact is a value without the white space between its parts.
func (r *reader) compact(text []byte) []byte {
	r.text = r.text[:0]
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case ' ', '\t', '\r', '\n':
			i++
		case '"':
			end := i + 1
			for text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			r.text = append(r.text, text[i:end+1]...)
			i = end + 1
		default:
			r.text = append(r.text, c)
			i++
		}
	}
	return r.text
}
