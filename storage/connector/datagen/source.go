package datagen

import (
	"context"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/connector/slice"
	"github.com/leatproject/leat/storage/source"
)

// columns is a source of some columns: a generator of the numbers of rows, of which each makes its row.
type columns struct {
	*slice.Source[int64]
	fields []field
}

// Source is a source of some columns, in that order.
func (t *Table) Source(wanted []int) (source.Source, error) {
	o := slice.GeneratorOptions{Count: t.rows, Rate: slice.Rate{PerSecond: t.rate}, Clock: t.options.Clock}
	if t.rows == 0 {
		return none{slice.FromSequence(1, 0)}, nil
	}
	numbers, err := slice.Generator(func(i int64) int64 { return i }, o)
	c := &columns{Source: numbers}
	for _, i := range wanted {
		c.fields = append(c.fields, t.fields[i])
	}
	return c, err
}

// none is the source of a table without rows.
type none struct{ *slice.Source[int64] }

// NewReader implements source.Source.
func (c *columns) NewReader(ctx context.Context, env source.Env) (source.Reader, error) {
	numbers, err := c.Source.NewReader(ctx, env)
	return &reader{Reader: numbers, fields: c.fields, numbers: column.NewBatch[int64]()}, err
}

// reader reads the numbers of rows and makes the rows.
type reader struct {
	source.Reader
	fields  []field
	numbers *column.Batch
}

// Fetch implements source.Reader.
func (r *reader) Fetch(ctx context.Context, out *column.Batch) (source.Split, error) {
	column.SetRows(r.numbers, column.Rows[int64](r.numbers)[:0])
	r.numbers.SetRowLimit(out.RowLimit())
	after, err := r.Reader.Fetch(ctx, r.numbers)
	rows := column.Rows[int64](r.numbers)
	b := column.Vectors(out)
	b.Length, b.Selection = len(rows), nil
	for i, f := range r.fields {
		first := int64(0)
		if len(rows) > 0 {
			first = rows[0]
		}
		f.fill(b.Columns[i], first, first+int64(len(rows)))
	}
	return after, err
}
