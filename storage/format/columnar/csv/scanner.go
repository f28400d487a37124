package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
)

// scanner cuts records into fields.
type scanner struct {
	columnar.Window
	delimiter, quote, escape byte
	quoting, comments        bool
	fields                   []field
}

// field is a field of the record in view, without its quotes.
type field struct {
	text   []byte
	start  int // within the record
	quoted bool
}

func newScanner(in format.Input, o *Options) scanner {
	return scanner{
		Window: columnar.NewWindow(in), delimiter: o.Delimiter, quote: o.Quote, escape: o.Escape,
		quoting: !o.NoQuotes, comments: o.Comments,
	}
}

func (s *scanner) isComment(line []byte) bool { return s.comments && line[0] == '#' }

var errOpenQuote = errors.New("a quoted field is not closed")

// cutWhole cuts the record at the beginning of the view, whose first line has the given length, into s.fields and returns the
// record's length. It reads on while the record is not whole. An error comes with the byte at which the record goes wrong; one that is
// about the input and not the record is a *readError.
func (s *scanner) cutWhole(first int) (length, at int, err error) {
	for end := first; ; {
		length, at, err = s.cut(s.Buf[:end])
		if err != errOpenQuote {
			return length, at, err
		}
		next, more := s.closing(end)
		switch {
		case more == io.EOF:
			return length, at, err
		case errors.As(more, new(*format.RecordError)):
			return length, at, fmt.Errorf("%w within %d bytes", errOpenQuote, columnar.MaxRecord)
		case more != nil:
			return 0, 0, &readError{more}
		}
		if twice := 2 * end; next < twice && twice < len(s.Buf) { // so that many lines do not cost many tries each
			if n, err := s.Line(twice); err == nil {
				next = n
			}
		}
		end = next
	}
}

type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

// closing returns the end of the lines from byte n on that hold a quote, or io.EOF.
func (s *scanner) closing(n int) (int, error) {
	for begin := n; ; {
		end, err := s.Line(begin)
		if err != nil {
			return 0, err
		}
		if bytes.IndexByte(s.Buf[begin:end], s.quote) >= 0 {
			return end, nil
		}
		begin = end
	}
}

// cut cuts the first record of b into s.fields and returns its length, or the byte at which it goes wrong.
func (s *scanner) cut(b []byte) (length, at int, err error) {
	s.fields = s.fields[:0]
	for i := 0; ; {
		f := field{start: i}
		if s.quoting && i < len(b) && b[i] == s.quote {
			f.quoted = true
			if f.text, i, err = s.unquote(b, i+1); err != nil {
				return 0, f.start, err
			}
		} else {
			f.text, i = s.bare(b, i)
		}
		s.fields = append(s.fields, f)
		switch {
		case i == len(b):
			return i, 0, nil
		case b[i] == '\n':
			return i + 1, 0, nil
		case b[i] == s.delimiter:
			i++
		case b[i] == '\r' && (i+1 == len(b) || b[i+1] == '\n'):
			return min(i+2, len(b)), 0, nil
		default:
			return 0, i, fmt.Errorf("%q after the closing quote of a field", b[i])
		}
	}
}

// bare returns the text of a field without quotes from b[i] on and where it ends. A quote within is text.
func (s *scanner) bare(b []byte, i int) (text []byte, end int) {
	begin := i
	for i < len(b) && b[i] != s.delimiter && b[i] != '\n' {
		if s.escape != 0 && b[i] == s.escape && i+1 < len(b) {
			text = append(append(text, b[begin:i]...), b[i+1])
			i++
			begin = i + 1
		}
		i++
	}
	rest := b[begin:i]
	if i == len(b) || b[i] == '\n' {
		rest = columnar.TrimLineEnd(rest)
	}
	if text == nil {
		return rest, i
	}
	return append(text, rest...), i
}

// unquote returns the text from b[i] to the closing quote and what follows that.
func (s *scanner) unquote(b []byte, i int) (text []byte, next int, err error) {
	begin := i
	for ; i < len(b); i++ {
		switch {
		case s.escape != 0 && s.escape != s.quote && b[i] == s.escape && i+1 < len(b):
			text = append(append(text, b[begin:i]...), b[i+1])
			i++
			begin = i + 1
		case b[i] != s.quote:
		case i+1 < len(b) && b[i+1] == s.quote:
			text = append(text, b[begin:i+1]...)
			i++
			begin = i + 1
		case text == nil:
			return b[begin:i], i + 1, nil
		default:
			return append(text, b[begin:i]...), i + 1, nil
		}
	}
	return nil, 0, errOpenQuote
}
