package format

import (
	"bytes"
	"io"
)

// Text is the format of lines that end with \n or \r\n, the last one possibly with neither. Its rows are the lines without
// their ends, as views of the input.
type Text struct {
	// Delimiter ends the records instead of \n and \r\n. With it a file is not split.
	Delimiter string
	// MaxLength is the longest line that is read, in bytes; DefaultMaxRecord when 0.
	MaxLength int
}

var (
	_ StreamFormat[string] = Text{}
	_ Encoder[string]      = Text{}
)

// Splittable implements StreamFormat.
func (t Text) Splittable() bool { return t.lines() }

func (t Text) lines() bool { return t.Delimiter == "" || t.Delimiter == "\n" }

// NewReader implements StreamFormat.
func (t Text) NewReader(in Input) (Reader[string], error) {
	if !t.lines() {
		return &delimitedReader{newWindow(in, t.MaxLength), []byte(t.Delimiter)}, nil
	}
	return &textReader{newWindow(in, t.MaxLength)}, nil
}

// Header implements Encoder: there is none.
func (Text) Header(dst []byte) []byte { return dst }

// Append implements Encoder: the string and a line feed, or the delimiter.
func (t Text) Append(dst []byte, row *string) ([]byte, error) {
	dst = append(dst, *row...)
	if t.Delimiter != "" {
		return append(dst, t.Delimiter...), nil
	}
	return append(dst, '\n'), nil
}

// Lines encodes a row as what a function appends for it, and a line feed.
type Lines[T any] func(dst []byte, row *T) []byte

// Header implements Encoder: there is none.
func (Lines[T]) Header(dst []byte) []byte { return dst }

// Append implements Encoder.
func (f Lines[T]) Append(dst []byte, row *T) ([]byte, error) { return append(f(dst, row), '\n'), nil }

type textReader struct{ window }

func (r *textReader) Offset() int64 { return r.off }

func (r *textReader) Read(rows []string, limit int) ([]string, error) {
	if err := r.skipPartial(); err != nil {
		return rows, err
	}
	first := len(rows)
	for {
		rows = r.linesInView(rows, limit)
		switch {
		case r.off >= r.end:
			return rows, io.EOF
		case len(rows) > first:
			return rows, nil
		}
		n, content, err := r.line()
		if err != nil {
			return rows, err
		}
		rows = append(rows, view(r.buf[:content]))
		r.take(n)
	}
}

// linesInView appends the lines that end in view.
func (r *textReader) linesInView(rows []string, limit int) []string {
	buf, pos, end := r.buf, 0, r.end-r.off
	for len(rows) < limit && int64(pos) < end {
		n := bytes.IndexByte(buf[pos:], '\n')
		if n < 0 || n > r.maxRecord {
			break
		}
		content := n
		if n > 0 && buf[pos+n-1] == '\r' {
			content--
		}
		rows = append(rows, view(buf[pos:pos+content]))
		pos += n + 1
	}
	r.take(pos)
	return rows
}

// delimitedReader reads records that end with a delimiter of any length.
type delimitedReader struct {
	window
	delimiter []byte
}

func (r *delimitedReader) Offset() int64 { return r.off }

func (r *delimitedReader) Read(rows []string, limit int) ([]string, error) {
	first, seen := len(rows), 0
	for len(rows) < limit {
		if i := bytes.Index(r.buf[seen:], r.delimiter); i >= 0 {
			rows = append(rows, view(r.buf[:seen+i]))
			r.take(seen + i + len(r.delimiter))
			seen = 0
			continue
		}
		if len(rows) > first {
			break
		}
		seen = max(0, len(r.buf)-len(r.delimiter)+1)
		err := r.more()
		if err == io.EOF && len(r.buf) > 0 {
			rows = append(rows, view(r.buf))
			r.take(len(r.buf))
		}
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}
