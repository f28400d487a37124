package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// batchBytes ends a batch of long rows.
const batchBytes = 2 << 20

// reader reads the records of one input.
type reader struct {
	scanner
	index     index
	format    *Format
	targets   []int32 // by place in the file, the wanted column that the field is for; -1: none
	columns   []columnar.Column
	isText    []bool
	isChars   []bool // texts that are as they stand there
	leading   bool   // see leads
	null      string
	hasNull   bool
	headerEnd int64 // where the header ends, if it was read elsewhere
}

func newReader(f *Format, in format.Input) *reader {
	r := &reader{
		scanner: newScanner(in, &f.options), format: f, columns: make([]columnar.Column, len(f.wanted)), targets: make([]int32, len(f.fields)),
	}
	if f.options.Null != nil {
		r.null, r.hasNull = *f.options.Null, true
	}
	for i := range r.targets {
		r.targets[i] = -1
	}
	for i, place := range f.places {
		r.targets[place] = int32(i)
		r.isText = append(r.isText, vector.Variable(f.wanted[i].Type))
		r.isChars = append(r.isChars, f.wanted[i].Type.IsCharacter())
	}
	r.leading = r.leads()
	return r
}

// Offset implements columnar.Reader.
func (r *reader) Offset() int64 { return r.Off }

// Read implements columnar.Reader.
func (r *reader) Read(b *vector.Batch, limit int) error {
	columnar.Prepare(b, r.format.wanted, limit)
	for i, v := range b.Columns {
		r.columns[i].Bind(v)
	}
	rows, err := r.read(limit)
	columnar.Truncate(b, rows)
	return err
}

func (r *reader) read(limit int) (rows int, err error) {
	if err := r.skipPartial(); err != nil {
		return 0, err
	}
	for r.Off < r.headerEnd {
		n, err := r.Line(0)
		if err != nil {
			return 0, err
		}
		r.Take(n)
	}
	for begin := r.Off; rows < limit && r.Off-begin < batchBytes; {
		if r.Off >= r.End {
			return rows, io.EOF
		}
		if n := r.several(rows, limit-rows); n > 0 {
			rows += n
			continue
		}
		good, err := r.record(rows)
		if err != nil {
			return rows, err
		}
		if good {
			rows++
		}
	}
	return rows, nil
}

// leads says whether a value can be read before it is compared with the null literal, which looks like none.
func (r *reader) leads() bool {
	const inValues = "0123456789-+.: TZtruefalsINF"
	return len(r.null) == 0 || !strings.ContainsRune(inValues, rune(r.null[0]))
}

func (r *reader) isNull(target int32, text []byte) bool {
	return r.hasNull && string(text) == r.null || len(text) == 0 && !r.isText[target]
}

// record reads any record at the beginning of the view and takes it; false when it is none that counts.
func (r *reader) record(row int) (bool, error) {
	r.unset(row)
	n, err := r.Line(0)
	if err != nil {
		return false, err
	}
	if line := columnar.TrimLineEnd(r.Buf[:n]); len(line) == 0 || r.isComment(line) {
		r.Take(n)
		return false, nil
	}
	length, at, err := r.cutWhole(n)
	if failure := (*readError)(nil); errors.As(err, &failure) {
		return false, failure.err
	}
	var problem *format.RecordError
	if err != nil {
		problem = &format.RecordError{Column: at + 1, Err: err}
	} else {
		n = length
		problem = r.assign(row)
	}
	if problem != nil {
		r.unset(row)
		if err := r.Malformed(n, problem, r.format.options.IgnoreErrors); err != nil {
			return false, err
		}
	}
	r.Take(n)
	return problem == nil, nil
}

func (r *reader) unset(row int) {
	for i := range r.columns {
		r.columns[i].Vector.Unset(row)
	}
}

// assign reads the fields into a row.
func (r *reader) assign(row int) *format.RecordError {
	if n := len(r.fields); n == len(r.targets)+1 && len(r.fields[n-1].text) == 0 {
		r.fields = r.fields[:n-1] // a delimiter behind the last field
	}
	if len(r.fields) != len(r.targets) {
		return &format.RecordError{Err: fmt.Errorf("%d fields where %d are expected; check columns and 'csv.field-delimiter'", len(r.fields), len(r.targets))}
	}
	for i, t := range r.targets {
		if t < 0 {
			continue
		}
		f, c := &r.fields[i], &r.columns[t]
		var err error
		null := !f.quoted && r.isNull(t, f.text)
		if !null {
			if err = c.Put(row, f.text); err != nil && r.format.options.IgnoreErrors {
				c.Vector.Unset(row)
				null = true
			}
		}
		want := r.format.wanted[t]
		switch {
		case null && want.Type.NotNull:
			return &format.RecordError{Column: f.start + 1, Field: want.Name, Err: errors.New("NULL in a column that is declared NOT NULL")}
		case null:
			c.Vector.SetNull(row)
		case err != nil:
			return &format.RecordError{Column: f.start + 1, Field: want.Name, Err: columnar.Explain(bytes.Clone(f.text), want.Type, err)}
		}
	}
	return nil
}
