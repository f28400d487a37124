package physical

import (
	"strconv"
	"strings"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

var itoa = strconv.Itoa

// text prints an expression with the names of the columns: =(a, 1), or infix (a = 1).
func text(e expr.Expr, columns plan.Schema, infix bool) string {
	args := func(list []expr.Expr) []string {
		out := make([]string, len(list))
		for i, a := range list {
			out[i] = text(a, columns, infix)
		}
		return out
	}
	switch e := e.(type) {
	case expr.Column:
		if e.Index < len(columns) {
			return columns[e.Index].Name
		}
	case expr.Cast:
		name := "CAST("
		if e.Try {
			name = "TRY_CAST("
		}
		return name + text(e.Operand, columns, infix) + " AS " + e.Of.Nullable().String() + ")"
	case expr.Field:
		return text(e.Operand, columns, infix) + "." + strconv.Itoa(e.Index)
	case expr.Call:
		operands := args(e.Args)
		if infix && e.Function.Operator {
			switch {
			case len(operands) == 1 && strings.HasPrefix(e.Function.Name, "IS "):
				return operands[0] + " " + e.Function.Name
			case len(operands) > 1 && (e.Function.Name == "AND" || e.Function.Name == "OR" || !isWord(e.Function.Name)) && len(operands) < 3 ||
				e.Function.Name == "AND" || e.Function.Name == "OR":
				return "(" + strings.Join(operands, " "+e.Function.Name+" ") + ")"
			}
		}
		return e.Function.Name + "(" + strings.Join(operands, ", ") + ")"
	}
	return e.String()
}

func isWord(name string) bool {
	return name != "" && (name[0] >= 'A' && name[0] <= 'Z' || name[0] == '$')
}

// list prints items with commas between them.
func list[T any](items []T, print func(T) string) string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = print(item)
	}
	return strings.Join(out, ", ")
}

// names prints columns by their names.
func names(columns plan.Schema, indices []int) string {
	return list(indices, func(i int) string { return columns[i].Name })
}

// selected prints projections: a, (b + 1) AS c.
func selected(exprs []expr.Expr, as []string, columns plan.Schema, infix bool) string {
	i := -1
	return list(exprs, func(e expr.Expr) string {
		i++
		s := text(e, columns, infix)
		if s == as[i] {
			return s
		}
		return s + " AS " + as[i]
	})
}

func order(columns plan.Schema, keys []plan.SortKey) string {
	return list(keys, func(k plan.SortKey) string {
		if k.Descending {
			return columns[k.Column].Name + " DESC"
		}
		return columns[k.Column].Name + " ASC"
	})
}
