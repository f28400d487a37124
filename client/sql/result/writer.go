package result

import (
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Format is how a table is printed.
type Format string

// The formats.
const (
	Table Format = "table"
	CSV   Format = "csv"
	JSON  Format = "json"
)

// Options are what formats can be told.
type Options struct {
	Null string         // of csv, what NULL is written as
	Zone *time.Location // of TIMESTAMP_LTZ; nil is UTC

	Changelog bool // of table: a first column op says what became of a row
}

// Writer prints one table.
type Writer interface {
	// Write prints the rows of a batch that count; it keeps none.
	Write(b *vector.Batch) error
	// Close ends the table. Without it what was written may be cut off.
	Close() error
}

// New begins a table of these columns.
func New(f Format, w io.Writer, columns plan.Schema, o Options) (Writer, error) {
	texts, err := newTexts(columns, f == JSON, o)
	if err != nil {
		return nil, err
	}
	switch f {
	case Table:
		return newTable(w, columns, texts, o), nil
	case CSV:
		return newCSV(w, columns, texts, o), nil
	case JSON:
		return newJSON(w, columns, texts), nil
	}
	return nil, fmt.Errorf("unknown format %q: table, csv and json are there", f)
}

// texts makes the values of a table text.
type texts struct {
	columns    plan.Schema
	evaluators []*kernel.Evaluator // nil for columns that are text or bytes
	scratch    []byte
}

// newTexts prints values that have others inside as JSON, or as all others.
func newTexts(columns plan.Schema, nestedJSON bool, o Options) (*texts, error) {
	t := &texts{columns: columns, evaluators: make([]*kernel.Evaluator, len(columns))}
	var types []datatype.Type
	for _, c := range columns {
		types = append(types, c.Type)
	}
	for i, c := range columns {
		if vector.Variable(c.Type) {
			continue
		}
		var show expr.Expr = expr.Cast{Operand: columns.Column(i), Of: datatype.String}
		if nestedJSON && c.Type.IsNested() {
			show = expr.Call{Function: expr.MustLookup("JSON_STRING"), Args: []expr.Expr{columns.Column(i)}, Of: datatype.String}
		}
		e, err := kernel.Compile(show, types, kernel.Options{Zone: o.Zone})
		if err != nil {
			return nil, fmt.Errorf("column %s cannot be printed: %w", c.Name, err)
		}
		t.evaluators[i] = e
	}
	return t, nil
}

// each calls f with the texts of each row; nil is NULL. What f is given is valid during the call.
func (t *texts) each(b *vector.Batch, f func(row [][]byte) error) error {
	columns := make([]*vector.Vector, len(t.columns))
	for i, e := range t.evaluators {
		if columns[i] = b.Columns[i]; e != nil {
			var err error
			if columns[i], err = e.Evaluate(b); err != nil {
				return err
			}
		}
	}
	row := make([][]byte, len(columns))
	for k := range b.Rows() {
		i := k
		if b.Selection != nil {
			i = int(b.Selection[k])
		}
		t.scratch = t.scratch[:0]
		for c, v := range columns {
			switch {
			case v.IsNull(i):
				row[c] = nil
			case t.columns[c].Type.IsBinary():
				at := len(t.scratch)
				t.scratch = append(t.scratch, "x'"...)
				t.scratch = hex.AppendEncode(t.scratch, v.Bytes(i))
				t.scratch = append(t.scratch, '\'')
				row[c] = t.scratch[at:]
			default:
				row[c] = v.Bytes(i)
				if row[c] == nil {
					row[c] = []byte{}
				}
			}
		}
		if err := f(row); err != nil {
			return err
		}
	}
	return nil
}
