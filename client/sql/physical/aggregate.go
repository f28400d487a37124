package physical

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/operator/relational"
)

// aggregate groups in two phases, around the exchange, unless the rows are on one task or a call has DISTINCT.
func (p *planner) aggregate(n *plan.Aggregate) (*Node, error) {
	in, err := p.planChanges(n.Input)
	if err != nil {
		return nil, err
	}
	if in.changes && n.Sets == nil { // the rows of a group meet once, before and behind
		in = settled(in, n.Groups)
		in.met = true
	} else if in, err = p.plan(n.Input); err != nil {
		return nil, err
	}
	if n.Sets == nil {
		return p.grouped(in, n.Groups, nil, n.Calls, n.Schema())
	}
	expanded := expand(in, n.Groups, n.Sets)
	var groups []int
	for i := len(in.Columns); i < len(expanded.Columns); i++ {
		groups = append(groups, i)
	}
	return p.grouped(expanded, groups, n.Sets, n.Calls, n.Schema())
}

// expand gives each row for each grouping set.
func expand(in *Node, groups []int, sets [][]int) *Node {
	of := func() *relational.Expand {
		return &relational.Expand{Input: in.types(), Groups: groups, Sets: sets}
	}
	columns := slices.Clone(in.Columns)
	for i, t := range of().Output()[len(in.Columns):] {
		name := "$e"
		if i < len(groups) {
			name = in.Columns[groups[i]].Name
		}
		columns = append(columns, plan.Column{Name: name, Type: t})
	}
	return &Node{Kind: "Expand", Columns: columns, Inputs: []*Node{in}, rows: in.rows * float64(len(sets)), single: in.single,
		operator: func() operator.Operator { return of() },
		describe: func(bool) string {
			return "sets=[" + list(sets, func(set []int) string { return "{" + names(in.Columns, set) + "}" }) + "]"
		}}
}

// distinct gives each row once.
func (p *planner) distinct(in *Node) (*Node, error) {
	return p.grouped(in, allOf(len(in.Columns)), nil, nil, in.Columns)
}

func (p *planner) grouped(in *Node, groups []int, sets [][]int, calls []plan.AggregateCall, columns plan.Schema) (*Node, error) {
	made := make([]relational.Call, len(calls))
	phases := !in.single && !in.met
	for i, c := range calls {
		made[i] = relational.Call{Function: c.Function, Args: c.Args, Constant: c.Constant, Distinct: c.Distinct, Filter: c.Filter,
			OrderBy: sortKeys(c.OrderBy), IgnoreNulls: c.IgnoreNulls, Type: c.Type}
		phases = phases && !c.Distinct
	}
	rowTypes := in.types()
	of := func(phase relational.Phase) *relational.Aggregate {
		return &relational.Aggregate{Input: rowTypes, Groups: groups, Sets: sets, Calls: made, Phase: phase, Options: p.kernel}
	}
	partial, err := of(relational.Local).Partial()
	if err != nil {
		return nil, err
	}
	groupsOf := func(phase relational.Phase) []int {
		switch {
		case sets != nil:
			return nil
		case phase == relational.Global: // of what the local phase gives
			return allOf(len(groups))
		}
		return groups
	}
	node := func(kind string, phase relational.Phase, below *Node, out plan.Schema) *Node {
		return &Node{Kind: kind, Columns: out, Inputs: []*Node{below}, rows: max(1, below.rows/4), single: below.single, from: fromGroups(groupsOf(phase)),
			operator: func() operator.Operator { return of(phase) },
			describe: func(bool) string { return describeAggregate(in.Columns, groups, calls, phase == relational.Global) }}
	}
	meet := func(below *Node, keys []int) *Node {
		switch {
		case below.met:
			return below
		case len(keys) == 0:
			return gathered(below)
		}
		return hashed(below, keys)
	}
	if !phases {
		return node("HashAggregate", relational.Complete, meet(in, groups), columns), nil
	}
	states := make(plan.Schema, len(partial))
	keys := make([]int, len(groups))
	for i, t := range partial {
		states[i] = plan.Column{Name: "state$" + itoa(i), Type: t}
		if i < len(groups) {
			states[i].Name, keys[i] = in.Columns[groups[i]].Name, i
		}
	}
	local := node("LocalHashAggregate", relational.Local, in, states)
	return node("HashAggregate", relational.Global, meet(local, keys), columns), nil
}

func describeAggregate(columns plan.Schema, groups []int, calls []plan.AggregateCall, merge bool) string {
	s := ""
	if merge {
		s = "isMerge=[true], "
	}
	if len(groups) > 0 {
		s += "groupBy=[" + names(columns, groups) + "], "
	}
	parts := list(groups, func(g int) string { return columns[g].Name })
	for _, c := range calls {
		if parts != "" {
			parts += ", "
		}
		parts += describeCall(columns, c) + " AS " + c.Name
	}
	return s + "select=[" + parts + "]"
}

func describeCall(columns plan.Schema, c plan.AggregateCall) string {
	s := c.Function.Name + "("
	if c.Distinct {
		s += "DISTINCT "
	}
	if len(c.Args) == 0 {
		s += "*"
	}
	s += names(columns, c.Args)
	for _, l := range c.Constant {
		s += ", " + l.String()
	}
	s += ")"
	if len(c.OrderBy) > 0 {
		s += " WITHIN GROUP (" + order(columns, c.OrderBy) + ")"
	}
	if c.Filter >= 0 {
		s += " FILTER " + columns[c.Filter].Name
	}
	return s
}
