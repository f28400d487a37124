package json

import (
	"errors"
	"fmt"
	"io"

	"github.com/leatproject/leat/storage/changelog"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/jsontext"
	"github.com/leatproject/leat/storage/vector"
)

// Debezium reads lines of Debezium's change events, as Flink's format debezium-json. An event is a row that was added, one that was
// deleted, or an update, which is two rows. Behind the wanted columns a batch has one more, the kinds of the rows.
type Debezium struct {
	rows   *Format
	fields []columnar.Field
	schema bool
}

// NewDebezium returns the format of files of which these fields are wanted. Where the schema is included the event is the payload of a
// record.
func NewDebezium(wanted []columnar.Field, o Options, schemaIncluded bool) (*Debezium, error) {
	rows, err := New(wanted, o)
	if err != nil {
		return nil, fmt.Errorf("debezium-%w", err)
	}
	return &Debezium{
		rows: rows, schema: schemaIncluded,
		fields: append(wanted[:len(wanted):len(wanted)], columnar.Field{Name: changelog.Column, Type: changelog.Type}),
	}, nil
}

// NewReader returns a reader of in.
func (f *Debezium) NewReader(in format.Input) (columnar.Reader, error) {
	rows, err := f.rows.NewReader(in)
	if err != nil {
		return nil, err
	}
	return &debeziumReader{reader: rows.(*reader), debezium: f}, nil
}

// debeziumReader reads the events of one input.
type debeziumReader struct {
	*reader
	debezium *Debezium
	kinds    []int8
}

// Read implements columnar.Reader. The two rows of an update come together, also where the limit is one.
func (r *debeziumReader) Read(b *vector.Batch, limit int) error {
	limit = max(limit, 2)
	columnar.Prepare(b, r.debezium.fields, limit)
	r.root.bind(b.Columns)
	r.kinds = vector.Values[int8](b.Columns[len(b.Columns)-1])
	rows, err := r.read(limit)
	columnar.Truncate(b, rows)
	return err
}

func (r *debeziumReader) read(limit int) (rows int, err error) {
	if err := r.SkipPartial(); err != nil {
		return 0, err
	}
	for begin := r.Off; rows+2 <= limit && r.Off-begin < batchBytes; {
		if r.Off >= r.End {
			return rows, io.EOF
		}
		n, err := r.Line(0)
		if err != nil {
			return rows, err
		}
		line := columnar.TrimLineEnd(r.Buf[:n])
		if start := jsontext.Space(line, 0); start < len(line) {
			r.index.Set(line)
			count, problem := r.event(line, start, rows)
			if problem != nil {
				r.unset(rows)
				count = 0
				if err := r.Malformed(n, problem, r.format.options.IgnoreErrors); err != nil {
					return rows, err
				}
			}
			rows += count
		}
		r.Take(n)
	}
	return rows, nil
}

// envelope is where the parts of an event begin; 0: it has none.
type envelope struct {
	before, after int
	op            string
}

// event reads the event at b[i] into rows and returns how many there are: none of a tombstone.
func (r *debeziumReader) event(b []byte, i, row int) (int, *format.RecordError) {
	if _, isNull := jsontext.Literal(b, i, "null"); isNull {
		return 0, nil
	}
	e, end, err := r.envelope(b, i, r.debezium.schema)
	switch {
	case err != nil:
		return 0, &format.RecordError{Column: end + 1, Err: err}
	case jsontext.Space(b, end) < len(b):
		return 0, &format.RecordError{Column: end + 1, Err: jsontext.ErrAfter}
	}
	switch e.op {
	case "c", "r":
		return r.image(b, e.after, row, 1, "after", changelog.Insert)
	case "d":
		return r.image(b, e.before, row, 1, "before", changelog.Delete)
	case "u":
		if n, problem := r.image(b, e.before, row, 1, "before", changelog.UpdateBefore); problem != nil {
			return n, problem
		}
		return r.image(b, e.after, row+1, 2, "after", changelog.UpdateAfter)
	case "":
		return 0, &format.RecordError{Err: errors.New(
			`no change event of Debezium: it has no "op"; is the option 'debezium-json.schema-include' as the events are?`)}
	}
	return 0, &format.RecordError{Err: fmt.Errorf(`"op" is %q: it is c, r, u or d`, e.op)}
}

// image reads a row before or after a change.
func (r *debeziumReader) image(b []byte, at, row, rows int, name string, kind changelog.Kind) (int, *format.RecordError) {
	if at == 0 {
		return 0, &format.RecordError{Err: fmt.Errorf(
			"the event has no row %q; a table of PostgreSQL tells its rows before a change with REPLICA IDENTITY FULL", name)}
	}
	r.kinds[row] = int8(kind)
	end, err := r.object(r.root, b, at, row)
	return rows, problem(end, err)
}

// envelope finds the parts of the event at b[i], within the payload of a record where it has a schema.
func (r *debeziumReader) envelope(b []byte, i int, schema bool) (e envelope, end int, err error) {
	if b[i] != '{' {
		return e, i, errObject
	}
	i = jsontext.Space(b, i+1)
	for done := i < len(b) && b[i] == '}'; !done; {
		name, value, err := jsontext.Name(b, i)
		if err != nil {
			return e, value, err
		}
		if value >= len(b) {
			return e, value, jsontext.ErrEnd
		}
		switch {
		case schema && string(name) == "payload" && b[value] == '{':
			e, i, err = r.envelope(b, value, false)
		default:
			i, err = r.index.Skip(b, value, 0)
			e.note(string(name), b[value:max(i, value)], value)
		}
		if err != nil {
			return e, i, err
		}
		if i, done, err = jsontext.Following(b, i, '}'); err != nil {
			return e, i, err
		}
		if done {
			return e, i, nil
		}
	}
	return e, i + 1, nil
}

func (e *envelope) note(name string, text []byte, at int) {
	switch {
	case name == "before" && text[0] == '{':
		e.before = at
	case name == "after" && text[0] == '{':
		e.after = at
	case name == "op" && len(text) > 2 && text[0] == '"':
		e.op = string(text[1 : len(text)-1])
	}
}
