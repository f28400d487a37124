package format

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// StreamFormat reads rows of type T. It is immutable and safe for concurrent use.
type StreamFormat[T any] interface {
	// Splittable tells whether a reader can begin in the middle of a file.
	Splittable() bool
	// NewReader returns a reader of in.
	NewReader(in Input) (Reader[T], error)
}

// Reader reads the rows of one Input, in order. One goroutine owns it.
type Reader[T any] interface {
	// Read appends rows until rows holds limit of them or the input at hand is used up, and at least one. At the end it
	// returns io.EOF, possibly with the last rows.
	Read(rows []T, limit int) ([]T, error)
	// Offset is the byte offset of the next record in the uncompressed input.
	Offset() int64
}

// Encoder writes rows of type T. It is immutable and safe for concurrent use.
type Encoder[T any] interface {
	// Header appends what a file begins with.
	Header(dst []byte) []byte
	// Append appends one record. After an error dst is returned as it was.
	Append(dst []byte, row *T) ([]byte, error)
}

// Input is what a Reader reads: a file, a stream, or a range of a file.
type Input struct {
	// Bytes is the uncompressed input from Offset on.
	Bytes io.Reader
	// Path names the input in errors.
	Path string
	// Offset is the byte offset of the first byte of Bytes.
	Offset int64
	// End ends the range: a record that begins at End or later is not read. 0 is the end of Bytes.
	End int64
	// Partial tells that Bytes may begin within a line; reading begins after the first line feed. Give a range that starts at
	// s > 0 as Offset s-1 and Partial, so that a line that begins exactly at s is read.
	Partial bool
	// Interactive hands on each record as soon as it is there instead of reading on until a chunk is full.
	Interactive bool
	// Head opens the beginning of the file, for formats with a header. Needed only where Offset or Partial is set.
	Head func() (io.ReadCloser, error)
	// Malformed is called for a record that cannot be read; raw is valid during the call. Reading goes on with the next
	// record when it returns nil and ends with its error otherwise. When Malformed is nil, such a record is an error.
	Malformed func(raw []byte, err *RecordError) error
}

func (in *Input) end() int64 {
	if in.End <= 0 {
		return math.MaxInt64
	}
	return in.End
}

func (in *Input) malformed(raw []byte, err *RecordError) error {
	err.Path = in.Path
	if in.Malformed == nil {
		return err
	}
	return in.Malformed(raw, err)
}

// RecordError says which record could not be read, where, and why.
type RecordError struct {
	Path string
	// Line is the number of the line in which the record begins, from 1; 0 when it is not known.
	Line int64
	// Offset is the byte offset at which the record begins.
	Offset int64
	// Column is the byte within the record, from 1; 0 when the whole record is meant.
	Column int
	// Block is what the record is stored in, with others, in a format that has such: "row group 2". It begins at Offset.
	Block string
	// Number is the record's in Block, from 1; 0 when all Records that Block has from some place on are meant.
	Number, Records int64
	// Field names the column or struct field, or is empty.
	Field string
	// Err is the cause.
	Err error
	// Remedy is what to do, or empty.
	Remedy string
}

// Error implements error.
func (e *RecordError) Error() string {
	var b strings.Builder
	b.WriteString(e.Path)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	switch {
	case e.Block == "":
		fmt.Fprintf(&b, ": record at byte %d", e.Offset)
	case e.Number > 0:
		fmt.Fprintf(&b, ": record %d of the %s", e.Number, e.Block)
	default:
		b.WriteString(": " + e.Block)
	}
	if e.Column > 0 {
		fmt.Fprintf(&b, ", column %d", e.Column)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, ", field %s", e.Field)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	if e.Remedy != "" {
		b.WriteString("; " + e.Remedy)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *RecordError) Unwrap() error { return e.Err }
