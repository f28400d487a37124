package filesystem

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/source"
	"github.com/leatproject/leat/storage/vector"
)

// reader reads one split at a time.
type reader struct {
	source    *Source
	malformed *malformed
	decoder   decoder // that of the source, or one that chooses rows

	id         string
	at         file.Range
	rows       columnar.Reader
	open       io.Closer              // the file of the split; nil when there is none
	partitions []*vector.Vector       // values of the partition keys
	metadata   map[int]*vector.Vector // values of the columns that tell of the file
	inner      vector.Batch           // the columns that the file holds
}

// Open implements source.Reader.
func (r *reader) Open(ctx context.Context, s source.Split) error {
	if err := r.closeFile(); err != nil {
		return err
	}
	at, err := file.RangeOf(s)
	if err != nil {
		return err
	}
	r.id, r.at = s.ID, at
	if r.partitions, err = r.source.table.partitionOf(at.Path); err != nil {
		return err
	}
	if r.metadata, err = r.source.table.metadataOf(ctx, at.Path, r.source.columns); err != nil {
		return err
	}
	r.rows, r.open, err = r.decoder.open(ctx, at, r.malformed.handler())
	return file.Explain(ctx, at.Path, err)
}

// Fetch implements source.Reader.
func (r *reader) Fetch(ctx context.Context, out *column.Batch) (source.Split, error) {
	if err := ctx.Err(); err != nil {
		return source.Split{}, context.Cause(ctx)
	}
	err := r.read(column.Vectors(out), out.RowLimit())
	r.at.Position = r.rows.Offset()
	after := source.Split{ID: r.id, Data: r.at.Encode()}
	switch {
	case err == io.EOF:
		if err := r.closeFile(); err != nil {
			return source.Split{}, err
		}
		return after, source.ErrDone
	case err != nil:
		_ = r.closeFile() // it would only say the same again
		return source.Split{}, advise(file.Explain(ctx, r.at.Path, err))
	}
	return after, nil
}

// advise says what can be done about a record that cannot be read.
func advise(err error) error {
	var record *format.RecordError
	if errors.As(err, &record) {
		record.Remedy = "correct the record, or let the option 'on-error' be 'skip' or 'dead-letter'"
		if record.Block != "" { // the cause has a remedy already
			record.Remedy = "or let the option 'on-error' be 'skip' or 'dead-letter'"
		}
	}
	return err
}

// read fills a batch with the next rows.
func (r *reader) read(b *vector.Batch, limit int) error {
	s := r.source
	stored := r.inner.Columns[:0]
	for i, c := range s.columns {
		one := r.metadata[c]
		if key := slices.Index(s.table.partitions, c); key >= 0 {
			one = r.partitions[key]
		}
		if one == nil {
			stored = append(stored, b.Columns[i])
			continue
		}
		b.Columns[i].Reset(s.table.fields[c].Type, 0)
		b.Columns[i].AppendRange(one, 0, 1)
		b.Columns[i].Constant = true
	}
	if s.Changes() {
		stored = append(stored, b.Columns[len(s.columns)])
	}
	r.inner.Columns = stored
	err := r.rows.Read(&r.inner, limit)
	b.Length, b.Selection = r.inner.Length, r.inner.Selection
	return err
}

func (r *reader) closeFile() error {
	if r.open == nil {
		return nil
	}
	err := r.open.Close()
	r.open = nil
	return err
}

// Close implements source.Reader.
func (r *reader) Close() error { return errors.Join(r.closeFile(), r.malformed.close()) }
