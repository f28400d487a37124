package physical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/storage/datatype"
)

// compiles says what of expressions is not vectorised.
func (p *planner) compiles(input []datatype.Type, exprs ...expr.Expr) error {
	for _, e := range exprs {
		if e == nil {
			continue
		}
		if _, ok := e.(expr.Column); ok {
			continue
		}
		if _, err := kernel.Compile(e, input, p.kernel); err != nil {
			return err
		}
	}
	return nil
}

// conjuncts are the conditions that AND combines.
func conjuncts(e expr.Expr) []expr.Expr {
	if c, ok := e.(expr.Call); ok && c.Function.Name == "AND" {
		var out []expr.Expr
		for _, a := range c.Args {
			out = append(out, conjuncts(a)...)
		}
		return out
	}
	if e == nil {
		return nil
	}
	return []expr.Expr{e}
}

// scan reads a table. The condition is what its reader keeps.
func (p *planner) scan(n *plan.Scan, condition expr.Expr) (*Node, error) {
	stream, of, err := p.Tables.Stream(n)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", strings.Join(n.Path, "."), err)
	}
	if stream != nil {
		return p.stream(n, stream, of)
	}
	src, err := p.Tables.Source(n, conjuncts(condition))
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", strings.Join(n.Path, "."), err)
	}
	columns := n.Columns
	log, changes := src.(interface{ Changes() bool })
	if changes = changes && log.Changes(); changes {
		columns = withKinds(columns)
	}
	_, counted := p.Tables.Rows(n)
	return &Node{Kind: "TableSourceScan", Columns: columns, source: src, rows: p.Estimate(n), counted: counted, changes: changes, describe: func(infix bool) string {
		s := "table=[[" + strings.Join(n.Path, ", ")
		if condition != nil {
			s += ", filter=[" + list(conjuncts(condition), func(e expr.Expr) string { return text(e, n.Columns, infix) }) + "]"
		}
		if read := n.Read(); read != nil {
			s += ", project=[" + strings.Join(read, ", ") + "]"
		}
		return s + "]], fields=[" + strings.Join(n.Columns.Names(), ", ") + "]"
	}}, nil
}

// stream reads a stream of the program, of which the scan may want some columns.
func (p *planner) stream(n *plan.Scan, from *datastream.Vectors, of []string) (*Node, error) {
	columns := make(plan.Schema, len(of))
	for i, t := range from.Types() {
		columns[i] = plan.Column{Name: of[i], Type: t}
	}
	in := &Node{Kind: "DataStreamScan", Columns: columns, stream: from, rows: defaultRows, describe: func(bool) string {
		return "table=[[" + strings.Join(n.Path, ", ") + "]], fields=[" + strings.Join(of, ", ") + "]"
	}}
	if !n.Projected {
		return in, nil
	}
	exprs := make([]expr.Expr, len(n.Columns))
	for i, c := range n.Columns {
		exprs[i] = expr.Column{Index: slices.Index(of, c.Name), Of: c.Type}
	}
	return p.calc(in, nil, exprs, n.Columns.Names(), n.Columns)
}

// sink writes a table.
func (p *planner) sink(n *plan.Sink) (*Node, error) {
	in, err := p.plan(n.Input)
	if err != nil {
		return nil, err
	}
	to, err := p.Tables.Sink(n)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", strings.Join(n.Path, "."), err)
	}
	return &Node{Kind: "Sink", Inputs: []*Node{in}, sink: to, describe: func(bool) string {
		s := "table=[" + strings.Join(n.Path, ".") + "], fields=[" + strings.Join(n.Columns.Names(), ", ") + "]"
		if n.Overwrite {
			s += ", overwrite=[true]"
		}
		return s
	}}, nil
}
