package ast

// Query is a query expression: WITH, a body, and what orders and cuts its rows.
type Query struct {
	Pos
	With    *With
	Body    Body
	OrderBy []OrderItem
	Limit   Expr // also FETCH FIRST n ROWS ONLY; nil for all rows
	Offset  Expr
}

// Body is a Select, a SetOperation, Values, an ExplicitTable, or a Query in parentheses.
type Body interface {
	Node
	body()
}

// With holds common table expressions.
type With struct {
	Pos
	Recursive bool
	Tables    []CommonTable
}

// CommonTable is name (columns) AS (query).
type CommonTable struct {
	Pos
	Name    Ident
	Columns []Ident
	Query   *Query
}

// Select is one SELECT.
type Select struct {
	Pos
	Hints    []Hint
	Distinct bool
	Items    []SelectItem
	From     TableRef // nil without FROM; a comma is a cross join
	Where    Expr
	GroupBy  *GroupBy
	Having   Expr
	Windows  []NamedWindow
	Qualify  Expr
}

// SelectItem is an expression with an optional alias; Expr may be a Star.
type SelectItem struct {
	Expr  Expr
	Alias Ident // empty without
}

// GroupBy is GROUP BY. All groups by every item of the select list that holds no aggregate.
type GroupBy struct {
	Pos
	All      bool
	Distinct bool
	Elements []GroupElement
}

// GroupKind says how an element of GROUP BY makes grouping sets.
type GroupKind uint8

// The kinds of elements.
const (
	GroupExprs GroupKind = iota // one expression, or several in parentheses; () is the empty set
	GroupRollup
	GroupCube
	GroupSets
)

// GroupElement is one element of GROUP BY: Exprs for GroupExprs, Elements for the others.
type GroupElement struct {
	Pos
	Kind     GroupKind
	Exprs    []Expr
	Elements []GroupElement
}

// NamedWindow is WINDOW name AS (spec).
type NamedWindow struct {
	Name Ident
	Spec WindowSpec
}

// SetOperator is UNION, INTERSECT or EXCEPT.
type SetOperator string

// The set operators.
const (
	Union     SetOperator = "UNION"
	Intersect SetOperator = "INTERSECT"
	Except    SetOperator = "EXCEPT" // also MINUS
)

// SetOperation combines the rows of two bodies.
type SetOperation struct {
	Pos
	Operator    SetOperator
	All         bool
	Left, Right Body
}

// Values is VALUES (1, 'a'), (2, 'b').
type Values struct {
	Pos
	Rows [][]Expr
}

// ExplicitTable is TABLE name as a query.
type ExplicitTable struct {
	Pos
	Name ObjectName
}

// OrderItem is one item of ORDER BY.
type OrderItem struct {
	All        bool // ORDER BY ALL: by all columns of the result, from left to right; Expr is nil
	Expr       Expr
	Descending bool
	Nulls      NullOrder
}

// NullOrder is where NULLs go: by default first when ascending, last when descending.
type NullOrder uint8

// The orders of NULL.
const (
	NullsDefault NullOrder = iota
	NullsFirst
	NullsLast
)

// Hint is one of /*+ name(arguments) */.
type Hint struct {
	Pos
	Name    string
	Args    []string // plain arguments: BROADCAST(t1, t2)
	Options []Option // 'key' = 'value' arguments
}

func (*Select) body()        {}
func (*SetOperation) body()  {}
func (*Values) body()        {}
func (*ExplicitTable) body() {}
func (*Query) body()         {}
