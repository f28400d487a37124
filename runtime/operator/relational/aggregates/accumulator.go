package aggregates

import (
	"fmt"
	"slices"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Accumulator is one aggregate function for many groups.
type Accumulator interface {
	// Nulls says that rows count whose arguments are NULL.
	Nulls() bool
	// Grow gives groups 0 to n-1 a place; new ones are as of no rows.
	Grow(n int)
	// Add counts rows in: groups[i] gets row rows[i] of the arguments, or row i if rows is nil. Arguments are no constants.
	Add(groups []uint32, args []*vector.Vector, rows []int32) error
	// States are the types of the columns of partial results.
	States() []datatype.Type
	// Save makes vectors of the partial results of groups from to to-1.
	Save(from, to int, out []*vector.Vector) error
	// Merge adds partial results as Add does rows.
	Merge(groups []uint32, states []*vector.Vector, rows []int32) error
	// Result makes a vector of the results of groups from to to-1.
	Result(from, to int, out *vector.Vector) error
	// Reset forgets all groups and keeps memory.
	Reset()
	// Bytes is the memory in use.
	Bytes() int64
}

// Spec is an aggregate function and what it is called with.
type Spec struct {
	Function    *expr.Function
	Args        []datatype.Type // those of the sort keys of Order behind them
	Constant    []expr.Literal
	IgnoreNulls bool
	Order       []vector.Order // Column is the place in Args
	Type        datatype.Type  // of the result
	Options     kernel.Options
}

// makers by name of the function.
var makers = map[string]func(Spec) (Accumulator, error){
	"COUNT":                 newCount,
	"SUM":                   newSum,
	"SUM0":                  newSum,
	"AVG":                   newAverage,
	"MIN":                   newExtreme,
	"MAX":                   newExtreme,
	"BOOL_AND":              newBoolean,
	"BOOL_OR":               newBoolean,
	"FIRST_VALUE":           newPick,
	"LAST_VALUE":            newPick,
	"SINGLE_VALUE":          newPick,
	"MIN_BY":                newBy,
	"MAX_BY":                newBy,
	"STDDEV_POP":            newVariance,
	"STDDEV_SAMP":           newVariance,
	"VAR_POP":               newVariance,
	"VAR_SAMP":              newVariance,
	"LISTAGG":               newTextList,
	"ARRAY_AGG":             newArray,
	"COLLECT":               newMultiset,
	"JSON_ARRAYAGG":         newJSONArray,
	"JSON_OBJECTAGG":        newJSONObject,
	"PERCENTILE":            newPercentile,
	"MEDIAN":                newPercentile,
	"APPROX_COUNT_DISTINCT": newApproximate,
}

// ordered are the functions whose result depends on the order of rows.
var ordered = []string{"FIRST_VALUE", "LAST_VALUE", "LISTAGG", "JSON_ARRAYAGG", "JSON_OBJECTAGG", "ARRAY_AGG"}

// New makes an accumulator. What is not there yet is an error by name.
func New(s Spec) (Accumulator, error) {
	maker := makers[s.Function.Name]
	if maker == nil {
		return nil, fmt.Errorf("the aggregate function %s is not vectorised yet", s.Function.Name)
	}
	if !vector.Supported(s.Type) {
		return nil, fmt.Errorf("the aggregate function %s with a result of type %s is not vectorised yet", s.Function.Name, s.Type)
	}
	for _, t := range s.Args {
		if !vector.Supported(t) {
			return nil, fmt.Errorf("the aggregate function %s of type %s is not vectorised yet", s.Function.Name, t)
		}
	}
	all := s.Args
	s.Args = all[:len(all)-len(s.Order)]
	inner, err := maker(s)
	if err != nil || len(s.Order) == 0 || !s.Ordered() {
		return inner, err
	}
	return newOrdered(inner, s, all), nil
}

// Ordered says whether the result depends on the order of rows.
func (s Spec) Ordered() bool { return slices.Contains(ordered, s.Function.Name) }

// extend gives a slice n elements, the new ones zero.
func extend[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	old := len(s)
	s = slices.Grow(s, n-old)[:n]
	clear(s[old:])
	return s
}

// each visits pairs of a group and a row.
func each(groups []uint32, rows []int32, visit func(g uint32, row int)) {
	if rows == nil {
		for i, g := range groups {
			visit(g, i)
		}
		return
	}
	for i, g := range groups {
		visit(g, int(rows[i]))
	}
}

// numbers are the rows of a full batch.
var numbers = func() []int32 {
	out := make([]int32, column.MaxRows)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}()

// all names the rows of a batch of n, unless rows already does.
func all(rows []int32, n int) []int32 {
	if rows != nil {
		return rows
	}
	if n <= len(numbers) {
		return numbers[:n]
	}
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// Selector leaves out the rows of a batch that do not count. Its results are valid until it is used again.
type Selector struct {
	groups []uint32
	rows   []int32
}

// Select gives the pairs of groups and rows for which filter, unless it is nil, is true and, unless nulls says that they count, no
// argument is NULL. rows is nil for all rows.
func (s *Selector) Select(filter *vector.Vector, args []*vector.Vector, nulls bool, groups []uint32, rows []int32) ([]uint32, []int32) {
	if filter != nil {
		keep := vector.Values[bool](filter)
		groups, rows = s.where(groups, rows, func(row int) bool {
			return keep[filter.At(row)] && !filter.IsNull(row)
		})
	}
	for _, v := range args {
		if !nulls && v.Valid != nil {
			groups, rows = s.where(groups, rows, func(row int) bool { return !v.IsNull(row) })
		}
	}
	return groups, rows
}

func (s *Selector) where(groups []uint32, rows []int32, keep func(row int) bool) ([]uint32, []int32) {
	s.groups, s.rows = slices.Grow(s.groups[:0], len(groups))[:len(groups)], slices.Grow(s.rows[:0], len(groups))[:len(groups)]
	n := 0
	each(groups, rows, func(g uint32, row int) {
		s.groups[n], s.rows[n] = g, int32(row)
		if keep(row) {
			n++
		}
	})
	return s.groups[:n], s.rows[:n]
}
