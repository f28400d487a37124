package optimizer

import (
	"slices"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// pruneColumns leaves out columns that nobody reads, down into the scans. The columns of the plan itself stay.
func pruneColumns(n plan.Node) plan.Node { return pruneExact(n) }

// pruneExact prunes below a node that keeps all of its columns.
func pruneExact(n plan.Node) plan.Node {
	all := span(0, len(n.Schema()))
	out, to := prune(n, all)
	if slices.Equal(to, all) && len(out.Schema()) == len(all) {
		return out
	}
	return picked(out, to)
}

// prune gives a node with at least the columns of a list and says where each of its columns now is, -1 for those that are gone.
func prune(n plan.Node, need []int) (plan.Node, []int) {
	switch n := n.(type) {
	case *plan.Scan:
		return pruneScan(n, need)
	case *plan.Values:
		return pruneValues(n, need)
	case *plan.Project:
		return pruneProject(n, need)
	case *plan.Filter:
		in, to := pruneTo(n.Input, union(need, columnsOf(n.Condition)))
		return &plan.Filter{Input: in, Condition: renumber(n.Condition, to)}, to
	case *plan.Sort:
		return pruneSort(n, need)
	case *plan.Join:
		return pruneJoin(n, need)
	case *plan.Correlate:
		return pruneCorrelate(n, need)
	case *plan.Aggregate:
		return pruneAggregate(n, need)
	case *plan.Window:
		return pruneWindow(n, need)
	case *plan.WindowTable:
		return pruneWindowTable(n, need)
	case *plan.Watermark:
		return pruneWatermark(n, need)
	case *plan.SetOperation:
		if n.Kind == plan.Union && n.All {
			l, lt := prune(n.Left, need)
			r, rt := prune(n.Right, need)
			return n.With([]plan.Node{ordered(l, lt, need), ordered(r, rt, need)}), places(need, len(n.Schema()))
		}
	}
	inputs := n.Inputs()
	out := make([]plan.Node, len(inputs))
	for i, in := range inputs {
		out[i] = pruneExact(in)
	}
	if len(out) > 0 {
		n = n.With(out)
	}
	return n, span(0, len(n.Schema()))
}

// pruneTo prunes and leaves out columns as well that only a filter or a join at the top reads.
func pruneTo(n plan.Node, need []int) (plan.Node, []int) {
	out, to := prune(n, need)
	switch out.(type) {
	case *plan.Filter, *plan.Join:
		if len(need) < len(out.Schema()) {
			return ordered(out, to, need), places(need, len(to))
		}
	}
	return out, to
}

// union is both lists in order, each column once.
func union(lists ...[]int) []int {
	out := slices.Concat(lists...)
	slices.Sort(out)
	return slices.Compact(out)
}

// places says where each of width columns is among those that are kept.
func places(kept []int, width int) []int {
	out := slices.Repeat([]int{-1}, width)
	for at, c := range kept {
		out[c] = at
	}
	return out
}

// ordered gives exactly some columns of a pruned node.
func ordered(n plan.Node, to, need []int) plan.Node {
	columns := make([]int, len(need))
	for i, c := range need {
		columns[i] = to[c]
	}
	if slices.Equal(columns, span(0, len(n.Schema()))) {
		return n
	}
	return picked(n, columns)
}

func moveAll(columns, to []int) []int {
	out := make([]int, len(columns))
	for i, c := range columns {
		out[i] = to[c]
	}
	return out
}

func moveKeys(keys []plan.SortKey, to []int) []plan.SortKey {
	out := slices.Clone(keys)
	for i := range out {
		out[i].Column = to[out[i].Column]
	}
	return out
}

func keyColumns(keys []plan.SortKey) []int {
	var out []int
	for _, k := range keys {
		out = append(out, k.Column)
	}
	return out
}

func pruneScan(n *plan.Scan, need []int) (plan.Node, []int) {
	if len(need) == len(n.Columns) {
		return n, need
	}
	out := &plan.Scan{Path: n.Path, Options: n.Options, Projected: true, Names: n.Names}
	for _, c := range need {
		out.Columns = append(out.Columns, n.Columns[c])
	}
	return out, places(need, len(n.Columns))
}

func pruneValues(n *plan.Values, need []int) (plan.Node, []int) {
	out := &plan.Values{}
	for _, c := range need {
		out.Columns = append(out.Columns, n.Columns[c])
	}
	for _, r := range n.Rows {
		row := make([]expr.Expr, len(need))
		for i, c := range need {
			row[i] = r[c]
		}
		out.Rows = append(out.Rows, row)
	}
	return out, places(need, len(n.Columns))
}

func pruneProject(n *plan.Project, need []int) (plan.Node, []int) {
	out := &plan.Project{}
	for _, c := range need {
		out.Exprs, out.Names = append(out.Exprs, n.Exprs[c]), append(out.Names, n.Names[c])
	}
	in, to := prune(n.Input, columnsOf(out.Exprs...))
	out.Input, out.Exprs = in, renumberAll(out.Exprs, to)
	return out, places(need, len(n.Exprs))
}

func pruneSort(n *plan.Sort, need []int) (plan.Node, []int) {
	in, to := pruneTo(n.Input, union(need, keyColumns(n.Keys)))
	return &plan.Sort{Input: in, Keys: moveKeys(n.Keys, to), Offset: n.Offset, Limit: n.Limit}, to
}

func pruneJoin(n *plan.Join, need []int) (plan.Node, []int) {
	width, right := len(n.Left.Schema()), len(n.Right.Schema())
	l, r := apart(union(need, columnsOf(n.Condition)), width)
	left, lt := pruneTo(n.Left, l)
	other, rt := pruneTo(n.Right, r)
	to := beside(lt, rt, len(left.Schema()), right)
	out := &plan.Join{Kind: n.Kind, Left: left, Right: other, Condition: renumber(n.Condition, to), Hints: n.Hints}
	return out, to[:len(n.Schema())]
}

// apart divides columns of two sides.
func apart(columns []int, width int) (left, right []int) {
	for _, c := range columns {
		if c < width {
			left = append(left, c)
		} else {
			right = append(right, c-width)
		}
	}
	return left, right
}

// beside puts the places of two sides together, the left being so wide now.
func beside(left, right []int, width, columns int) []int {
	out := slices.Clone(left)
	for i := range columns {
		if right[i] < 0 {
			out = append(out, -1)
		} else {
			out = append(out, right[i]+width)
		}
	}
	return out
}

func pruneCorrelate(n *plan.Correlate, need []int) (plan.Node, []int) {
	width, right := len(n.Left.Schema()), len(n.Right.Schema())
	var taken []int
	for _, o := range outerColumns(n.Right) {
		taken = append(taken, o.Index)
	}
	l, _ := apart(union(need, columnsOf(n.Condition)), width)
	left, lt := prune(n.Left, union(l, taken))
	unnest := mapOuter(n.Right, func(o plan.Outer, _ int) expr.Expr {
		o.Index = lt[o.Index]
		return o
	})
	to := beside(lt, span(0, right), len(left.Schema()), right)
	return &plan.Correlate{Kind: n.Kind, Left: left, Right: unnest, Condition: renumber(n.Condition, to)}, to
}

func pruneAggregate(n *plan.Aggregate, need []int) (plan.Node, []int) {
	groups := len(n.Groups)
	out := &plan.Aggregate{}
	read, kept := slices.Clone(n.Groups), span(0, groups)
	for i, c := range n.Calls {
		if !slices.Contains(need, groups+i) {
			continue
		}
		kept = append(kept, groups+i)
		out.Calls = append(out.Calls, c)
		read = append(append(read, c.Args...), keyColumns(c.OrderBy)...)
		if c.Filter >= 0 {
			read = append(read, c.Filter)
		}
	}
	in, to := pruneTo(n.Input, union(read))
	out.Input, out.Groups = in, moveAll(n.Groups, to)
	for _, s := range n.Sets {
		out.Sets = append(out.Sets, moveAll(s, to))
	}
	for i := range out.Calls {
		c := &out.Calls[i]
		c.Args, c.OrderBy = moveAll(c.Args, to), moveKeys(c.OrderBy, to)
		if c.Filter >= 0 {
			c.Filter = to[c.Filter]
		}
	}
	return out, places(kept, groups+len(n.Calls))
}

func pruneWindow(n *plan.Window, need []int) (plan.Node, []int) {
	width := len(n.Input.Schema())
	read := union(n.PartitionBy, keyColumns(n.OrderBy))
	out := *n
	out.Calls = nil
	var kept []int
	for i, c := range n.Calls {
		if slices.Contains(need, width+i) {
			kept = append(kept, i)
			read = append(read, c.Args...)
			if c.Filter >= 0 {
				read = append(read, c.Filter)
			}
		}
	}
	below, _ := apart(need, width)
	if len(kept) == 0 {
		in, to := prune(n.Input, below)
		return in, append(to, slices.Repeat([]int{-1}, len(n.Calls))...)
	}
	in, to := prune(n.Input, union(below, read))
	out.Input, out.PartitionBy, out.OrderBy = in, moveAll(n.PartitionBy, to), moveKeys(n.OrderBy, to)
	for _, i := range kept {
		c := n.Calls[i]
		if c.Args = moveAll(c.Args, to); c.Filter >= 0 {
			c.Filter = to[c.Filter]
		}
		out.Calls = append(out.Calls, c)
	}
	return &out, beside(to, places(kept, len(n.Calls)), len(in.Schema()), len(n.Calls))
}

func pruneWindowTable(n *plan.WindowTable, need []int) (plan.Node, []int) {
	width := len(n.Input.Schema())
	below, _ := apart(need, width)
	in, to := prune(n.Input, union(below, []int{n.Time}, columnsOf(n.PartitionBy...)))
	out := *n
	out.Input, out.Time, out.PartitionBy = in, to[n.Time], renumberAll(n.PartitionBy, to)
	return &out, beside(to, span(0, 3), len(in.Schema()), 3)
}

func pruneWatermark(n *plan.Watermark, need []int) (plan.Node, []int) {
	time := slices.Index(n.Input.Schema().Names(), n.Column[0])
	in, to := prune(n.Input, union(need, []int{time}, columnsOf(n.Expr)))
	return &plan.Watermark{Input: in, Column: n.Column, Expr: renumber(n.Expr, to)}, to
}
