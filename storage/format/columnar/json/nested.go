package json

import (
	"bytes"
	"errors"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/jsontext"
)

var (
	errRow   = errors.New("it is no object")
	errArray = errors.New("it is no array")
)

// nested reads the value at b[i] into a row of a ROW, ARRAY, MAP or MULTISET.
func (r *reader) nested(s *slot, b []byte, i, row int) (next int, err error) {
	begin := i
	switch {
	case b[i] == 'n':
		if next, err = r.index.Skip(b, i, 0); err != nil {
			return next, err
		}
		return next, r.null(s, begin, row)
	case s.is == rows && b[i] == '{':
		next, err = r.object(s.object, b, i, row)
	case s.is == maps && b[i] == '{':
		next, err = r.entries(s, b, i, row)
	case s.is == arrays && b[i] == '[':
		next, err = r.elements(s, b, i, row)
	default:
		if next, err = r.index.Skip(b, i, 0); err != nil {
			return next, err
		}
		cause := errRow
		if s.is == arrays {
			cause = errArray
		}
		err = r.refuse(s, begin, columnar.Explain(bytes.Clone(b[i:next]), s.Vector.Type, cause))
	}
	if err == nil || !r.format.options.IgnoreErrors {
		return next, err
	}
	if next, err = r.index.Skip(b, begin, 0); err != nil {
		return next, err
	}
	s.unset(row)
	return next, r.null(s, begin, row)
}

// elements reads the array at b[i].
func (r *reader) elements(s *slot, b []byte, i, row int) (next int, err error) {
	if i = jsontext.Space(b, i+1); i < len(b) && b[i] == ']' {
		s.Vector.PutEnd(row, s.used)
		return i + 1, nil
	}
	for done := false; !done; {
		if i, err = r.value(s.inner[0], b, i, s.next()); err != nil {
			return i, err
		}
		if i, done, err = jsontext.Following(b, i, ']'); err != nil {
			return i, err
		}
	}
	s.Vector.PutEnd(row, s.used)
	return i, nil
}

// entries reads the object at b[i] as a map. Of those with equal names the last counts.
func (r *reader) entries(s *slot, b []byte, i, row int) (next int, err error) {
	from := s.used
	i = jsontext.Space(b, i+1)
	if done := i < len(b) && b[i] == '}'; done {
		s.Vector.PutEnd(row, s.used)
		return i + 1, nil
	}
	for done := false; !done; {
		name, value, err := jsontext.Name(b, i)
		if err != nil {
			return value, err
		}
		at := s.next()
		s.inner[0].Vector.PutBytes(at, name)
		if i, err = r.value(s.inner[1], b, value, at); err != nil {
			return i, err
		}
		if i, done, err = jsontext.Following(b, i, '}'); err != nil {
			return i, err
		}
	}
	s.distinct(from)
	s.Vector.PutEnd(row, s.used)
	return i, nil
}

// distinct leaves the last of the entries from one on that have the same key.
func (s *slot) distinct(from int) {
	if s.used-from < 2 {
		return
	}
	for _, inner := range s.inner {
		inner.Vector.Truncate(s.used)
	}
	s.Vector.KeepLast(from)
	s.bind(s.Vector)
}

// null makes a row NULL, which is written at b[at].
func (r *reader) null(s *slot, at, row int) error {
	if !s.Vector.Type.NotNull {
		s.Vector.SetNull(row)
		return nil
	}
	return r.refuse(s, at, errors.New("NULL in a column that is declared NOT NULL"))
}

// refuse is an error about a value that is well-formed.
func (r *reader) refuse(s *slot, at int, err error) error {
	return &format.RecordError{Column: at + 1, Field: s.path, Err: err}
}
