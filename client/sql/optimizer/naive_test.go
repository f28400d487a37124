package optimizer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// row has int64, bool and nil values.
type row []any

// naive runs plans row by row as their definition says, sub-queries for each row anew. Rows come in the order in which they are computed.
type naive struct {
	tables map[string][]row
	names  map[string][]string
	pairs  int // of rows that joins have looked at
}

var (
	errTwoRows  = errors.New("a sub-query that is a value has more than one row")
	errTooLarge = errors.New("a join has too many rows for this")
)

// maxPairs bounds the work on one query.
const maxPairs = 300_000

// run gives the rows of a plan, or the error that it fails with; outside are the rows outside, the innermost last.
func (v *naive) run(n plan.Node) (out []row, err error) {
	defer func() {
		switch r := recover(); r {
		case nil:
		case errTwoRows, errTooLarge:
			err = r.(error)
		default:
			panic(r)
		}
	}()
	return v.rows(n, nil), nil
}

func (v *naive) rows(n plan.Node, outside []row) (out []row) {
	switch n := n.(type) {
	case *plan.Scan:
		return v.scan(n)
	case *plan.Values:
		for _, r := range n.Rows {
			out = append(out, v.evaluate(r, nil, outside))
		}
	case *plan.Project:
		for _, r := range v.rows(n.Input, outside) {
			out = append(out, v.evaluate(n.Exprs, r, outside))
		}
	case *plan.Filter:
		for _, r := range v.rows(n.Input, outside) {
			if v.value(n.Condition, r, outside) == true {
				out = append(out, r)
			}
		}
	case *plan.Join:
		right := v.rows(n.Right, outside)
		return v.join(n.Kind, v.rows(n.Left, outside), len(n.Left.Schema()), len(n.Right.Schema()), n.Condition, outside,
			func(row) []row { return right })
	case *plan.Correlate:
		return v.join(n.Kind, v.rows(n.Left, outside), len(n.Left.Schema()), len(n.Right.Schema()), n.Condition, outside,
			func(l row) []row { return v.rows(n.Right, append(slices.Clone(outside), l)) })
	case *plan.Aggregate:
		return v.aggregate(n, v.rows(n.Input, outside))
	case *plan.SetOperation:
		return setRows(n, v.rows(n.Left, outside), v.rows(n.Right, outside))
	case *plan.Sort:
		return cut(n, orderedRows(v.rows(n.Input, outside), n.Keys))
	case *plan.Window:
		return numbered(v.rows(n.Input, outside), n.PartitionBy, n.OrderBy)
	case *plan.Rank:
		for _, r := range numbered(v.rows(n.Input, outside), n.PartitionBy, n.OrderBy) {
			if at := r[len(r)-1].(int64); at >= n.First && at <= n.Last {
				out = append(out, r)
			}
		}
	default:
		panic(fmt.Sprintf("naive: %T", n))
	}
	return out
}

func (v *naive) scan(n *plan.Scan) []row {
	table := n.Path[len(n.Path)-1]
	var out []row
	for _, r := range v.tables[table] {
		var picked row
		for _, c := range n.Columns {
			picked = append(picked, r[slices.Index(v.names[table], c.Name)])
		}
		out = append(out, picked)
	}
	return out
}

func (v *naive) join(kind plan.JoinKind, left []row, lw, rw int, on expr.Expr, outside []row, rightOf func(row) []row) (out []row) {
	matched := map[int]bool{}
	var last []row
	for _, l := range left {
		found := false
		last = rightOf(l)
		for i, r := range last {
			both := slices.Concat(l, r)
			if v.pairs++; v.pairs > maxPairs {
				panic(errTooLarge)
			}
			if v.value(on, both, outside) != true {
				continue
			}
			found, matched[i] = true, true
			if kind != plan.Semi && kind != plan.Anti {
				out = append(out, both)
			}
		}
		switch {
		case kind == plan.Semi && found, kind == plan.Anti && !found:
			out = append(out, l)
		case !found && (kind == plan.Left || kind == plan.Full):
			out = append(out, slices.Concat(l, make(row, rw)))
		}
	}
	if kind == plan.Right || kind == plan.Full {
		for i, r := range rightOf(nil) {
			if !matched[i] {
				out = append(out, slices.Concat(make(row, lw), r))
			}
		}
	}
	return out
}

func (v *naive) aggregate(n *plan.Aggregate, in []row) (out []row) {
	groups := map[string][]row{}
	var order []string
	for _, r := range in {
		k := fmt.Sprint(pick(r, n.Groups))
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], r)
	}
	if len(n.Groups) == 0 && len(in) == 0 {
		order = []string{""}
	}
	for _, k := range order {
		var r row
		if len(n.Groups) > 0 {
			r = pick(groups[k][0], n.Groups)
		}
		for _, c := range n.Calls {
			r = append(r, aggregateOf(c, groups[k]))
		}
		out = append(out, r)
	}
	return out
}

func aggregateOf(c plan.AggregateCall, rows []row) any {
	count := int64(0)
	var out any
	for i, r := range rows {
		if len(c.Args) == 0 {
			count++
			continue
		}
		x := r[c.Args[0]]
		if c.Function.Name == "SINGLE_VALUE" {
			if out = x; i > 0 {
				panic(errTwoRows)
			}
		}
		if x == nil {
			continue
		}
		count++
		switch c.Function.Name {
		case "BOOL_OR":
			out = x == true || out == true
		case "SUM":
			if out == nil {
				out = int64(0)
			}
			out = out.(int64) + x.(int64)
		case "MAX":
			if out == nil || x.(int64) > out.(int64) {
				out = x
			}
		}
	}
	if c.Function.Name == "COUNT" {
		return count
	}
	return out
}

func pick(r row, columns []int) row {
	out := row{}
	for _, c := range columns {
		out = append(out, r[c])
	}
	return out
}

func setRows(n *plan.SetOperation, left, right []row) (out []row) {
	count := map[string]int{}
	for _, r := range right {
		count[fmt.Sprint(r)]++
	}
	seen := map[string]bool{}
	add := func(r row) {
		if k := fmt.Sprint(r); n.All || !seen[k] {
			seen[k] = true
			out = append(out, r)
		}
	}
	for _, r := range left {
		k := fmt.Sprint(r)
		in := count[k] > 0
		if n.All {
			count[k]--
		}
		if n.Kind == plan.Union || in == (n.Kind == plan.Intersect) {
			add(r)
		}
	}
	if n.Kind == plan.Union {
		for _, r := range right {
			add(r)
		}
	}
	return out
}

func orderedRows(in []row, keys []plan.SortKey) []row {
	out := slices.Clone(in)
	slices.SortStableFunc(out, func(a, b row) int {
		for _, k := range keys {
			c := compareValues(a[k.Column], b[k.Column])
			if (a[k.Column] == nil) != (b[k.Column] == nil) {
				if (a[k.Column] == nil) == k.NullsFirst {
					return -1
				}
				return 1
			}
			if k.Descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return out
}

func compareValues(a, b any) int {
	x, ok := a.(int64)
	y, same := b.(int64)
	if !ok || !same {
		return 0
	}
	return int(x - y)
}

func cut(n *plan.Sort, in []row) []row {
	offset, limit := bounds(n)
	in = in[min(int(offset), len(in)):]
	return in[:min(limit, int64(len(in)))]
}

func numbered(in []row, partition []int, keys []plan.SortKey) (out []row) {
	number := map[string]int64{}
	for _, r := range orderedRows(in, keys) {
		k := fmt.Sprint(pick(r, partition))
		number[k]++
		out = append(out, append(slices.Clone(r), number[k]))
	}
	return out
}

func (v *naive) evaluate(list []expr.Expr, r row, outside []row) row {
	out := row{}
	for _, e := range list {
		out = append(out, v.value(e, r, outside))
	}
	return out
}

func (v *naive) value(e expr.Expr, r row, outside []row) any {
	switch e := e.(type) {
	case expr.Column:
		return r[e.Index]
	case expr.Literal:
		return e.Value
	case expr.Cast:
		return v.value(e.Operand, r, outside)
	case plan.Outer:
		return outside[len(outside)-e.Level][e.Index]
	case plan.Subquery:
		return v.subquery(e, v.evaluate(e.Operands, r, outside), v.rows(e.Plan, append(slices.Clone(outside), r)))
	case expr.Call:
		return applied(e.Function.Name, v.evaluate(e.Args, r, outside))
	}
	panic(fmt.Sprintf("naive: %T", e))
}

func (v *naive) subquery(e plan.Subquery, operands row, rows []row) any {
	switch e.Kind {
	case plan.ExistsQuery:
		return len(rows) > 0
	case plan.ScalarQuery:
		if len(rows) > 1 {
			panic(errTwoRows)
		}
		if len(rows) == 0 {
			return nil
		}
		return rows[0][0]
	}
	operator, combine := "=", "OR"
	if e.Operator != nil {
		operator = e.Operator.Name
	}
	if e.Kind == plan.AllQuery {
		combine = "AND"
	}
	parts := row{}
	for _, r := range rows {
		equal := row{}
		for i, o := range operands {
			equal = append(equal, applied(operator, row{o, r[i]}))
		}
		parts = append(parts, applied("AND", equal))
	}
	return applied(combine, parts)
}

func applied(name string, args row) any {
	switch name {
	case "AND", "OR":
		strong, out := name == "OR", any(name == "AND")
		for _, a := range args {
			if a == strong {
				return strong
			}
			if a == nil {
				out = nil
			}
		}
		return out
	case "COALESCE":
		for _, a := range args {
			if a != nil {
				return a
			}
		}
		return nil
	case "CASE":
		for i := 0; i+1 < len(args); i += 2 {
			if args[i] == true {
				return args[i+1]
			}
		}
		return args[len(args)-1]
	case "IS NULL":
		return args[0] == nil
	case "IS NOT NULL":
		return args[0] != nil
	case "IS TRUE":
		return args[0] == true
	case "IS NOT TRUE":
		return args[0] != true
	case "IS FALSE":
		return args[0] == false
	case "IS NOT FALSE":
		return args[0] != false
	case "IS NOT DISTINCT FROM":
		return args[0] == args[1]
	}
	if slices.Contains(args, nil) {
		return nil
	}
	return strictly(name, args)
}

func strictly(name string, args row) any {
	if name == "NOT" {
		return args[0] == false
	}
	if name == "=" {
		return args[0] == args[1]
	}
	a, b := args[0].(int64), args[1].(int64)
	switch name {
	case "<>":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "+":
		return a + b
	}
	panic("naive: " + name)
}

// bag is rows in an order of their own.
func bag(rows []row) string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprint(r)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
