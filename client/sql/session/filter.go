package session

import (
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/storage/connector/filesystem"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// comparisons are the operators that a filter of files knows, and each with its sides exchanged.
var comparisons = map[string][2]filesystem.Op{
	"=": {filesystem.Equal, filesystem.Equal}, "<": {filesystem.Less, filesystem.Greater}, "<=": {filesystem.LessOrEqual, filesystem.GreaterOrEqual},
	">": {filesystem.Greater, filesystem.Less}, ">=": {filesystem.GreaterOrEqual, filesystem.LessOrEqual},
}

// fileFilters are the conditions that say something of one column and a constant. columns are the places of the scan's columns in the table.
func fileFilters(columns []int, conditions []expr.Expr) []filesystem.Filter {
	var out []filesystem.Filter
	for _, e := range conditions {
		c, ok := e.(expr.Call)
		if !ok {
			continue
		}
		if f, ok := fileFilter(c); ok && f.Column < len(columns) {
			f.Column = columns[f.Column]
			out = append(out, f)
		}
	}
	return out
}

func fileFilter(c expr.Call) (filesystem.Filter, bool) {
	if len(c.Args) == 1 {
		column, ok := c.Args[0].(expr.Column)
		op := map[string]filesystem.Op{"IS NULL": filesystem.IsNull, "IS NOT NULL": filesystem.IsNotNull}
		of, known := op[c.Function.Name]
		return filesystem.Filter{Column: column.Index, Op: of}, ok && known
	}
	ops, known := comparisons[c.Function.Name]
	if !known || len(c.Args) != 2 {
		return filesystem.Filter{}, false
	}
	for side, op := range ops {
		column, ok := c.Args[side].(expr.Column)
		if !ok {
			continue
		}
		if v := constant(c.Args[1-side], column); v != nil {
			return filesystem.Filter{Column: column.Index, Op: op, Values: v}, true
		}
	}
	return filesystem.Filter{}, false
}

// constant is the value of an expression without columns and of the column's type; nil if it is none.
func constant(e expr.Expr, column expr.Column) *vector.Vector {
	if t := e.Type(); !t.EqualButNull(column.Of) && !(t.IsCharacter() && column.Of.IsCharacter()) {
		return nil
	}
	fixed := true
	expr.Walk(e, func(e expr.Expr) bool {
		fixed = fixed && e.Type().Kind != datatype.KindTimestampLTZ // what it is depends on the zone
		switch e := e.(type) {
		case expr.Literal, expr.Cast:
		case expr.Call:
			fixed = fixed && !e.Function.Volatile
		default:
			fixed = false
		}
		return fixed
	})
	if !fixed {
		return nil
	}
	k, err := kernel.Compile(e, nil, kernel.Options{})
	if err != nil {
		return nil
	}
	v, err := k.Evaluate(&vector.Batch{Length: 1})
	if err != nil || v.IsNull(0) {
		return nil
	}
	out := vector.New(column.Of, 0)
	out.AppendRange(v, 0, 1)
	return out
}
