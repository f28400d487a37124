package ast

import "github.com/leatproject/leat/storage/datatype"

// Expr is a scalar expression, or a Star where a list is selected.
type Expr interface {
	Node
	expr()
}

// Name is a column, perhaps with its table before it and fields of a ROW behind it: which is which, the binder finds out.
type Name struct {
	Pos
	Parts []Ident
}

// Star is *, or t.*, without the columns that EXCLUDE names.
type Star struct {
	Pos
	Qualifier []Ident
	Exclude   []Ident
}

// LiteralKind says what a Literal's text means.
type LiteralKind uint8

// The kinds of literals.
const (
	NullLiteral LiteralKind = iota
	BooleanLiteral
	NumberLiteral // 1, 1.5, 1e5
	StringLiteral
	BytesLiteral // X'0A': the text is the hex digits
	DateLiteral
	TimeLiteral
	TimestampLiteral
	TimestampLTZLiteral
)

// Literal is a constant. Text is TRUE or FALSE, the number as written, or what stood between the quotes, unescaped.
type Literal struct {
	Pos
	Kind LiteralKind
	Text string
}

// IntervalLiteral is INTERVAL '1 02' DAY TO HOUR. Digits that are not given are -1.
type IntervalLiteral struct {
	Pos
	Negative bool
	Text     string
	Interval datatype.Interval
}

// Unary is an operator before its operand: -, +, NOT.
type Unary struct {
	Pos
	Operator string
	Operand  Expr
}

// Binary is an operator between operands: arithmetic, comparison, AND, OR, ||, IS [NOT] DISTINCT FROM, OVERLAPS.
type Binary struct {
	Pos         // of the operator
	Operator    string
	Left, Right Expr
}

// Is is IS [NOT] NULL, TRUE, FALSE, UNKNOWN, JSON [VALUE | OBJECT | ARRAY | SCALAR].
type Is struct {
	Pos
	Operand Expr
	Not     bool
	What    string
}

// Between is x [NOT] BETWEEN [SYMMETRIC] low AND high.
type Between struct {
	Pos
	Operand   Expr
	Not       bool
	Symmetric bool
	Low, High Expr
}

// In is x [NOT] IN (list) or (query).
type In struct {
	Pos
	Operand Expr
	Not     bool
	List    []Expr
	Query   *Query
}

// Like is x [NOT] LIKE pattern [ESCAPE c]; Operator is LIKE, ILIKE, SIMILAR TO or RLIKE.
type Like struct {
	Pos
	Operand  Expr
	Not      bool
	Operator string
	Pattern  Expr
	Escape   Expr
}

// Quantified is x op ANY (query) or ALL.
type Quantified struct {
	Pos
	Operand  Expr
	Operator string
	All      bool
	List     []Expr
	Query    *Query
}

// Exists is EXISTS (query).
type Exists struct {
	Pos
	Query *Query
}

// Subquery is a query as a value.
type Subquery struct {
	Pos
	Query *Query
}

// Case is CASE [operand] WHEN ... THEN ... ELSE ... END.
type Case struct {
	Pos
	Operand Expr
	Whens   []When
	Else    Expr
}

// When is one branch of a Case.
type When struct{ Condition, Result Expr }

// Cast is CAST(x AS type), x::type, and TRY_CAST.
type Cast struct {
	Pos
	Try     bool
	Operand Expr
	Type    datatype.Type
}

// Row is (a, b) or ROW(a, b).
type Row struct {
	Pos
	Items []Expr
}

// Collection is ARRAY[...], MAP[k, v, ...] or MULTISET[...], or one of them over a query.
type Collection struct {
	Pos
	Kind  datatype.Kind
	Items []Expr
	Query *Query
}

// Subscript is x[index].
type Subscript struct {
	Pos
	Operand, Index Expr
}

// Field is a field of something that is not a plain name: f(x).a, t[1].a.
type Field struct {
	Pos
	Operand Expr
	Name    Ident
}

// Symbol is a keyword as an argument: the unit of EXTRACT, BOTH of TRIM.
type Symbol struct {
	Pos
	Name string
}

// Argument is name => value, where the function takes arguments by name.
type Argument struct {
	Pos
	Name  Ident
	Value Expr
}

// TableArgument is TABLE t [PARTITION BY ...] [ORDER BY ...] or a query as an argument of a table function.
type TableArgument struct {
	Pos
	Name        ObjectName
	Query       *Query
	PartitionBy []Expr
	OrderBy     []OrderItem
}

// Descriptor is DESCRIPTOR(column, ...).
type Descriptor struct {
	Pos
	Columns []Ident
}

// NullTreatment is RESPECT NULLS or IGNORE NULLS of value functions.
type NullTreatment uint8

// The null treatments.
const (
	NullsUnsaid NullTreatment = iota
	RespectNulls
	IgnoreNulls
)

// Call is a function call of any kind.
type Call struct {
	Pos
	Name        ObjectName
	Bare        bool // without parentheses: CURRENT_DATE
	Distinct    bool
	Star        bool // COUNT(*)
	Args        []Expr
	OrderBy     []OrderItem // within the parentheses
	WithinGroup []OrderItem
	Filter      Expr
	Nulls       NullTreatment
	Over        *WindowSpec
}

// WindowSpec is what stands behind OVER. Ref names a window of the WINDOW clause; OVER w is a spec of a Ref alone.
type WindowSpec struct {
	Pos
	Ref         Ident
	PartitionBy []Expr
	OrderBy     []OrderItem
	Frame       *Frame
}

// Frame is ROWS or RANGE BETWEEN start AND end. End is nil when only a start was given.
type Frame struct {
	Pos
	Rows  bool
	Start Bound
	End   *Bound
}

// BoundKind is one end of a frame.
type BoundKind uint8

// The kinds of ends.
const (
	UnboundedPreceding BoundKind = iota
	Preceding
	CurrentRow
	Following
	UnboundedFollowing
)

// Bound is one end of a frame; Offset belongs to Preceding and Following.
type Bound struct {
	Kind   BoundKind
	Offset Expr
}

// JSONCall is one of the SQL/JSON functions, whose arguments have clauses of their own.
type JSONCall struct {
	Pos
	Name      string // JSON_VALUE, JSON_QUERY, JSON_EXISTS, JSON_OBJECT, JSON_ARRAY, JSON_OBJECTAGG, JSON_ARRAYAGG
	Args      []Expr // input and path; keys and values in turn; elements
	Returning *datatype.Type
	Wrapper   string        // JSON_QUERY: WITHOUT ARRAY, WITH CONDITIONAL ARRAY, WITH UNCONDITIONAL ARRAY; empty by default
	OnEmpty   *JSONBehavior // nil by default
	OnError   *JSONBehavior
	OnNull    string // NULL or ABSENT; empty by default
	Filter    Expr   // of the aggregates
	Over      *WindowSpec
}

// JSONBehavior is what is given ON EMPTY or ON ERROR.
type JSONBehavior struct {
	Kind    string // NULL, ERROR, EMPTY ARRAY, EMPTY OBJECT, TRUE, FALSE, UNKNOWN, DEFAULT
	Default Expr
}

func (*Name) expr()            {}
func (*Star) expr()            {}
func (*Literal) expr()         {}
func (*IntervalLiteral) expr() {}
func (*Unary) expr()           {}
func (*Binary) expr()          {}
func (*Is) expr()              {}
func (*Between) expr()         {}
func (*In) expr()              {}
func (*Like) expr()            {}
func (*Quantified) expr()      {}
func (*Exists) expr()          {}
func (*Subquery) expr()        {}
func (*Case) expr()            {}
func (*Cast) expr()            {}
func (*Row) expr()             {}
func (*Collection) expr()      {}
func (*Subscript) expr()       {}
func (*Field) expr()           {}
func (*Symbol) expr()          {}
func (*Argument) expr()        {}
func (*TableArgument) expr()   {}
func (*Descriptor) expr()      {}
func (*Call) expr()            {}
func (*JSONCall) expr()        {}

// Constant is the text of a literal that is not NULL, or of a negative number.
func Constant(e Expr) (text string, ok bool) {
	switch x := e.(type) {
	case *Literal:
		return x.Text, x.Kind != NullLiteral
	case *Unary:
		if l, number := x.Operand.(*Literal); number && l.Kind == NumberLiteral && x.Operator == "-" {
			return "-" + l.Text, true
		}
	}
	return "", false
}
