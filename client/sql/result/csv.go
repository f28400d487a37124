package result

import (
	"bufio"
	"bytes"
	"io"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/storage/vector"
)

// csv is RFC 4180 with line feeds.
type csv struct {
	texts *texts
	out   *bufio.Writer
	null  string
}

func newCSV(w io.Writer, columns plan.Schema, t *texts, o Options) *csv {
	c := &csv{t, bufio.NewWriter(w), o.Null}
	for i, name := range columns.Names() {
		c.field(i, []byte(name))
	}
	c.out.WriteByte('\n')
	return c
}

// field writes a value; errors of the writer are kept by it until Flush.
func (c *csv) field(i int, s []byte) {
	if i > 0 {
		c.out.WriteByte(',')
	}
	switch {
	case s == nil:
		c.out.WriteString(c.null)
	case len(s) == 0 || string(s) == c.null || bytes.ContainsAny(s, ",\"\r\n"):
		c.out.WriteByte('"')
		c.out.Write(bytes.ReplaceAll(s, []byte{'"'}, []byte(`""`)))
		c.out.WriteByte('"')
	default:
		c.out.Write(s)
	}
}

// Write implements Writer.
func (c *csv) Write(b *vector.Batch) error {
	return c.texts.each(b, func(row [][]byte) error {
		for i, s := range row {
			c.field(i, s)
		}
		return c.out.WriteByte('\n')
	})
}

// Close implements Writer.
func (c *csv) Close() error { return c.out.Flush() }
