package optimizer

import (
	"fmt"
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// unnesting makes joins of all sub-queries of a plan, from the inside out. A node that stands in several places is done once.
type unnesting struct{ done map[plan.Node]plan.Node }

// removeSubqueries gives a plan without Subquery and Outer, whose Correlates have an Unnest at the right.
func removeSubqueries(n plan.Node) (plan.Node, error) {
	u := &unnesting{done: map[plan.Node]plan.Node{}}
	return u.node(n)
}

func (u *unnesting) node(n plan.Node) (plan.Node, error) {
	if out, ok := u.done[n]; ok {
		return out, nil
	}
	out := n
	if inputs := n.Inputs(); len(inputs) > 0 {
		changed := make([]plan.Node, len(inputs))
		for i, in := range inputs {
			var err error
			if changed[i], err = u.node(in); err != nil {
				return nil, err
			}
		}
		out = n.With(changed)
	}
	out, err := u.expressions(out)
	if err != nil {
		return nil, err
	}
	u.done[n] = out
	return out, nil
}

func (u *unnesting) expressions(n plan.Node) (plan.Node, error) {
	switch n := n.(type) {
	case *plan.Filter:
		return u.filter(n)
	case *plan.Project:
		return u.project(n)
	case *plan.Join:
		return u.join(n)
	case *plan.Correlate:
		if hasSubquery(n.Condition) {
			return u.correlated(n)
		}
		return uncorrelate(n)
	case *plan.Values:
		return u.values(n)
	}
	return n, u.none(n)
}

// none fails where a sub-query stands that cannot be taken out.
func (u *unnesting) none(n plan.Node) (err error) {
	plan.MapExprs(n, func(e expr.Expr) expr.Expr {
		if hasSubquery(e) {
			err = fmt.Errorf("a sub-query cannot stand here: compute it in a SELECT below")
		}
		return e
	})
	return err
}

func hasSubquery(e expr.Expr) bool {
	found := false
	expr.Walk(e, func(e expr.Expr) bool {
		if _, ok := e.(plan.Subquery); ok {
			found = true
		}
		return !found
	})
	return found
}

// filter makes semi and anti joins of the conditions that are sub-queries, and values of the others.
func (u *unnesting) filter(n *plan.Filter) (plan.Node, error) {
	if !hasSubquery(n.Condition) {
		return n, nil
	}
	width := len(n.Schema())
	var plain, rest []expr.Expr
	for _, c := range conjuncts(pushNot(n.Condition)) {
		if hasSubquery(c) {
			rest = append(rest, c)
		} else {
			plain = append(plain, c)
		}
	}
	v := u.beside(filtered(n.Input, plain))
	var conditions []expr.Expr
	for _, c := range rest {
		done, err := v.semi(c)
		if err != nil {
			return nil, err
		}
		if done {
			continue
		}
		if c, err = v.replace(c, true); err != nil {
			return nil, err
		}
		conditions = append(conditions, c)
	}
	out := filtered(v.node, conditions)
	if len(out.Schema()) == width {
		return out, nil
	}
	return picked(out, span(0, width)), nil
}

// pushNot brings NOT below AND and OR and puts it next to what it denies.
func pushNot(e expr.Expr) expr.Expr { return pushNotIn(e, false) }

func pushNotIn(e expr.Expr, denied bool) expr.Expr {
	c, ok := e.(expr.Call)
	if ok {
		switch c.Function.Name {
		case "NOT":
			return pushNotIn(c.Args[0], !denied)
		case "AND", "OR":
			args := make([]expr.Expr, len(c.Args))
			for i, a := range c.Args {
				args[i] = pushNotIn(a, denied)
			}
			if (c.Function.Name == "AND") != denied {
				return call("AND", args...)
			}
			return call("OR", args...)
		}
	}
	if denied {
		return call("NOT", e)
	}
	return e
}

func (u *unnesting) project(n *plan.Project) (plan.Node, error) {
	if !slices.ContainsFunc(n.Exprs, hasSubquery) {
		return n, nil
	}
	v := u.beside(n.Input)
	out := &plan.Project{Names: n.Names}
	for _, e := range n.Exprs {
		e, err := v.replace(e, false)
		if err != nil {
			return nil, err
		}
		out.Exprs = append(out.Exprs, e)
	}
	out.Input = v.node
	return out, nil
}

// join takes sub-queries out of ON: above an inner join, else below, at the side whose columns they read.
func (u *unnesting) join(n *plan.Join) (plan.Node, error) {
	if !hasSubquery(n.Condition) {
		return n, nil
	}
	out := *n
	if n.Kind == plan.Inner {
		out.Condition = always
		return u.filter(&plan.Filter{Input: &out, Condition: n.Condition})
	}
	width := len(n.Left.Schema())
	l, r := u.beside(n.Left), u.beside(n.Right)
	var stay []expr.Expr
	for _, c := range conjuncts(n.Condition) {
		at := rowColumns(c)
		var err error
		switch {
		case !hasSubquery(c):
		case len(at) == 0 || at[0] >= width:
			if c, err = r.replace(moved(c, -width), true); err != nil {
				return nil, err
			}
			c = shift(c, 0, width)
		case at[len(at)-1] < width:
			if c, err = l.replace(c, true); err != nil {
				return nil, err
			}
			c = mapColumns(c, func(c expr.Column) expr.Expr {
				if c.Index >= width {
					c.Index += 1 << 20
				}
				return c
			})
		default:
			return nil, fmt.Errorf("in ON of a %s join a sub-query cannot take columns of both sides", n.Kind)
		}
		stay = append(stay, c)
	}
	return placed(n, l.node, r.node, stay), nil
}

// placed joins sides that are wider than those of a join, and gives the join's columns. Columns that were added at the left are numbered
// from 1<<20 on, together with the width.
func placed(n *plan.Join, left, right plan.Node, conditions []expr.Expr) plan.Node {
	width, wider := len(n.Left.Schema()), len(left.Schema())
	for i, c := range conditions {
		conditions[i] = mapColumns(c, func(c expr.Column) expr.Expr {
			switch {
			case c.Index >= 1<<20:
				c.Index -= 1 << 20
			case c.Index >= width:
				c.Index += wider - width
			}
			return c
		})
	}
	out := &plan.Join{Kind: n.Kind, Left: left, Right: right, Condition: and(conditions), Hints: n.Hints}
	return picked(out, slices.Concat(span(0, width), span(wider, wider+len(n.Schema())-width)))
}

// rowColumns are the columns of the row that an expression reads, those that its sub-queries take from it too.
func rowColumns(e expr.Expr) []int {
	out := columnsOf(e)
	expr.Walk(e, func(e expr.Expr) bool {
		if s, ok := e.(plan.Subquery); ok {
			plan.ReplaceOuter(s.Plan, func(o plan.Outer) expr.Expr {
				out = append(out, o.Index)
				return o
			})
		}
		return true
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// moved moves the columns of the row that an expression and its sub-queries read.
func moved(e expr.Expr, by int) expr.Expr {
	return expr.Rewrite(shift(e, 0, by), func(e expr.Expr) expr.Expr {
		if s, ok := e.(plan.Subquery); ok {
			s.Plan = plan.ReplaceOuter(s.Plan, func(o plan.Outer) expr.Expr {
				o.Index += by
				return o
			})
			return s
		}
		return e
	})
}

// correlated takes sub-queries out of the condition of an inner LATERAL join.
func (u *unnesting) correlated(n *plan.Correlate) (plan.Node, error) {
	if n.Kind != plan.Inner {
		return nil, fmt.Errorf("in ON of a LEFT JOIN LATERAL no sub-query can stand: put it into WHERE of the LATERAL query")
	}
	c, err := uncorrelate(&plan.Correlate{Kind: n.Kind, Left: n.Left, Right: n.Right, Condition: always})
	if err != nil {
		return nil, err
	}
	return u.filter(&plan.Filter{Input: c, Condition: n.Condition})
}

// values computes rows that have sub-queries by a Project each.
func (u *unnesting) values(n *plan.Values) (plan.Node, error) {
	if !slices.ContainsFunc(n.Rows, func(r []expr.Expr) bool { return slices.ContainsFunc(r, hasSubquery) }) {
		return n, nil
	}
	var out plan.Node
	for _, r := range n.Rows {
		row := &plan.Project{Input: &plan.Values{Rows: [][]expr.Expr{{}}}, Exprs: r, Names: n.Columns.Names()}
		p, err := u.project(row)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = p
		} else {
			out = &plan.SetOperation{Kind: plan.Union, All: true, Left: out, Right: p}
		}
	}
	return out, nil
}
