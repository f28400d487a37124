package relational

import (
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// SortKey is a column to sort by.
type SortKey struct {
	Column                 int
	Descending, NullsFirst bool
}

// Call is an aggregate function of columns of the input.
type Call struct {
	Function    *expr.Function
	Args        []int
	Constant    []expr.Literal // arguments that are constants, behind Args: a delimiter, a percentile
	Distinct    bool
	Filter      int // a BOOLEAN column: only rows where it is true count; -1 for none
	OrderBy     []SortKey
	IgnoreNulls bool
	Type        datatype.Type // of the result
}
