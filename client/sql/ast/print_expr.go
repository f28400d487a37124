package ast

import (
	"strconv"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
)

// The levels of binding, from loose to tight; the parser's are the same.
const (
	LevelOr = iota + 1
	LevelAnd
	LevelNot
	LevelIs
	LevelCompare
	LevelIn // IN, BETWEEN, LIKE
	LevelAdd
	LevelMultiply
	LevelUnary
	LevelPostfix
	levelPrimary
)

// BinaryLevel is how tight an operator binds, 0 for none.
func BinaryLevel(operator string) int {
	switch operator {
	case "OR":
		return LevelOr
	case "AND":
		return LevelAnd
	case "=", "<>", "!=", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM", "OVERLAPS":
		return LevelCompare
	case "+", "-":
		return LevelAdd
	case "*", "/", "%", "||":
		return LevelMultiply
	}
	return 0
}

func level(e Expr) int {
	switch e := e.(type) {
	case *Binary:
		return BinaryLevel(e.Operator)
	case *Unary:
		if e.Operator == "NOT" {
			return LevelNot
		}
		return LevelUnary
	case *Is:
		return LevelIs
	case *Quantified:
		return LevelCompare
	case *Between, *In, *Like:
		return LevelIn
	}
	return levelPrimary
}

// operand writes an expression in parentheses if it binds looser than asked for.
func (p *printer) operand(e Expr, least int) {
	if level(e) >= least {
		e.print(p)
		return
	}
	p.WriteString("(")
	e.print(p)
	p.WriteString(")")
}

func (e *Name) print(p *printer) { each(p, e.Parts, ".", p.ident) }

func (e *Star) print(p *printer) {
	for _, q := range e.Qualifier {
		p.ident(q)
		p.WriteString(".")
	}
	p.WriteString("*")
	p.columns(" EXCLUDE ", e.Exclude)
}

func (e *Literal) print(p *printer) {
	switch e.Kind {
	case NullLiteral:
		p.WriteString("NULL")
	case BooleanLiteral, NumberLiteral:
		p.WriteString(e.Text)
	case StringLiteral:
		p.quoted(e.Text)
	default:
		p.WriteString(map[LiteralKind]string{BytesLiteral: "X", DateLiteral: "DATE ", TimeLiteral: "TIME ",
			TimestampLiteral: "TIMESTAMP ", TimestampLTZLiteral: "TIMESTAMP_LTZ "}[e.Kind])
		p.quoted(e.Text)
	}
}

func (e *IntervalLiteral) print(p *printer) {
	p.WriteString("INTERVAL ")
	p.when(e.Negative, "-")
	p.quoted(e.Text)
	p.words(" ", e.Interval.From.String())
	i := e.Interval
	switch {
	case i.From == datatype.Second && i.Leading >= 0 && i.Fraction >= 0:
		p.words("(", strconv.Itoa(i.Leading), ", ", strconv.Itoa(i.Fraction), ")")
	case i.Leading >= 0:
		p.words("(", strconv.Itoa(i.Leading), ")")
	}
	if i.To != i.From {
		p.words(" TO ", i.To.String())
		p.when(i.To == datatype.Second && i.Fraction >= 0, "("+strconv.Itoa(i.Fraction)+")")
	}
}

func (e *Unary) print(p *printer) {
	if e.Operator == "NOT" {
		p.WriteString("NOT ")
		p.operand(e.Operand, LevelNot)
		return
	}
	p.WriteString(e.Operator)
	p.operand(e.Operand, LevelPostfix)
}

func (e *Binary) print(p *printer) {
	l := BinaryLevel(e.Operator)
	p.operand(e.Left, l)
	p.words(" ", e.Operator, " ")
	p.operand(e.Right, l+1)
}

func (e *Is) print(p *printer) {
	p.operand(e.Operand, LevelIs)
	p.WriteString(" IS ")
	p.when(e.Not, "NOT ")
	p.WriteString(e.What)
}

func (e *Between) print(p *printer) {
	p.operand(e.Operand, LevelAdd)
	p.when(e.Not, " NOT")
	p.WriteString(" BETWEEN ")
	p.when(e.Symmetric, "SYMMETRIC ")
	p.operand(e.Low, LevelAdd)
	p.WriteString(" AND ")
	p.operand(e.High, LevelAdd)
}

func (e *In) print(p *printer) {
	p.operand(e.Operand, LevelAdd)
	p.when(e.Not, " NOT")
	p.WriteString(" IN ")
	p.listOrQuery(e.List, e.Query)
}

func (p *printer) listOrQuery(list []Expr, q *Query) {
	p.WriteString("(")
	if q != nil {
		q.print(p)
	} else {
		p.exprs(list)
	}
	p.WriteString(")")
}

func (e *Like) print(p *printer) {
	p.operand(e.Operand, LevelAdd)
	p.when(e.Not, " NOT")
	p.words(" ", e.Operator, " ")
	p.operand(e.Pattern, LevelAdd)
	if e.Escape != nil {
		p.WriteString(" ESCAPE ")
		p.operand(e.Escape, LevelAdd)
	}
}

func (e *Quantified) print(p *printer) {
	p.operand(e.Operand, LevelCompare)
	p.words(" ", e.Operator, " ")
	if e.All {
		p.WriteString("ALL ")
	} else {
		p.WriteString("ANY ")
	}
	p.listOrQuery(e.List, e.Query)
}

func (e *Exists) print(p *printer) {
	p.WriteString("EXISTS ")
	p.listOrQuery(nil, e.Query)
}

func (e *Subquery) print(p *printer) { p.listOrQuery(nil, e.Query) }

func (e *Case) print(p *printer) {
	p.WriteString("CASE")
	if e.Operand != nil {
		p.WriteString(" ")
		e.Operand.print(p)
	}
	for _, w := range e.Whens {
		p.WriteString(" WHEN ")
		w.Condition.print(p)
		p.WriteString(" THEN ")
		w.Result.print(p)
	}
	if e.Else != nil {
		p.WriteString(" ELSE ")
		e.Else.print(p)
	}
	p.WriteString(" END")
}

func (e *Cast) print(p *printer) {
	p.when(e.Try, "TRY_")
	p.WriteString("CAST(")
	e.Operand.print(p)
	p.words(" AS ", e.Type.String(), ")")
}

func (e *Row) print(p *printer) {
	p.WriteString("ROW")
	p.listOrQuery(e.Items, nil)
}

func (e *Collection) print(p *printer) {
	p.WriteString(e.Kind.String())
	if e.Query != nil {
		p.listOrQuery(nil, e.Query)
		return
	}
	p.WriteString("[")
	p.exprs(e.Items)
	p.WriteString("]")
}

// postfixed writes what a subscript or a field is taken of.
func (p *printer) postfixed(e Expr) {
	switch e.(type) {
	case *Name, *Call, *Subscript, *Field, *Collection, *Cast, *JSONCall:
		e.print(p)
	default:
		p.WriteString("(")
		e.print(p)
		p.WriteString(")")
	}
}

func (e *Subscript) print(p *printer) {
	p.postfixed(e.Operand)
	p.WriteString("[")
	e.Index.print(p)
	p.WriteString("]")
}

func (e *Field) print(p *printer) {
	p.postfixed(e.Operand)
	p.WriteString(".")
	p.ident(e.Name)
}

func (e *Symbol) print(p *printer) { p.WriteString(e.Name) }

func (e *Argument) print(p *printer) {
	p.ident(e.Name)
	p.WriteString(" => ")
	e.Value.print(p)
}

func (e *TableArgument) print(p *printer) {
	if e.Query != nil {
		p.listOrQuery(nil, e.Query)
	} else {
		p.WriteString("TABLE ")
		e.Name.print(p)
	}
	if len(e.PartitionBy) > 0 {
		p.WriteString(" PARTITION BY ")
		p.parenthesised(e.PartitionBy)
	}
	if len(e.OrderBy) > 0 {
		p.WriteString(" ORDER BY (")
		p.orderItems(e.OrderBy)
		p.WriteString(")")
	}
}

// parenthesised writes (a, b): behind TABLE t PARTITION BY the comma would end the argument.
func (p *printer) parenthesised(list []Expr) {
	p.WriteString("(")
	p.exprs(list)
	p.WriteString(")")
}

func (e *Descriptor) print(p *printer) { p.columns("DESCRIPTOR", e.Columns) }

// separators are the words between the arguments of functions that have words there, for each count of arguments.
var separators = map[string][]string{
	"EXTRACT":  {" FROM "},
	"POSITION": {" IN ", " FROM "},
	"OVERLAY":  {" PLACING ", " FROM ", " FOR "},
}

func (e *Call) print(p *printer) {
	name := strings.ToUpper(e.Name.Parts[0].Name)
	simple := len(e.Name.Parts) == 1 && special[name]
	switch {
	case simple && !e.fits(name):
		p.words("`", e.Name.Parts[0].Name, "`")
	case simple || len(e.Name.Parts) == 1 && (name == "LEFT" || name == "RIGHT" || e.Bare):
		p.WriteString(e.Name.Parts[0].Name)
	default:
		e.Name.print(p)
	}
	if !e.Bare {
		p.WriteString("(")
		e.printArgs(p, name, simple)
		p.WriteString(")")
	}
	e.printClauses(p)
}

// fits says whether the arguments are those that the special grammar of the function makes.
func (e *Call) fits(name string) bool {
	symbol := func(i int) bool {
		if i >= len(e.Args) {
			return false
		}
		_, ok := e.Args[i].(*Symbol)
		return ok
	}
	switch name {
	case "EXTRACT", "TIMESTAMPADD", "TIMESTAMPDIFF":
		return symbol(0)
	case "POSITION":
		return len(e.Args) == 2 || len(e.Args) == 3
	case "OVERLAY":
		return len(e.Args) == 3 || len(e.Args) == 4
	case "TRIM", "SUBSTRING", "CEIL", "CEILING", "FLOOR":
		return true
	}
	return false
}

func (e *Call) printArgs(p *printer, name string, simple bool) {
	p.when(e.Distinct, "DISTINCT ")
	p.when(e.Star, "*")
	between := separators[name]
	for i, a := range e.Args {
		switch _, symbol := a.(*Symbol); {
		case i == 0:
		case simple && i <= len(between):
			p.WriteString(between[i-1])
		case simple && name == "TRIM" && i == 1 && len(e.Args) == 3:
			p.WriteString(" ")
		case simple && name == "TRIM":
			p.WriteString(" FROM ")
		case simple && symbol && (name == "FLOOR" || name == "CEIL" || name == "CEILING"):
			p.WriteString(" TO ")
		default:
			p.WriteString(", ")
		}
		if simple && name == "POSITION" && i == 0 {
			p.operand(a, LevelAdd)
			continue
		}
		a.print(p)
	}
	if len(e.OrderBy) > 0 {
		p.WriteString(" ORDER BY ")
		p.orderItems(e.OrderBy)
	}
}

func (e *Call) printClauses(p *printer) {
	if len(e.WithinGroup) > 0 {
		p.WriteString(" WITHIN GROUP (ORDER BY ")
		p.orderItems(e.WithinGroup)
		p.WriteString(")")
	}
	if e.Filter != nil {
		p.WriteString(" FILTER (WHERE ")
		e.Filter.print(p)
		p.WriteString(")")
	}
	p.when(e.Nulls == RespectNulls, " RESPECT NULLS")
	p.when(e.Nulls == IgnoreNulls, " IGNORE NULLS")
	p.over(e.Over)
}

func (p *printer) over(w *WindowSpec) {
	switch {
	case w == nil:
	case w.Ref.Name != "" && len(w.PartitionBy)+len(w.OrderBy) == 0 && w.Frame == nil:
		p.WriteString(" OVER ")
		p.ident(w.Ref)
	default:
		p.WriteString(" OVER ")
		p.window(*w)
	}
}

func (p *printer) window(w WindowSpec) {
	var parts []string
	part := func(write func(*printer)) {
		var inner printer
		write(&inner)
		parts = append(parts, inner.String())
	}
	if w.Ref.Name != "" {
		part(w.Ref.print)
	}
	if len(w.PartitionBy) > 0 {
		part(func(q *printer) { q.WriteString("PARTITION BY "); q.exprs(w.PartitionBy) })
	}
	if len(w.OrderBy) > 0 {
		part(func(q *printer) { q.WriteString("ORDER BY "); q.orderItems(w.OrderBy) })
	}
	if w.Frame != nil {
		part(w.Frame.print)
	}
	p.words("(", strings.Join(parts, " "), ")")
}

func (f *Frame) print(p *printer) {
	if f.Rows {
		p.WriteString("ROWS ")
	} else {
		p.WriteString("RANGE ")
	}
	if f.End == nil {
		p.bound(f.Start)
		return
	}
	p.WriteString("BETWEEN ")
	p.bound(f.Start)
	p.WriteString(" AND ")
	p.bound(*f.End)
}

func (p *printer) bound(b Bound) {
	switch b.Kind {
	case UnboundedPreceding:
		p.WriteString("UNBOUNDED PRECEDING")
	case UnboundedFollowing:
		p.WriteString("UNBOUNDED FOLLOWING")
	case CurrentRow:
		p.WriteString("CURRENT ROW")
	case Preceding:
		p.operand(b.Offset, LevelAdd)
		p.WriteString(" PRECEDING")
	case Following:
		p.operand(b.Offset, LevelAdd)
		p.WriteString(" FOLLOWING")
	}
}
