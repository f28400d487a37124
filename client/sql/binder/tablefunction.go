package binder

import (
	"slices"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// windowFunctions are the parameters of the window table functions, by the names that calls may use; SIZE and the like are intervals.
var windowFunctions = map[string][]string{
	"TUMBLE":   {"DATA", "TIMECOL", "SIZE", "OFFSET"},
	"HOP":      {"DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"},
	"CUMULATE": {"DATA", "TIMECOL", "STEP", "SIZE", "OFFSET"},
	"SESSION":  {"DATA", "TIMECOL", "GAP"},
}

// tableFunction binds a function in FROM.
func (ns *names) tableFunction(t *ast.TableFunction, outer *scope) (plan.Node, *scope) {
	name := strings.ToUpper(t.Call.Name.Last())
	params, ok := windowFunctions[name]
	if !ok {
		known := []string{"TUMBLE", "HOP", "CUMULATE", "SESSION"}
		failHint(t.Call.Pos, suggest(name, known), "there is no table function %s", t.Call.Name.Dotted())
	}
	args := named(t.Call, params)
	table, ok := args[0].(*ast.TableArgument)
	if !ok {
		fail(t.Call.Pos, "the first argument of %s is TABLE name", name)
	}
	n, sc := ns.tableArgument(table, outer)
	w := &plan.WindowTable{Input: n, Kind: name, Time: timeArgument(args[1], sc, name)}
	x := &expressions{names: ns, scope: sc, clause: name}
	if len(table.PartitionBy) > 0 {
		if name != "SESSION" {
			fail(table.PartitionBy[0].Position(), "%s takes no PARTITION BY", name)
		}
		w.PartitionBy = x.all(table.PartitionBy)
	}
	for i, a := range args[2:] {
		if a == nil {
			if params[i+2] == "OFFSET" {
				continue
			}
			fail(t.Call.Pos, "%s has no %s", name, params[i+2])
		}
		size := duration(a.Position(), x.bind(a))
		if ms := size.Value.(int64); ms <= 0 && params[i+2] != "OFFSET" {
			fail(a.Position(), "the %s of %s must be more than 0", params[i+2], name)
		}
		w.Args = append(w.Args, size)
	}
	if name == "CUMULATE" && w.Args[1].Value.(int64)%w.Args[0].Value.(int64) != 0 {
		fail(t.Call.Pos, "the SIZE of CUMULATE must be a multiple of its STEP")
	}
	return aliasedWindow(w, sc, t.Alias, outer)
}

// aliasedWindow keeps the names that the table had, so that t.a works behind TUMBLE(TABLE t, ...).
func aliasedWindow(w *plan.WindowTable, in *scope, a ast.Alias, outer *scope) (plan.Node, *scope) {
	if a.Name.Name != "" {
		return aliased(w, a, nil, outer)
	}
	schema := w.Schema()
	sc := &scope{outer: outer, columns: slices.Clone(in.columns)}
	for i := len(schema) - 3; i < len(schema); i++ {
		sc.columns = append(sc.columns, scopeColumn{name: schema[i].Name, index: i, of: schema[i].Type})
	}
	return w, sc
}

// named puts arguments at their places; what is not given is nil.
func named(c *ast.Call, params []string) []ast.Expr {
	out := make([]ast.Expr, len(params))
	for i, a := range c.Args {
		at := i
		if n, ok := a.(*ast.Argument); ok {
			at = slices.Index(params, strings.ToUpper(n.Name.Name))
			if at < 0 {
				failHint(n.Pos, suggest(strings.ToUpper(n.Name.Name), params), "%s has no argument %s", c.Name.Dotted(), n.Name.Name)
			}
			a = n.Value
		}
		if at >= len(params) {
			fail(a.Position(), "%s takes at most %d arguments", c.Name.Dotted(), len(params))
		}
		out[at] = a
	}
	return out
}

func (ns *names) tableArgument(t *ast.TableArgument, outer *scope) (plan.Node, *scope) {
	if t.Query != nil {
		return ns.aliased(ns.query(t.Query, outer), ast.Alias{}, nil, outer)
	}
	return ns.table(&ast.TableName{Pos: t.Pos, Name: t.Name}, outer)
}

// timeArgument is the column that DESCRIPTOR names.
func timeArgument(e ast.Expr, sc *scope, function string) int {
	d, ok := e.(*ast.Descriptor)
	if !ok || len(d.Columns) != 1 {
		at := ast.Pos{}
		if e != nil {
			at = e.Position()
		}
		fail(at, "the time column of %s is given as DESCRIPTOR(column)", function)
	}
	c, _, found := sc.find(d.Columns)
	if !found {
		sc.unknown(d.Columns)
	}
	return timeColumn(d.Pos, c.at(0).(expr.Column))
}
