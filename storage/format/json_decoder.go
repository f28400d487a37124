package format

import (
	"errors"
	"unsafe"

	"github.com/leatproject/leat/storage/format/jsontext"
)

// JSONDecoder reads single values of type T. It belongs to one goroutine.
type JSONDecoder[T any] struct {
	root    *jsonNode
	decoder jsonDecoder
}

// NewDecoder returns a decoder for values that do not come as lines of a file.
func (j *JSON[T]) NewDecoder() *JSONDecoder[T] { return &JSONDecoder[T]{root: j.root} }

var errNoValue = errors.New("there is no value")

// Decode reads the value that record holds into row. Its error is a *RecordError; row is then partly set.
func (d *JSONDecoder[T]) Decode(record []byte, row *T) error {
	begin := jsontext.Space(record, 0)
	if begin == len(record) {
		return &RecordError{Err: errNoValue}
	}
	problem := d.decoder.line(d.root, unsafe.Pointer(row), record, begin)
	d.decoder.b = nil
	if problem != nil {
		return problem
	}
	return nil
}
