package format

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

const (
	each = 0x0101010101010101
	tops = 0x8080808080808080
)

// csvScanner cuts records into fields.
type csvScanner struct {
	window
	delimiter, quote, comment byte
	quoting                   bool
	oneLine                   bool // whether a record ends with its line in any case
	fields                    []csvField
	delimiters, quotes        uint64 // the delimiter and the quote eight times over
}

// csvField is a field of the record in view, without its quotes.
type csvField struct {
	text   []byte
	start  int // within the record
	quoted bool
}

func newCSVScanner(in Input, o *CSVOptions) csvScanner {
	s := csvScanner{
		window: newWindow(in, o.MaxLength).dropMark(), delimiter: o.Delimiter, quote: o.Quote, comment: o.Comment,
		quoting: !o.NoQuotes, oneLine: o.NoQuotedNewlines,
	}
	if s.comment == 0 {
		s.comment = '\n' // no line begins with it
	}
	s.delimiters, s.quotes = each*uint64(o.Delimiter), each*uint64(o.Quote)
	if o.NoQuotes {
		s.quotes = s.delimiters
	}
	return s
}

// fieldEnd returns the index of the first delimiter, quote or line feed from i on, or len(b) when it is among the last bytes.
func (s *csvScanner) fieldEnd(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		d, q, n := x^s.delimiters, x^s.quotes, x^each*'\n'
		if found := ((d-each)&^d | (q-each)&^q | (n-each)&^n) & tops; found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
	}
	return len(b)
}

// split cuts a line without quotes into s.fields.
func (s *csvScanner) split(line []byte) {
	s.fields = s.fields[:0]
	for start := 0; ; {
		n := bytes.IndexByte(line[start:], s.delimiter)
		if n < 0 {
			s.fields = append(s.fields, csvField{text: line[start:], start: start})
			return
		}
		s.fields = append(s.fields, csvField{text: line[start : start+n], start: start})
		start += n + 1
	}
}

var errOpenQuote = errors.New("a quoted field is not closed")

// quoted cuts the record at the beginning of the view, whose first line has the given length, into s.fields and returns the
// record's length. It reads on while the record is not whole. A *RecordError is about the record, other errors about the
// input.
func (s *csvScanner) quoted(first int) (int, error) {
	if !s.quoting {
		s.split(s.buf[:trimCR(bytes.TrimSuffix(s.buf[:first], []byte{'\n'}))])
		return first, nil
	}
	length, at, err := s.cut(s.buf[:first])
	if err == errOpenQuote && !s.oneLine {
		n, readErr := s.closeQuote(first)
		switch {
		case errors.As(readErr, new(*RecordError)):
			err = fmt.Errorf("%w within the limit of %d bytes", errOpenQuote, s.maxRecord)
		case readErr != nil && readErr != io.EOF:
			return 0, readErr
		default:
			length, at, err = s.cut(s.buf[:n])
		}
	}
	if err != nil {
		return 0, &RecordError{Column: at + 1, Err: err}
	}
	return length, nil
}

// closeQuote returns the end of the record whose first n bytes are whole lines with a quote open at their end: the end of
// the line that makes the number of quotes even.
func (s *csvScanner) closeQuote(n int) (int, error) {
	for open := true; open; {
		end, err := s.lineAfter(n)
		if err != nil {
			return n, err
		}
		open = open != (bytes.Count(s.buf[n:end], []byte{s.quote})&1 == 1)
		n = end
	}
	return n, nil
}

// lineAfter returns the end of the line that begins at byte n of the view, or io.EOF when there is none.
func (s *csvScanner) lineAfter(n int) (int, error) {
	for seen := n; ; {
		if i := bytes.IndexByte(s.buf[seen:], '\n'); i >= 0 {
			return seen + i + 1, nil
		}
		seen = len(s.buf)
		if err := s.more(); err == io.EOF && seen > n {
			return seen, nil
		} else if err != nil {
			return 0, err
		}
	}
}

// cut cuts the first record of b into s.fields and returns its length, or the byte at which it goes wrong.
func (s *csvScanner) cut(b []byte) (length, at int, err error) {
	s.fields = s.fields[:0]
	for i := 0; ; {
		f := csvField{start: i}
		if i < len(b) && b[i] == s.quote {
			f.quoted = true
			if f.text, i, err = s.unquote(b, i+1); err != nil {
				return 0, f.start, err
			}
		} else {
			for i < len(b) && b[i] != s.delimiter && b[i] != '\n' {
				if b[i] == s.quote {
					return 0, i, errors.New("a quote within a field that does not begin with one")
				}
				i++
			}
			f.text = b[f.start:i]
			if i == len(b) || b[i] == '\n' {
				f.text = f.text[:trimCR(f.text)]
			}
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

// unquote returns the text from b[i] to the closing quote and what follows that.
func (s *csvScanner) unquote(b []byte, i int) (text []byte, next int, err error) {
	n := bytes.IndexByte(b[i:], s.quote)
	if n < 0 {
		return nil, 0, errOpenQuote
	}
	if i+n+1 == len(b) || b[i+n+1] != s.quote {
		return b[i : i+n], i + n + 1, nil
	}
	for {
		text = append(text, b[i:i+n]...)
		i += n + 1
		if i == len(b) || b[i] != s.quote {
			return text, i, nil
		}
		text = append(text, s.quote)
		i++
		if n = bytes.IndexByte(b[i:], s.quote); n < 0 {
			return nil, 0, errOpenQuote
		}
	}
}
