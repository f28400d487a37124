package json

import (
	"bytes"
	"fmt"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/jsontext"
)

const (
	// sampled is the most records of which types are inferred.
	sampled = 20_000
	// deepest is how deep types are nested; what is inside is text.
	deepest = 32
	// manyNames is how many names make objects a MAP<STRING, STRING> and no ROW.
	manyNames = 500
)

// Infer finds the types of the columns of a file from its beginning; whole says that it is all of it. Objects are ROW, arrays ARRAY; what is
// sometimes nested and sometimes not is STRING.
func Infer(head []byte, whole bool) ([]columnar.Field, error) {
	var root shape
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	for records, off := 0, 0; records < sampled && len(head) > 0; {
		line, rest, complete := bytes.Cut(head, []byte{'\n'})
		if !complete && !whole && records > 0 {
			break
		}
		head = rest
		begin := off
		off += len(line) + 1
		i := jsontext.Space(line, 0)
		if i == len(line) {
			continue
		}
		records++
		if line[i] != '{' {
			return nil, fmt.Errorf("at byte %d: a record is one object in one line, and this is not the beginning of an object", begin+i)
		}
		if end, err := root.object(line, i, 0); err != nil {
			return nil, fmt.Errorf("at byte %d: %w", begin+end, err)
		}
	}
	if len(root.names) == 0 {
		return nil, fmt.Errorf("the file has no record, so that its columns cannot be known; declare them with CREATE TABLE")
	}
	fields := make([]columnar.Field, len(root.names))
	for i, name := range root.names {
		fields[i] = columnar.Field{Name: name, Type: root.fields[i].typed()}
	}
	return fields, nil
}

// shape is what was seen of values at one place.
type shape struct {
	guess   columnar.Guess
	plain   bool // some were neither nested nor null
	names   []string
	places  map[string]int
	fields  []*shape // of objects, by names
	element *shape   // of arrays
}

// value looks at the value at b[i] and returns where it ends.
func (s *shape) value(b []byte, i, depth int) (next int, err error) {
	switch {
	case i < len(b) && b[i] == '{' && depth < deepest:
		return s.object(b, i, depth)
	case i < len(b) && b[i] == '[' && depth < deepest:
		return s.array(b, i, depth)
	}
	if next, err = jsontext.Skip(b, i, 0); err != nil {
		return next, err
	}
	switch text := b[i:next]; text[0] {
	case '"':
		content, _, _ := jsontext.Text(text, 1)
		s.guess.AddString(content)
	case 'n':
		return next, nil
	case '{', '[':
		s.guess.AddString([]byte("{"))
	default:
		s.guess.Add(text)
	}
	s.plain = true
	return next, nil
}

func (s *shape) object(b []byte, i, depth int) (next int, err error) {
	if s.places == nil {
		s.places = map[string]int{}
	}
	i = jsontext.Space(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	for done := false; !done; {
		name, value, err := jsontext.Name(b, i)
		if err != nil {
			return value, err
		}
		at, known := s.places[string(name)]
		if !known {
			at = len(s.fields)
			s.fields, s.names = append(s.fields, new(shape)), append(s.names, string(name))
			s.places[string(name)] = at
		}
		if i, err = s.fields[at].value(b, value, depth+1); err != nil {
			return i, err
		}
		if i, done, err = jsontext.Following(b, i, '}'); err != nil {
			return i, err
		}
	}
	return i, nil
}

func (s *shape) array(b []byte, i, depth int) (next int, err error) {
	if s.element == nil {
		s.element = new(shape)
	}
	i = jsontext.Space(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1, nil
	}
	for done := false; !done; {
		if i, err = s.element.value(b, i, depth+1); err != nil {
			return i, err
		}
		if i, done, err = jsontext.Following(b, i, ']'); err != nil {
			return i, err
		}
	}
	return i, nil
}

func (s *shape) typed() datatype.Type {
	switch {
	case s.element == nil && s.places == nil:
		return s.guess.Type()
	case s.plain || s.element != nil && s.places != nil || s.element == nil && len(s.names) == 0:
		return datatype.String
	case s.element != nil:
		return datatype.Array(s.element.typed())
	case len(s.names) > manyNames:
		return datatype.Map(datatype.String.Required(), datatype.String)
	}
	fields := make([]datatype.Field, len(s.names))
	for i, name := range s.names {
		fields[i] = datatype.Field{Name: name, Type: s.fields[i].typed()}
	}
	return datatype.Row(fields...)
}
