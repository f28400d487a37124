package plan

import (
	"fmt"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// SubqueryKind says what of a sub-query's rows is the value.
type SubqueryKind string

// The kinds of sub-queries.
const (
	ScalarQuery SubqueryKind = "$SCALAR_QUERY" // the only value, NULL of no rows, an error of more than one
	ExistsQuery SubqueryKind = "EXISTS"        // whether there is a row
	InQuery     SubqueryKind = "IN"            // whether Operands equal a row, three-valued
	SomeQuery   SubqueryKind = "SOME"          // whether Operator holds for a row
	AllQuery    SubqueryKind = "ALL"           // whether Operator holds for all rows
	ArrayQuery  SubqueryKind = "$ARRAY_QUERY"  // all values as an array
)

// Subquery is a plan as a value. Outers of level 1 within are columns of the row that the expression is computed for.
type Subquery struct {
	Kind     SubqueryKind
	Plan     Node
	Operands []expr.Expr    // of IN, SOME, ALL: one for each column of the plan
	Operator *expr.Function // of SOME and ALL
	Of       datatype.Type
}

// Outer is a column of a row outside of the plan that it stands in, Level plans up.
type Outer struct {
	Level int
	Index int
	Of    datatype.Type
}

// Type is that of the value.
func (e Subquery) Type() datatype.Type { return e.Of }

// Children are the operands.
func (e Subquery) Children() []expr.Expr { return e.Operands }

// With gives the sub-query other operands.
func (e Subquery) With(children []expr.Expr) expr.Expr {
	e.Operands = children
	return e
}

// String prints the plan within braces.
func (e Subquery) String() string {
	name := string(e.Kind)
	if e.Operator != nil {
		name = e.Operator.Name + " " + name
	}
	operands := ""
	for _, o := range e.Operands {
		operands += o.String() + ", "
	}
	return fmt.Sprintf("%s(%s{\n%s})", name, operands, Draw(e.Plan))
}

// Type is that of the column.
func (e Outer) Type() datatype.Type { return e.Of }

// Children are none.
func (e Outer) Children() []expr.Expr { return nil }

// With gives the column itself.
func (e Outer) With([]expr.Expr) expr.Expr { return e }

// String is $cor0.$3, counted from the plan that it stands in.
func (e Outer) String() string { return fmt.Sprintf("$cor%d.$%d", e.Level-1, e.Index) }
