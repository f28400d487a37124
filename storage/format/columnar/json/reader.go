package json

import (
	"bytes"
	"errors"
	"io"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/jsontext"
	"github.com/leatproject/leat/storage/vector"
)

// batchBytes ends a batch of long rows.
const batchBytes = 2 << 20

// maxNames bounds the names that are remembered by their place in a record.
const maxNames = 1024

// reader reads the records of one input.
type reader struct {
	columnar.Window
	format *Format
	root   *object
	index  jsontext.Index // of the record
	text   []byte         // scratch
}

// Offset implements columnar.Reader.
func (r *reader) Offset() int64 { return r.Off }

// Read implements columnar.Reader.
func (r *reader) Read(b *vector.Batch, limit int) error {
	columnar.Prepare(b, r.format.wanted, limit)
	r.root.bind(b.Columns)
	rows, err := r.read(limit)
	columnar.Truncate(b, rows)
	return err
}

func (r *reader) read(limit int) (rows int, err error) {
	if err := r.SkipPartial(); err != nil {
		return 0, err
	}
	for begin := r.Off; rows < limit && r.Off-begin < batchBytes; {
		if r.Off >= r.End {
			return rows, io.EOF
		}
		n, err := r.Line(0)
		if err != nil {
			return rows, err
		}
		line := columnar.TrimLineEnd(r.Buf[:n])
		start := jsontext.Space(line, 0)
		if start == len(line) {
			r.Take(n)
			continue
		}
		if problem := r.line(line, start, rows); problem != nil {
			r.unset(rows)
			if err := r.Malformed(n, problem, r.format.options.IgnoreErrors); err != nil {
				return rows, err
			}
			rows--
		}
		r.Take(n)
		rows++
	}
	return rows, nil
}

func (r *reader) unset(row int) {
	for _, s := range r.root.slots {
		s.unset(row)
	}
}

var errObject = errors.New("a record is one object in one line")

// line reads the record that begins at b[i] into a row.
func (r *reader) line(b []byte, i, row int) *format.RecordError {
	if b[i] != '{' {
		return &format.RecordError{Column: i + 1, Err: errObject}
	}
	r.index.Set(b)
	end, err := r.object(r.root, b, i, row)
	if err == nil && jsontext.Space(b, end) < len(b) {
		err = jsontext.ErrAfter
	}
	return problem(end, err)
}

// problem is an error that is about a value, or about the byte at which a record goes wrong.
func problem(at int, err error) *format.RecordError {
	if err == nil {
		return nil
	}
	var p *format.RecordError
	if errors.As(err, &p) {
		return p
	}
	return &format.RecordError{Column: at + 1, Err: err}
}

// object reads the object at b[i] into a row and returns where it ends, or where it goes wrong.
func (r *reader) object(o *object, b []byte, i, row int) (end int, err error) {
	o.count++
	i = jsontext.Space(b, i+1)
	found, memory := 0, b[:cap(b)] // names are compared in words, which may be longer than what is left
	for at := 0; i < len(b) && b[i] != '}'; at++ {
		var slot int32
		var value int
		if at < len(o.names) && i+16 <= len(memory) && o.names[at].at(memory, i) && (o.names[at].size <= 16 || o.names[at].behind(b, i)) {
			if slot, value = o.names[at].slot, i+o.names[at].size; value < len(b) && b[value] <= ' ' {
				value = jsontext.Space(b, value)
			}
		} else if slot, value, err = o.name(b, i, at); err != nil {
			return value, err
		}
		switch {
		case value >= len(b):
			return value, jsontext.ErrEnd
		case slot >= 0:
			if o.seen[slot] == o.count {
				o.slots[slot].unset(row)
			} else {
				o.seen[slot] = o.count
				found++
			}
			i, err = r.value(o.slots[slot], b, value, row)
		case b[value] == '"':
			if i = r.index.Quote(value + 1); i < len(b) && r.index.Plain(value+1, i) {
				i++
			} else {
				i, err = r.index.String(b, value+1)
			}
		default:
			i, err = r.index.Skip(b, value, 0)
		}
		if err != nil {
			return i, err
		}
		if i < len(b) && b[i] <= ' ' {
			i = jsontext.Space(b, i)
		}
		if i < len(b) && b[i] == ',' {
			if i++; i < len(b) && b[i] <= ' ' {
				i = jsontext.Space(b, i)
			}
			if i < len(b) && b[i] == '}' {
				return i, errors.New("a comma before the end of the object")
			}
		} else if i < len(b) && b[i] != '}' {
			return i, jsontext.ErrComma
		}
	}
	if i >= len(b) {
		return i, jsontext.ErrEnd
	}
	if found == len(o.slots) {
		return i + 1, nil
	}
	return i + 1, r.missing(o, row)
}

// missing makes the slots NULL that the object does not have.
func (r *reader) missing(o *object, row int) error {
	for k, s := range o.slots {
		if o.seen[k] == o.count {
			continue
		}
		if r.format.options.FailOnMissing || s.Vector.Type.NotNull {
			return &format.RecordError{Field: s.path, Err: errors.New("the record has no such field")}
		}
		s.Vector.SetNull(row)
	}
	return nil
}

// name reads the name at b[i], the at-th of the object: its slot, and where its value begins.
func (o *object) name(b []byte, i, at int) (slot int32, value int, err error) {
	name, value, err := jsontext.Name(b, i)
	if err != nil {
		return 0, value, err
	}
	slot, wanted := o.named[string(name)]
	if !wanted {
		slot = -1
	}
	if end := i + len(name) + 3; at < maxNames && end <= len(b) && b[end-1] == ':' && b[end-2] == '"' && bytes.Equal(b[i+1:end-2], name) {
		e := expect(b[i:end], slot)
		if at < len(o.names) {
			o.names[at] = e
		} else if at == len(o.names) {
			o.names = append(o.names, e)
		}
	}
	return slot, value, nil
}
