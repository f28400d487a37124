package optimizer

import (
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// narrowRows tells scans which fields of their ROW columns the Project and Filter above them read.
func narrowRows(n plan.Node) plan.Node {
	if p, ok := n.(*plan.Project); ok {
		if narrowed := narrowScan(p); narrowed != nil {
			return narrowed
		}
	}
	inputs := n.Inputs()
	if len(inputs) == 0 {
		return n
	}
	out := make([]plan.Node, len(inputs))
	for i, in := range inputs {
		out[i] = narrowRows(in)
	}
	return n.With(out)
}

// narrowScan gives a Project over a Scan, perhaps with Filters between, of which the scan reads parts of a column; nil where it reads all.
func narrowScan(p *plan.Project) plan.Node {
	exprs := p.Exprs
	below := p.Input
	for f, ok := below.(*plan.Filter); ok; f, ok = below.(*plan.Filter) {
		exprs = append(exprs[:len(exprs):len(exprs)], f.Condition)
		below = f.Input
	}
	scan, ok := below.(*plan.Scan)
	if !ok {
		return nil
	}
	parts := make([]*wantedParts, len(scan.Columns))
	for i := range parts {
		parts[i] = new(wantedParts)
	}
	for _, e := range exprs {
		want(e, parts)
	}
	narrowed := *scan
	narrowed.Parts = make([]datatype.Parts, len(parts))
	some := false
	for i, w := range parts {
		narrowed.Parts[i] = w.list()
		some = some || narrowed.Parts[i] != nil
	}
	if !some {
		return nil
	}
	return replaceScan(p, &narrowed)
}

func replaceScan(n plan.Node, scan *plan.Scan) plan.Node {
	if _, ok := n.(*plan.Scan); ok {
		return scan
	}
	return n.With([]plan.Node{replaceScan(n.Inputs()[0], scan)})
}

// wantedParts are the fields of a value that are read, or all of it.
type wantedParts struct {
	all    bool
	fields map[int]*wantedParts
}

// list is nil where all is wanted.
func (w *wantedParts) list() datatype.Parts {
	if w.all || w.fields == nil {
		return nil
	}
	out := datatype.Parts{}
	for i, f := range w.fields {
		out[i] = f.list()
	}
	return out
}

// field is one that is read.
func (w *wantedParts) field(i int) *wantedParts {
	if w.fields == nil {
		w.fields = map[int]*wantedParts{}
	}
	if w.fields[i] == nil {
		w.fields[i] = new(wantedParts)
	}
	return w.fields[i]
}

// want notes what an expression reads of columns.
func want(e expr.Expr, columns []*wantedParts) {
	if at := place(e, columns); at != nil {
		at.all = true
		return
	}
	for _, c := range e.Children() {
		want(c, columns)
	}
}

// place is where a column, or a field of a field of a column, is noted; nil for other expressions.
func place(e expr.Expr, columns []*wantedParts) *wantedParts {
	switch e := e.(type) {
	case expr.Column:
		return columns[e.Index]
	case expr.Field:
		if in := place(e.Operand, columns); in != nil {
			return in.field(e.Index)
		}
	}
	return nil
}
