package result

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/storage/vector"
)

// measuredRows are the rows that columns are measured by. Those behind them are printed as they come: a result does not have to fit
// into memory.
const measuredRows = 1000

// table draws columns as wide as the widest of their first values.
type table struct {
	texts     *texts
	out       *bufio.Writer
	names     []string
	widths    []int // nil until the head is drawn
	rows      [][]string
	count     int
	changelog bool
}

func newTable(w io.Writer, columns plan.Schema, t *texts, o Options) *table {
	names := columns.Names()
	if o.Changelog {
		names = append([]string{"op"}, names...)
	}
	return &table{texts: t, out: bufio.NewWriter(w), names: names, changelog: o.Changelog}
}

var visible = strings.NewReplacer("\n", "\\n", "\r", "\\r", "\t", "\\t")

// Write implements Writer.
func (t *table) Write(b *vector.Batch) error {
	err := t.texts.each(b, func(row [][]byte) error {
		cells := make([]string, 0, len(t.names))
		if t.changelog {
			cells = append(cells, "+I")
		}
		for _, s := range row {
			if s == nil {
				cells = append(cells, "<NULL>")
				continue
			}
			cells = append(cells, visible.Replace(string(s)))
		}
		t.count++
		if t.widths != nil {
			t.line(cells)
			return nil
		}
		if t.rows = append(t.rows, cells); len(t.rows) == measuredRows {
			t.head()
		}
		return nil
	})
	if err == nil && t.widths != nil {
		err = t.out.Flush()
	}
	return err
}

// head draws what is there and fixes the columns.
func (t *table) head() {
	t.widths = make([]int, len(t.names))
	for _, row := range append([][]string{t.names}, t.rows...) {
		for i, cell := range row {
			t.widths[i] = max(t.widths[i], width(cell))
		}
	}
	t.rule()
	t.line(t.names)
	t.rule()
	for _, row := range t.rows {
		t.line(row)
	}
	t.rows = nil
}

// Close implements Writer.
func (t *table) Close() error {
	if t.count == 0 {
		t.out.WriteString("Empty set\n")
		return t.out.Flush()
	}
	if t.widths == nil {
		t.head()
	}
	t.rule()
	if t.count == 1 {
		t.out.WriteString("1 row in set\n")
	} else {
		t.out.WriteString(strconv.Itoa(t.count) + " rows in set\n")
	}
	return t.out.Flush()
}

func (t *table) rule() {
	for _, w := range t.widths {
		t.out.WriteString("+" + strings.Repeat("-", w+2))
	}
	t.out.WriteString("+\n")
}

func (t *table) line(cells []string) {
	for i, cell := range cells {
		t.out.WriteString("| " + strings.Repeat(" ", max(t.widths[i]-width(cell), 0)) + cell + " ")
	}
	t.out.WriteString("|\n")
}

// width is the columns of a terminal that a text takes: those of East Asian scripts and pictures count double, marks not at all.
func width(s string) int {
	if utf8.RuneCountInString(s) == len(s) {
		return len(s)
	}
	n := 0
	for _, r := range s {
		switch {
		case r >= 0x300 && r <= 0x36f || r == 0x200b || r == 0xfe0f:
		case r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff ||
			r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f300 && r <= 0x1faff ||
			r >= 0x20000 && r <= 0x3fffd):
			n += 2
		default:
			n++
		}
	}
	return n
}
