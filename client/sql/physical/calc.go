package physical

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
)

// project is a Calc, together with a filter below.
func (p *planner) project(n *plan.Project) (*Node, error) {
	if f, ok := n.Input.(*plan.Filter); ok && p.done[f] == nil {
		in, err := p.filtered(f)
		if err != nil {
			return nil, err
		}
		return p.calc(in, f.Condition, n.Exprs, n.Names, n.Schema())
	}
	if p.readers[n.Input] == 1 {
		switch below := n.Input.(type) {
		case *plan.Join:
			return p.projected(n, below, func(give []int, columns plan.Schema) (*Node, error) { return p.join(below, give, columns) })
		case *plan.Correlate:
			return p.projected(n, below, func(give []int, columns plan.Schema) (*Node, error) { return p.correlate(below, give, columns) })
		}
	}
	in, err := p.planChanges(n.Input)
	if err != nil {
		return nil, err
	}
	return p.calc(in, nil, n.Exprs, n.Names, n.Schema())
}

// projected has the node below give only what is read of it, and computes nothing of that if it is columns.
func (p *planner) projected(n *plan.Project, below plan.Node, make func(give []int, columns plan.Schema) (*Node, error)) (*Node, error) {
	schema := below.Schema()
	var need []int
	var columns plan.Schema
	for i, e := range n.Exprs {
		c, ok := e.(expr.Column)
		if !ok {
			break
		}
		need, columns = append(need, c.Index), append(columns, plan.Column{Name: n.Names[i], Type: schema[c.Index].Type})
	}
	if len(need) == len(n.Exprs) && len(need) > 0 {
		return make(need, columns)
	}
	need, columns = read(n.Exprs), nil
	for _, c := range need {
		columns = append(columns, schema[c])
	}
	in, err := make(need, columns)
	if err != nil {
		return nil, err
	}
	in.rows = p.Estimate(below)
	exprs := slices.Clone(n.Exprs)
	for i, e := range exprs {
		exprs[i] = expr.Rewrite(e, func(e expr.Expr) expr.Expr {
			if c, ok := e.(expr.Column); ok {
				c.Index = slices.Index(need, c.Index)
				return c
			}
			return e
		})
	}
	return p.calc(in, nil, exprs, n.Names, n.Schema())
}

// read are the columns that expressions read, in order.
func read(exprs []expr.Expr) []int {
	need := []int{}
	for _, e := range exprs {
		expr.Walk(e, func(e expr.Expr) bool {
			if c, ok := e.(expr.Column); ok && !slices.Contains(need, c.Index) {
				need = append(need, c.Index)
			}
			return true
		})
	}
	slices.Sort(need)
	return need
}

func (p *planner) filter(n *plan.Filter) (*Node, error) {
	in, err := p.filtered(n)
	if err != nil {
		return nil, err
	}
	return p.calc(in, n.Condition, nil, nil, n.Schema())
}

// filtered plans the input of a filter; a table is shown what is wanted of it.
func (p *planner) filtered(n *plan.Filter) (*Node, error) {
	if s, ok := n.Input.(*plan.Scan); ok && p.done[s] == nil {
		return p.scan(s, n.Condition)
	}
	return p.planChanges(n.Input)
}

// calc computes columns of the rows for which a condition holds; either may be nil.
func (p *planner) calc(in *Node, condition expr.Expr, exprs []expr.Expr, as []string, columns plan.Schema) (*Node, error) {
	if in.changes && (isVolatile(condition) || isVolatile(exprs...)) {
		in = settled(in, everyColumn(in))
	}
	made := exprs
	if in.changes {
		columns = withKinds(columns)
		if exprs != nil {
			made = append(exprs[:len(exprs):len(exprs)], expr.Column{Index: len(in.Columns) - 1, Of: kindColumn.Type})
		}
	}
	make := func() *relational.Calc {
		return &relational.Calc{Input: in.types(), Condition: condition, Projections: made, Options: p.kernel}
	}
	if err := p.compiles(in.types(), append([]expr.Expr{condition}, exprs...)...); err != nil {
		return nil, err
	}
	rows := in.rows
	if condition != nil {
		rows = max(1, rows/4)
	}
	return &Node{Kind: "Calc", Columns: columns, Inputs: []*Node{in}, rows: rows, single: in.single, changes: in.changes, from: fromColumns(made),
		operator: func() operator.Operator { return make() },
		describe: func(infix bool) string {
			var s string
			if exprs == nil {
				s = "select=[" + list(in.visible(), func(c plan.Column) string { return c.Name }) + "]"
			} else {
				s = "select=[" + selected(exprs, as, in.Columns, infix) + "]"
			}
			if condition != nil {
				s += ", where=[" + text(condition, in.Columns, infix) + "]"
			}
			return s
		}}, nil
}

func (p *planner) values(n *plan.Values) (*Node, error) {
	for _, r := range n.Rows {
		if err := p.compiles(nil, r...); err != nil {
			return nil, err
		}
	}
	columns := n.Schema()
	return &Node{Kind: "Values", Columns: columns, rows: float64(len(n.Rows)), single: true,
		operator: func() operator.Operator {
			return &relational.Values{Columns: types(columns), Rows: n.Rows, Options: p.kernel}
		},
		describe: func(infix bool) string {
			return "tuples=[[" + list(n.Rows, func(r []expr.Expr) string {
				return "{ " + list(r, func(e expr.Expr) string { return text(e, nil, infix) }) + " }"
			}) + "]]"
		}}, nil
}
