package binder

import (
	"strings"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// typeOf is TYPEOF(x): the type as it is declared here, before casts that change no value are left out. TYPEOF(x, TRUE) writes it in full.
func typeOf(c expr.Call) expr.Expr {
	full := false
	if len(c.Args) == 2 {
		l, _ := c.Args[1].(expr.Literal)
		full, _ = l.Value.(bool)
	}
	return expr.Literal{Value: typeName(c.Args[0].Type(), full), Of: c.Of}
}

// typeName prints a type as Flink's planner keeps it: intervals have no other fields than MONTH or SECOND(3).
func typeName(t datatype.Type, full bool) string {
	inner := func(types []datatype.Type) string {
		names := make([]string, len(types))
		for i, c := range types {
			names[i] = typeName(c, full)
		}
		return strings.Join(names, ", ")
	}
	s := t.WithNull(true).String()
	switch {
	case t.Kind == datatype.KindIntervalMonths:
		s = "INTERVAL MONTH"
	case t.Kind == datatype.KindIntervalSeconds:
		s = "INTERVAL SECOND(3)"
	case full && s == "STRING":
		s = "VARCHAR(2147483647)"
	case full && s == "BYTES":
		s = "VARBINARY(2147483647)"
	case full && t.Kind == datatype.KindTimestampLTZ:
		s = "TIMESTAMP" + strings.TrimPrefix(s, "TIMESTAMP_LTZ") + " WITH LOCAL TIME ZONE"
	case t.Kind == datatype.KindRow:
		fields := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = "`" + strings.ReplaceAll(f.Name, "`", "``") + "` " + typeName(f.Type, full)
		}
		s = "ROW<" + strings.Join(fields, ", ") + ">"
	case t.IsNested():
		s = t.Kind.String() + "<" + inner(t.Children()) + ">"
	}
	if t.NotNull {
		s += " NOT NULL"
	}
	return s
}
