package filesystem

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/csv"
	"github.com/leatproject/leat/storage/format/columnar/json"
	"github.com/leatproject/leat/storage/format/columnar/raw"
)

// decoder is a format as a source uses it.
type decoder interface {
	// splittable says whether a reader can begin in the middle of a file.
	splittable() bool
	// open opens a range of a file; the closer ends with the reader.
	open(ctx context.Context, at file.Range, malformed onMalformed) (columnar.Reader, io.Closer, error)
}

// onMalformed is what is done about a record that cannot be read, as format.Input says it.
type onMalformed func(raw []byte, err *format.RecordError) error

// decoder makes the decoder of those columns that are wanted of the ones that files hold.
func (t *Table) decoder(wanted []int, filters []Filter) (decoder, error) {
	fields := t.storedFields()
	switch t.settings.format {
	case "csv":
		f, err := csv.New(fields, wanted, t.csvOptions())
		return textDecoder{f}, err
	case "json":
		f, err := json.New(pick(fields, wanted), t.jsonOptions())
		return textDecoder{f}, err
	case "debezium-json":
		f, err := json.NewDebezium(pick(fields, wanted), t.jsonOptions(), t.settings.json.schemaIncluded)
		return textDecoder{f}, err
	case "raw":
		f, err := raw.New(fields, wanted)
		return textDecoder{f}, err
	case "arrow":
		return &arrowDecoder{pick(fields, wanted)}, nil
	case "avro":
		return &avroDecoder{pick(fields, wanted)}, nil
	case "parquet":
		return &parquetDecoder{wanted: pick(fields, wanted), filters: t.storedFilters(filters), fields: t.fields}, nil
	}
	return nil, fmt.Errorf("format %s cannot be read yet", t.settings.format)
}

func (t *Table) storedFields() []Field {
	fields := make([]Field, len(t.stored))
	for i, c := range t.stored {
		fields[i] = t.fields[c]
	}
	return fields
}

func pick(fields []Field, places []int) []Field {
	picked := make([]Field, len(places))
	for i, place := range places {
		picked[i] = fields[place]
	}
	return picked
}

// storedFilters are the filters on columns that files hold whose bounds compare as their values do.
func (t *Table) storedFilters(filters []Filter) (kept []Filter) {
	for _, f := range filters {
		is := t.fields[f.Column].Type
		if slices.Contains(t.stored, f.Column) && is.Kind != datatype.KindChar && (f.Values == nil || f.Values.Type.EqualButNull(is)) {
			kept = append(kept, f)
		}
	}
	return kept
}

func (t *Table) jsonOptions() json.Options {
	j := &t.settings.json
	return json.Options{
		FailOnMissing: j.failOnMissing, ISO: j.iso, IgnoreNulls: j.ignoreNulls, IgnoreErrors: t.settings.ignoreErrors,
		NullKeys: j.nullKeys, NullKey: j.nullKey,
	}
}

func (t *Table) csvOptions() csv.Options {
	c := &t.settings.csv
	return csv.Options{
		Delimiter: c.delimiter, Quote: c.quote, Escape: c.escape, NoQuotes: c.noQuotes, Comments: c.comments, Header: c.header, Null: c.null,
		IgnoreErrors: t.settings.ignoreErrors,
	}
}

// textFormat is a format whose files are read from their beginning to their end.
type textFormat interface {
	NewReader(in format.Input) (columnar.Reader, error)
}

// textDecoder reads a text format, which ranges of bytes can be read of.
type textDecoder struct{ format textFormat }

func (d textDecoder) splittable() bool { return true }

func (d textDecoder) open(ctx context.Context, at file.Range, malformed onMalformed) (columnar.Reader, io.Closer, error) {
	in := format.Input{
		Path: at.Path, End: at.End, Malformed: malformed,
		Head: func() (io.ReadCloser, error) { return file.Open(ctx, at.Path, 0) },
	}
	switch {
	case at.Position >= 0:
		in.Offset = at.Position
	case at.Start > 0:
		in.Offset, in.Partial = at.Start-1, true
	}
	from, err := file.Open(ctx, at.Path, in.Offset)
	if err != nil {
		return nil, nil, err
	}
	in.Bytes = from
	rows, err := d.format.NewReader(in)
	return rows, from, err
}
