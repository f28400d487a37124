package result

import (
	"io"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/storage/vector"
)

// changelog prints rows as Flink's connector print does.
type changelog struct {
	texts  *texts
	out    io.Writer
	prefix string
	buf    []byte
}

// NewChangelog begins a table whose rows are lines PREFIX+I[1, a]. Each batch is written at once.
func NewChangelog(w io.Writer, columns plan.Schema, o Options, prefix string) (Writer, error) {
	t, err := newTexts(columns, false, o)
	return &changelog{texts: t, out: w, prefix: prefix}, err
}

// Write implements Writer.
func (c *changelog) Write(b *vector.Batch) error {
	c.buf = c.buf[:0]
	err := c.texts.each(b, func(row [][]byte) error {
		c.buf = append(append(c.buf, c.prefix...), "+I["...)
		for i, s := range row {
			if i > 0 {
				c.buf = append(c.buf, ", "...)
			}
			if s == nil {
				s = []byte("null")
			}
			c.buf = append(c.buf, s...)
		}
		c.buf = append(c.buf, "]\n"...)
		return nil
	})
	if err != nil {
		return err
	}
	_, err = c.out.Write(c.buf)
	return err
}

// Close implements Writer.
func (c *changelog) Close() error { return nil }
