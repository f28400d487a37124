package filesystem

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/format/columnar/parquet"
	"github.com/leatproject/leat/storage/source"
	"github.com/leatproject/leat/storage/vector"
)

// parquetDecoder reads Parquet files. A row group belongs to the range in which it begins; those that the filters exclude are left out, and
// so are pages.
type parquetDecoder struct {
	wanted  []Field
	filters []Filter
	fields  []Field // of the table
	sift    parquet.Sift
}

// with is the decoder with more filters.
func (d *parquetDecoder) with(filters []Filter) *parquetDecoder {
	out := *d
	out.filters = append(d.filters[:len(d.filters):len(d.filters)], filters...)
	return &out
}

// sifting is the decoder for a source whose rows a sieve chooses, if files hold all columns that it looks at.
func (d *parquetDecoder) sifting(s *Source, by *source.Sieve) *parquetDecoder {
	out := *d
	var places []int // by wanted column: its place in the batches of the source
	for i, c := range s.columns {
		if slices.Contains(s.table.stored, c) {
			places = append(places, i)
		}
	}
	for _, c := range by.Columns {
		at := slices.Index(places, c)
		if at < 0 {
			return d
		}
		out.sift.Columns = append(out.sift.Columns, at)
	}
	view := vector.Batch{Columns: make([]*vector.Vector, len(s.columns))}
	out.sift.Keep = func(b *vector.Batch) []int32 {
		view.Length = b.Length
		for at, i := range places {
			view.Columns[i] = b.Columns[at]
		}
		return by.Keep(&view)
	}
	return &out
}

func (d *parquetDecoder) splittable() bool { return true }

func (d *parquetDecoder) open(ctx context.Context, at file.Range, malformed onMalformed) (columnar.Reader, io.Closer, error) {
	p, f, err := openParquet(ctx, at.Path)
	if err != nil {
		return nil, nil, err
	}
	var groups []int
	for g := range p.RowGroups() {
		if start := p.GroupStart(g); start >= at.Start && (at.End == 0 || start < at.End) && !d.excluded(p, g) {
			groups = append(groups, g)
		}
	}
	kept := func(group int) ([]parquet.Range, error) { return d.rows(p, group) }
	rows, err := parquet.SiftedReader(p, d.wanted, groups, max(at.Position, 0), kept, d.sift)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	if malformed != nil {
		rows = parquet.Tolerant(rows, malformed)
	}
	return rows, f, nil
}

func (d *parquetDecoder) excluded(p *parquet.File, group int) bool {
	return excludedBy(d.filters, func(column int) bounds {
		f := d.fields[column]
		b := bounds{rows: p.GroupRows(group)}
		b.min, b.max, b.nulls = p.Bounds(group, f.Name, f.Type)
		return b
	})
}

// openParquet opens a file and reads its footer.
func openParquet(ctx context.Context, path string) (*parquet.File, io.Closer, error) {
	fs, within, err := filesystem.For(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	f, err := fs.Open(ctx, within)
	if err != nil {
		return nil, nil, err
	}
	p, err := parquet.Open(f, f.Size(), path)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return p, f, nil
}
