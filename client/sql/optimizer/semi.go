package optimizer

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// semi makes a semi or anti join of a condition that is one sub-query or the opposite of one; false when it is another.
//
// NOT IN keeps a row only if no comparison is true or unknown: its anti join has the condition OR(a = b, a IS NULL, b IS NULL) where a
// or b may be NULL, from which the physical plan knows a null-aware anti join.
func (v *values) semi(c expr.Expr) (bool, error) {
	denied := false
	if n, ok := isCall(c, "NOT"); ok {
		c, denied = n.Args[0], true
	}
	s, ok := c.(plan.Subquery)
	if !ok || s.Kind == plan.ScalarQuery || s.Kind == plan.ArrayQuery {
		return false, nil
	}
	s, err := v.prepared(s)
	if err != nil {
		return false, err
	}
	if s.Kind == plan.ExistsQuery {
		s.Plan = anyRow(s.Plan)
	}
	d, err := detach(v.node, v.base, s.Plan, true)
	if err != nil {
		return false, err
	}
	kind := plan.Semi
	if denied != (s.Kind == plan.AllQuery) {
		kind = plan.Anti
	}
	conditions := slices.Concat(d.conditions, match(s, d.node.Schema(), v.width(), kind))
	v.node = &plan.Join{Kind: kind, Left: v.node, Right: d.node, Condition: and(conditions)}
	return true, nil
}

// match is for which rows of a sub-query IN, SOME and ALL are decided.
func match(s plan.Subquery, right plan.Schema, width int, kind plan.JoinKind) []expr.Expr {
	operator := "="
	if s.Operator != nil {
		operator = s.Operator.Name
	}
	parts := compared(operator, s.Operands, right, width)
	if s.Kind == plan.AllQuery {
		for i, p := range parts {
			if parts[i] = call("NOT", p); kind == plan.Anti && !p.Type().NotNull {
				parts[i] = call("IS NOT TRUE", p)
			}
		}
		return []expr.Expr{or(parts)}
	}
	if kind == plan.Semi {
		return parts
	}
	for i, p := range parts {
		alternatives := []expr.Expr{p}
		for _, side := range p.(expr.Call).Args {
			if !side.Type().NotNull {
				alternatives = append(alternatives, call("IS NULL", side))
			}
		}
		parts[i] = or(alternatives)
	}
	return parts
}

// anyRow is a plan that has a row where another has one, without what does not matter for that.
func anyRow(n plan.Node) plan.Node {
	switch m := n.(type) {
	case *plan.Project:
		return anyRow(m.Input)
	case *plan.Aggregate:
		if len(m.Groups) > 0 && m.Sets == nil {
			return anyRow(m.Input)
		}
	case *plan.Sort:
		l, limited := m.Limit.(expr.Literal)
		if m.Offset == nil && (!limited || l.Value.(int64) > 0) {
			return anyRow(m.Input)
		}
	}
	return n
}
