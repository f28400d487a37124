package csv

import (
	"fmt"
	"io"
	"strings"

	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
)

// Options are how fields are written. The zero value is not usable: see Standard.
type Options struct {
	Delimiter, Quote byte
	Escape           byte // before a character that is text; 0: none
	NoQuotes         bool // quotes are text
	Comments         bool // lines that begin with # are left out
	Header           bool // the first line has the names of the columns
	Null             *string
	// IgnoreErrors makes fields that cannot be read NULL and leaves out broken rows.
	IgnoreErrors bool
}

// Standard are comma, double quote and no null literal.
var Standard = Options{Delimiter: ',', Quote: '"'}

// Format reads some columns of files. It is immutable and safe for concurrent use.
type Format struct {
	fields  []columnar.Field // of the file
	wanted  []columnar.Field
	places  []int // of the wanted ones among the fields
	options Options
}

// New returns the format of files of these fields of which those at some places are wanted, in that order.
func New(fields []columnar.Field, wanted []int, o Options) (*Format, error) {
	f := &Format{fields: fields, places: wanted, options: o}
	if !o.NoQuotes && o.Quote == o.Delimiter {
		return nil, fmt.Errorf("csv: delimiter and quote are both %q; choose another delimiter", o.Quote)
	}
	if !o.NoQuotes && (o.Quote == '\n' || o.Quote == '\r') {
		return nil, fmt.Errorf("csv: %q, which ends a line, cannot be the quote; choose another", o.Quote)
	}
	for _, i := range wanted {
		if err := columnar.TextType(fields[i].Type); err != nil {
			return nil, fmt.Errorf("csv: column %s: %w", fields[i].Name, err)
		}
		f.wanted = append(f.wanted, fields[i])
	}
	return f, nil
}

// NewReader returns a reader of in. Where in does not begin at the beginning and the file has a header, in.Head is read first.
func (f *Format) NewReader(in format.Input) (columnar.Reader, error) {
	r := newReader(f, in)
	if !f.options.Header {
		return r, nil
	}
	if in.Offset == 0 && !in.Partial {
		return r, r.readHeader()
	}
	head, err := in.Head()
	if err != nil {
		return nil, err
	}
	defer func() { _ = head.Close() }()
	first := newReader(f, format.Input{Bytes: head, Path: in.Path})
	if err := first.readHeader(); err != nil {
		return nil, err
	}
	r.targets, r.headerEnd = first.targets, first.Off
	return r, nil
}

// readHeader takes the first record and binds the columns to the names in it.
func (r *reader) readHeader() error {
	for {
		n, err := r.Line(0)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if line := columnar.TrimLineEnd(r.Buf[:n]); len(line) == 0 || r.isComment(line) {
			r.Take(n)
			continue
		}
		if n, _, err = r.cutWhole(n); err != nil {
			return &format.RecordError{Path: r.In.Path, Offset: r.Off, Err: fmt.Errorf("header: %w", err)}
		}
		names := make([]string, len(r.fields))
		for i := range r.fields {
			names[i] = strings.TrimSpace(string(r.fields[i].text))
		}
		r.targets = make([]int32, len(names))
		for i := range r.targets {
			r.targets[i] = -1
		}
		for i, w := range r.format.wanted {
			at := columnar.Find(names, w.Name)
			if at < 0 {
				return fmt.Errorf("%s: the header has no column %s; it has %s; correct it, or leave the file out", r.In.Path, w.Name, strings.Join(names, ", "))
			}
			if r.targets[at] >= 0 {
				return fmt.Errorf("%s: two columns are bound to field %s of the header", r.In.Path, names[at])
			}
			r.targets[at] = int32(i)
		}
		r.Take(n)
		return nil
	}
}
