package binder

import (
	"fmt"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// over marks a function over a window.
func (x *expressions) over(e *ast.Call, f *expr.Function) expr.Expr {
	if !x.windows {
		fail(e.Pos, "%s OVER (...) cannot stand in %s", f.Name, x.clause)
	}
	inner := *x
	inner.windows = false
	spec := inner.specification(*e.Over)
	m := windowMark{aggregateMark: inner.mark(e, f)}
	m.partition = inner.all(spec.PartitionBy)
	for i, p := range m.partition {
		if !p.Type().Hashable() {
			fail(spec.PartitionBy[i].Position(), "%s cannot be partitioned by", p.Type())
		}
	}
	m.sort = inner.sortMarks(spec.OrderBy)
	m.frame = inner.frame(spec, m.sort)
	if f.Class == expr.Ranking && f.Name != "NTH_VALUE" {
		if len(m.sort) == 0 && f.Name != "ROW_NUMBER" {
			fail(e.Pos, "%s needs ORDER BY in its window", f.Name)
		}
		if spec.Frame != nil {
			fail(spec.Frame.Pos, "%s takes no frame", f.Name)
		}
		m.frame = plan.Frame{Rows: true, Start: plan.Bound{Kind: plan.UnboundedPreceding}, End: plan.Bound{Kind: plan.CurrentRow}}
	}
	if f.Class == expr.Aggregate && f.Name != "COUNT" {
		m.of = m.of.WithNull(!m.of.NotNull || mayBeEmpty(m.frame))
	}
	return m
}

// mayBeEmpty says whether a frame can have no rows: it may end before the current row or begin behind it.
func mayBeEmpty(f plan.Frame) bool {
	return f.End.Kind == plan.Preceding || f.Start.Kind == plan.Following
}

// specification resolves the name of a window.
func (x *expressions) specification(w ast.WindowSpec) ast.WindowSpec {
	seen := 0
	for w.Ref.Name != "" {
		base, ok := x.namedWindow(w.Ref.Name)
		if seen++; !ok || seen > len(x.named) {
			var known []string
			for _, n := range x.named {
				known = append(known, n.Name.Name)
			}
			failHint(w.Ref.Pos, suggest(w.Ref.Name, known), "there is no window %s", w.Ref.Name)
		}
		if len(w.PartitionBy) > 0 || len(w.OrderBy) > 0 && len(base.OrderBy) > 0 || w.Frame != nil && base.Frame != nil {
			fail(w.Pos, "window %s says already how it is partitioned, ordered or framed", w.Ref.Name)
		}
		out := base
		out.Pos = w.Pos
		if len(w.OrderBy) > 0 {
			out.OrderBy = w.OrderBy
		}
		if w.Frame != nil {
			out.Frame = w.Frame
		}
		w = out
	}
	return w
}

func (x *expressions) namedWindow(name string) (ast.WindowSpec, bool) {
	for _, n := range x.named {
		if n.Name.Name == name {
			return n.Spec, true
		}
	}
	return ast.WindowSpec{}, false
}

// frame is what the specification says, or everything up to the current row's peers, or everything without an order.
func (x *expressions) frame(w ast.WindowSpec, sort []sortMark) plan.Frame {
	if w.Frame == nil {
		f := plan.Frame{Start: plan.Bound{Kind: plan.UnboundedPreceding}, End: plan.Bound{Kind: plan.CurrentRow}}
		if len(sort) == 0 {
			f.End.Kind = plan.UnboundedFollowing
		}
		return f
	}
	f := plan.Frame{Rows: w.Frame.Rows, Start: x.bound(w.Frame, w.Frame.Start, sort), End: plan.Bound{Kind: plan.CurrentRow}}
	if w.Frame.End != nil {
		f.End = x.bound(w.Frame, *w.Frame.End, sort)
	}
	if boundOrder[f.Start.Kind] > boundOrder[f.End.Kind] || f.Start.Kind == plan.UnboundedFollowing || f.End.Kind == plan.UnboundedPreceding {
		fail(w.Frame.Pos, "a frame cannot go from %s to %s", f.Start.Kind, f.End.Kind)
	}
	return f
}

var boundKinds = map[ast.BoundKind]plan.BoundKind{
	ast.UnboundedPreceding: plan.UnboundedPreceding, ast.Preceding: plan.Preceding, ast.CurrentRow: plan.CurrentRow,
	ast.Following: plan.Following, ast.UnboundedFollowing: plan.UnboundedFollowing,
}

var boundOrder = map[plan.BoundKind]int{
	plan.UnboundedPreceding: 0, plan.Preceding: 1, plan.CurrentRow: 2, plan.Following: 3, plan.UnboundedFollowing: 4,
}

func (x *expressions) bound(f *ast.Frame, b ast.Bound, sort []sortMark) plan.Bound {
	out := plan.Bound{Kind: boundKinds[b.Kind]}
	if b.Offset == nil {
		return out
	}
	out.Offset = x.bind(b.Offset)
	if _, constant := out.Offset.(expr.Literal); !constant {
		fail(b.Offset.Position(), "the distance of a frame is a constant")
	}
	t := out.Offset.Type()
	if f.Rows {
		if !t.IsInteger() {
			fail(b.Offset.Position(), "the distance of a frame of ROWS is an integer, this is %s", t)
		}
		return out
	}
	if len(sort) != 1 {
		fail(f.Pos, "a frame of RANGE with a distance needs one expression in ORDER BY, these are %d", len(sort))
	}
	key := sort[0].expr.Type()
	if !(key.IsNumeric() && t.IsNumeric() || key.IsTemporal() && t.IsInterval()) {
		fail(b.Offset.Position(), "a distance of %s does not fit ORDER BY of %s", t, key)
	}
	return out
}

// windowNodes puts a Window for each specification over a node; columns says where each mark's value is, by its text.
func windowNodes(n plan.Node, marks []windowMark) (plan.Node, map[string]int) {
	columns := map[string]int{}
	var order []string
	bySpec := map[string][]windowMark{}
	for _, m := range marks {
		if bySpec[m.spec()] == nil {
			order = append(order, m.spec())
		}
		bySpec[m.spec()] = append(bySpec[m.spec()], m)
	}
	for _, spec := range order {
		list := bySpec[spec]
		in := newInputs(n)
		w := &plan.Window{Frame: list[0].frame}
		for _, p := range list[0].partition {
			w.PartitionBy = append(w.PartitionBy, in.column(p))
		}
		w.OrderBy = in.keys(list[0].sort)
		for _, m := range list {
			if _, done := columns[m.String()]; done {
				continue
			}
			columns[m.String()] = -1 - len(w.Calls)
			c := plan.WindowCall{Name: fmt.Sprintf("w%d$o%d", len(columns), len(w.Calls)), Function: m.function, Distinct: m.distinct,
				IgnoreNulls: m.ignoreNulls, Filter: -1, Type: m.of}
			c.Args, c.Constant = in.args(m.aggregateMark)
			if m.filter != nil {
				c.Filter = in.column(m.filter)
			}
			w.Calls = append(w.Calls, c)
		}
		w.Input = in.node()
		width := len(w.Input.Schema())
		for key, at := range columns {
			if at < 0 {
				columns[key] = width - 1 - at
			}
		}
		n = w
	}
	return n, columns
}

// inputs collects the columns that a node needs of its input: those that are there, and expressions put behind them.
type inputs struct {
	from  plan.Node
	exprs []expr.Expr
	names []string
	known map[string]int
	plain int // columns of from among exprs
}

// newInputs begins with all columns of a node.
func newInputs(n plan.Node) *inputs {
	in := &inputs{from: n, known: map[string]int{}}
	for i, c := range n.Schema() {
		in.exprs = append(in.exprs, expr.Column{Index: i, Of: c.Type})
		in.names = append(in.names, c.Name)
		in.known[in.exprs[i].String()] = i
	}
	in.plain = len(in.exprs)
	return in
}

// column is where an expression is.
func (in *inputs) column(e expr.Expr) int {
	key := keyOf(e)
	if c, ok := e.(expr.Column); ok {
		key = c.String()
	}
	if i, ok := in.known[key]; ok {
		return i
	}
	in.exprs = append(in.exprs, e)
	in.names = append(in.names, fmt.Sprintf("$f%d", len(in.exprs)-1))
	in.known[key] = len(in.exprs) - 1
	return len(in.exprs) - 1
}

func (in *inputs) keys(marks []sortMark) []plan.SortKey {
	var out []plan.SortKey
	for _, m := range marks {
		out = append(out, plan.SortKey{Column: in.column(m.expr), Descending: m.descending, NullsFirst: m.nullsFirst})
	}
	return out
}

// args splits arguments into columns and the constants behind them.
func (in *inputs) args(m aggregateMark) (columns []int, constant []expr.Literal) {
	end := len(m.args)
	for end > 0 && (end > 1 || m.function.Class == expr.Ranking) {
		if _, ok := m.args[end-1].(expr.Literal); !ok {
			break
		}
		end--
	}
	for _, a := range m.args[:end] {
		columns = append(columns, in.column(a))
	}
	for _, a := range m.args[end:] {
		constant = append(constant, a.(expr.Literal))
	}
	return columns, constant
}

// node is the input with the expressions, or the input itself when nothing was put behind it.
func (in *inputs) node() plan.Node {
	if len(in.exprs) == in.plain && in.plain == len(in.from.Schema()) {
		return in.from
	}
	return &plan.Project{Input: in.from, Exprs: in.exprs, Names: in.names}
}

// keyOf tells expressions apart: their text and their type.
func keyOf(e expr.Expr) string { return e.String() + " " + e.Type().String() }

// groupFunction is a group window in GROUP BY or one of its properties elsewhere.
func (x *expressions) groupFunction(e *ast.Call, f *expr.Function) expr.Expr {
	if x.group == nil {
		fail(e.Pos, "%s stands for a window of GROUP BY, and there is none", f.Name)
	}
	return x.group.property(x, e, f)
}

// timeColumn asserts that an expression is a time column.
func timeColumn(at ast.Pos, e expr.Expr) int {
	c, ok := e.(expr.Column)
	if !ok || !c.Of.IsInstant() {
		fail(at, "a window is of a column of TIMESTAMP or TIMESTAMP_LTZ, this is %s", e.Type())
	}
	return c.Index
}

// duration asserts that an expression is a constant interval of days to seconds.
func duration(at ast.Pos, e expr.Expr) expr.Literal {
	l, ok := e.(expr.Literal)
	if !ok || l.Of.Kind != datatype.KindIntervalSeconds {
		fail(at, "the sizes of a window are constant intervals of days to seconds")
	}
	return l
}
