package optimizer

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

var (
	always = expr.Literal{Value: true, Of: datatype.Boolean.Required()}
	never  = expr.Literal{Value: false, Of: datatype.Boolean.Required()}
)

// call makes a call of a function of the table over arguments that need no casts.
func call(name string, args ...expr.Expr) expr.Expr {
	f := expr.MustLookup(name)
	known := make([]expr.Argument, len(args))
	for i, a := range args {
		known[i].Type = a.Type()
	}
	r, err := f.Resolve(known)
	if err != nil {
		panic("optimizer: " + err.Error())
	}
	return expr.Call{Function: f, Args: args, Of: r.Result}
}

// isCall gives the call of a function by its name.
func isCall(e expr.Expr, name string) (expr.Call, bool) {
	c, ok := e.(expr.Call)
	return c, ok && c.Function.Name == name
}

// constant says whether an expression is this BOOLEAN literal; NULL counts as false, for conditions.
func constant(e expr.Expr, value bool) bool {
	l, ok := e.(expr.Literal)
	if !ok {
		return false
	}
	v, known := l.Value.(bool)
	return known && v == value || l.Value == nil && !value
}

// conjuncts are the parts of a condition, all of which must be true; none for TRUE.
func conjuncts(e expr.Expr) []expr.Expr {
	if c, ok := isCall(e, "AND"); ok {
		var out []expr.Expr
		for _, a := range c.Args {
			out = append(out, conjuncts(a)...)
		}
		return out
	}
	if constant(e, true) {
		return nil
	}
	return []expr.Expr{e}
}

// disjuncts are the parts of a condition, one of which must be true.
func disjuncts(e expr.Expr) []expr.Expr {
	if c, ok := isCall(e, "OR"); ok {
		var out []expr.Expr
		for _, a := range c.Args {
			out = append(out, disjuncts(a)...)
		}
		return out
	}
	return []expr.Expr{e}
}

// and puts conditions together, each once.
func and(list []expr.Expr) expr.Expr {
	list = unique(list)
	switch len(list) {
	case 0:
		return always
	case 1:
		return list[0]
	}
	return call("AND", list...)
}

func or(list []expr.Expr) expr.Expr {
	if list = unique(list); len(list) == 1 {
		return list[0]
	}
	return call("OR", list...)
}

func unique(list []expr.Expr) []expr.Expr {
	seen := map[string]bool{}
	var out []expr.Expr
	for _, e := range list {
		if s := e.String(); !seen[s] {
			seen[s] = true
			out = append(out, e)
		}
	}
	return out
}

// filtered puts a Filter over a node, if there is a condition.
func filtered(n plan.Node, conditions []expr.Expr) plan.Node {
	if len(conditions) == 0 {
		return n
	}
	return &plan.Filter{Input: n, Condition: and(conditions)}
}

// mapColumns replaces columns. What was NOT NULL may be NULL then, if what it is computed from now may be.
func mapColumns(e expr.Expr, f func(expr.Column) expr.Expr) expr.Expr {
	if c, ok := e.(expr.Column); ok {
		return f(c)
	}
	children := e.Children()
	if len(children) == 0 {
		return e
	}
	out := make([]expr.Expr, len(children))
	weaker := false
	for i, c := range children {
		out[i] = mapColumns(c, f)
		weaker = weaker || c.Type().NotNull && !out[i].Type().NotNull
	}
	e = e.With(out)
	if !weaker {
		return e
	}
	switch e := e.(type) {
	case expr.Call:
		if nullableCall(e) {
			e.Of = e.Of.Nullable()
		}
		return e
	case expr.Cast:
		e.Of = e.Of.Nullable()
		return e
	case expr.Field:
		e.Of = e.Of.Nullable()
		return e
	}
	return e
}

// nullableCall says whether a call may give NULL because an argument may be.
func nullableCall(c expr.Call) bool {
	known := make([]expr.Argument, len(c.Args))
	for i, a := range c.Args {
		known[i].Type = a.Type()
	}
	r, err := c.Function.Resolve(known)
	return err == nil && !r.Result.NotNull
}

// shift moves columns from a place on.
func shift(e expr.Expr, from, by int) expr.Expr {
	if by == 0 {
		return e
	}
	return mapColumns(e, func(c expr.Column) expr.Expr {
		if c.Index >= from {
			c.Index += by
		}
		return c
	})
}

func shiftAll(list []expr.Expr, from, by int) []expr.Expr {
	out := make([]expr.Expr, len(list))
	for i, e := range list {
		out[i] = shift(e, from, by)
	}
	return out
}

// substitute replaces columns by expressions, one for each column.
func substitute(e expr.Expr, by []expr.Expr) expr.Expr {
	return mapColumns(e, func(c expr.Column) expr.Expr { return by[c.Index] })
}

// renumber moves columns to other places.
func renumber(e expr.Expr, to []int) expr.Expr {
	return mapColumns(e, func(c expr.Column) expr.Expr {
		c.Index = to[c.Index]
		return c
	})
}

// columnsOf are the columns that an expression reads, in order.
func columnsOf(list ...expr.Expr) []int {
	var out []int
	for _, e := range list {
		expr.Walk(e, func(e expr.Expr) bool {
			if c, ok := e.(expr.Column); ok && !slices.Contains(out, c.Index) {
				out = append(out, c.Index)
			}
			return true
		})
	}
	slices.Sort(out)
	return out
}

// within says whether an expression reads only columns from a place to before another.
func within(e expr.Expr, from, to int) bool {
	for _, c := range columnsOf(e) {
		if c < from || c >= to {
			return false
		}
	}
	return true
}

// volatile says whether an expression gives another value each time.
func volatile(e expr.Expr) bool {
	found := false
	expr.Walk(e, func(e expr.Expr) bool {
		if c, ok := e.(expr.Call); ok && c.Function.Volatile {
			found = true
		}
		return !found
	})
	return found
}

// columnsFrom are references to all columns of a schema.
func columnsFrom(s plan.Schema) []expr.Expr {
	out := make([]expr.Expr, len(s))
	for i := range s {
		out[i] = s.Column(i)
	}
	return out
}

// picked projects a node to some of its columns.
func picked(n plan.Node, columns []int) plan.Node {
	schema := n.Schema()
	p := &plan.Project{Input: n}
	for _, c := range columns {
		p.Exprs = append(p.Exprs, schema.Column(c))
		p.Names = append(p.Names, schema[c].Name)
	}
	return p
}

// span is the numbers from one to before another.
func span(from, to int) []int {
	var out []int
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

// extended adds computed columns behind those of a node and says where they are; what is a column already is not added.
func extended(n plan.Node, list []expr.Expr) (plan.Node, []int) {
	schema := n.Schema()
	at := make([]int, len(list))
	p := &plan.Project{Input: n, Exprs: columnsFrom(schema), Names: schema.Names()}
	for i, e := range list {
		if c, ok := e.(expr.Column); ok {
			at[i] = c.Index
			continue
		}
		at[i] = len(p.Exprs)
		p.Exprs = append(p.Exprs, e)
		p.Names = append(p.Names, "$key")
	}
	if len(p.Exprs) == len(schema) {
		return n, at
	}
	return p, at
}
