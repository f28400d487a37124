package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unsafe"
)

// Splittable implements StreamFormat: a line end within quotes looks like one between records, so a file is only split when
// there are no such line ends.
func (c *CSV[T]) Splittable() bool { return c.options.NoQuotedNewlines || c.options.NoQuotes }

// NewReader implements StreamFormat.
func (c *CSV[T]) NewReader(in Input) (Reader[T], error) {
	r := &csvReader[T]{csvScanner: newCSVScanner(in, &c.options), format: c}
	for i := range c.columns {
		r.columns = append(r.columns, &c.columns[i])
	}
	if !c.options.Header {
		return r, nil
	}
	r.header = true
	if in.Offset == 0 && !in.Partial {
		return r, nil
	}
	head, err := in.Head()
	if err != nil {
		return nil, err
	}
	defer head.Close() //nolint:errcheck // only read
	first := csvReader[T]{csvScanner: newCSVScanner(Input{Bytes: head, Path: in.Path}, &c.options), format: c}
	if err := first.readHeader(); err != nil && err != io.EOF {
		return nil, err
	}
	r.columns, r.header, r.headerEnd = first.columns, false, first.off
	return r, nil
}

// csvReader reads the records of one input.
type csvReader[T any] struct {
	csvScanner
	format    *CSV[T]
	columns   []*column // by position in the file; nil where there is no field
	header    bool      // whether the header is still to be read
	headerEnd int64     // where the header ends, if it was read elsewhere
	slab      []string  // room for the fields of []string rows
}

// Offset implements Reader.
func (r *csvReader[T]) Offset() int64 { return r.off }

// Read implements Reader.
func (r *csvReader[T]) Read(rows []T, limit int) ([]T, error) {
	if err := r.begin(); err != nil {
		return rows, err
	}
	var zero T
	first := len(rows)
	for len(rows) < limit {
		if r.off >= r.end {
			return rows, io.EOF
		}
		rows = append(rows, zero)
		if n := r.plainRecord(unsafe.Pointer(&rows[len(rows)-1])); n > 0 {
			r.take(n)
			continue
		}
		rows = rows[:len(rows)-1]
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
		if content == 0 || line[0] == r.comment {
			r.take(n)
			continue
		}
		var err error
		if rows, n, err = r.record(rows, n, line); err != nil {
			return rows, err
		}
		r.take(n)
	}
	return rows, nil
}

// begin goes to the first record.
func (r *csvReader[T]) begin() error {
	if r.header {
		r.header = false
		return r.readHeader()
	}
	if err := r.skipPartial(); err != nil {
		return err
	}
	for r.off < r.headerEnd {
		n, _, err := r.line()
		if err != nil {
			return err
		}
		r.take(n)
	}
	return nil
}

// record appends the record that begins with line and returns its length, which is n unless line ends are quoted. What
// cannot be read is reported and left out, line by line.
func (r *csvReader[T]) record(rows []T, n int, line []byte) ([]T, int, error) {
	before := len(rows)
	var zero T
	rows = append(rows, zero)
	to := &rows[before]
	var problem *RecordError
	if r.quoting && bytes.IndexByte(line, r.quote) >= 0 {
		length, err := r.quoted(n)
		if err != nil && !errors.As(err, &problem) {
			return rows[:before], 0, err
		}
		if problem == nil {
			n = length
			problem = r.assign(to)
		}
	} else {
		r.split(line)
		problem = r.assign(to)
	}
	if problem == nil {
		return rows, n, nil
	}
	rows[before] = zero
	problem.Offset = r.off
	raw := bytes.TrimRight(r.buf[:n], "\r\n")
	return rows[:before], n, r.in.malformed(raw, problem)
}

// plainRecord reads the record at the beginning of the view and returns its length, or 0 when it is anything but a line of
// the right number of good fields without quotes.
func (r *csvReader[T]) plainRecord(p unsafe.Pointer) int {
	b, start := r.buf, 0
	if len(r.columns) == 0 || len(b) == 0 || b[0] == r.comment {
		return 0
	}
	last := len(r.columns) - 1
	for i, c := range r.columns {
		stop := r.fieldEnd(b, start)
		if stop == len(b) || (i < last) != (b[stop] == r.delimiter) || i == last && b[stop] != '\n' {
			return 0
		}
		text := b[start:stop]
		start = stop + 1
		if i == last {
			text = text[:trimCR(text)]
		}
		if c == nil || c.nullable && string(text) == r.format.options.NullLiteral {
			continue
		}
		switch {
		case c.kind == columnString && !c.pointer:
			*(*string)(unsafe.Add(p, c.offset)) = view(text)
		case c.kind == columnScalar && !c.pointer:
			if parseScalar(c.scalar, unsafe.Add(p, c.offset), text) != nil {
				return 0
			}
		default:
			if c.set(p, text) != nil {
				return 0
			}
		}
	}
	if start > r.maxRecord || last == 0 && start <= 2 {
		return 0
	}
	return start
}

// assign reads r.fields into a row.
func (r *csvReader[T]) assign(to *T) *RecordError {
	if r.format.columns == nil {
		*any(to).(*[]string) = r.texts()
		return nil
	}
	if len(r.fields) != len(r.columns) {
		return r.countError(len(r.fields))
	}
	for i, c := range r.columns {
		f := &r.fields[i]
		if c == nil || !f.quoted && c.nullable && string(f.text) == r.format.options.NullLiteral {
			continue
		}
		if err := c.set(unsafe.Pointer(to), f.text); err != nil {
			return fieldError(c, f.start, f.text, err)
		}
	}
	return nil
}

// texts returns r.fields as strings.
func (r *csvReader[T]) texts() []string {
	n := len(r.fields)
	if cap(r.slab)-len(r.slab) < n {
		r.slab = make([]string, 0, max(1024, n))
	}
	first := len(r.slab)
	for i := range r.fields {
		r.slab = append(r.slab, view(r.fields[i].text))
	}
	return r.slab[first:len(r.slab):len(r.slab)]
}

func (r *csvReader[T]) countError(n int) *RecordError {
	return &RecordError{Err: fmt.Errorf("%d fields where %d are expected", n, len(r.columns))}
}

func fieldError(c *column, start int, text []byte, err error) *RecordError {
	const shown = 40
	if len(text) > shown {
		text = append(slices.Clone(text[:shown]), "..."...)
	}
	return &RecordError{Column: start + 1, Field: c.name, Err: fmt.Errorf("cannot read %q as %s: %w", text, c.typ, cause(err))}
}

// cause drops what the standard library says before the reason.
func cause(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// readHeader binds the columns to the names in the first record.
func (r *csvReader[T]) readHeader() error {
	for {
		n, content, err := r.line()
		if err != nil {
			return err
		}
		if content == 0 || r.buf[0] == r.comment {
			r.take(n)
			continue
		}
		if n, err = r.quoted(n); err != nil {
			return &RecordError{Path: r.in.Path, Offset: r.off, Err: fmt.Errorf("header: %w", err)}
		}
		if r.format.columns != nil {
			if r.columns, err = r.format.byName(r.fields); err != nil {
				return &RecordError{Path: r.in.Path, Offset: r.off, Err: err}
			}
		}
		r.take(n)
		return nil
	}
}

func (c *CSV[T]) byName(header []csvField) ([]*column, error) {
	columns := make([]*column, len(header))
	for i := range c.columns {
		name := c.columns[i].name
		at := slices.IndexFunc(header, func(f csvField) bool { return string(f.text) == name })
		if at < 0 {
			at = slices.IndexFunc(header, func(f csvField) bool { return strings.EqualFold(string(f.text), name) })
		}
		if at < 0 {
			var names []string
			for _, f := range header {
				names = append(names, string(f.text))
			}
			return nil, fmt.Errorf("header has no column %q; its columns are %s", name, strings.Join(names, ", "))
		}
		columns[at] = &c.columns[i]
	}
	return columns, nil
}
