package optimizer

import (
	"math"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// Statistics is what is known of tables before they are read: from the footers and sizes of files, or from a catalog.
type Statistics interface {
	// Rows is how many rows a table has; false when nobody knows.
	Rows(*plan.Scan) (float64, bool)
	// Distinct is how many different values a column has; false when nobody knows.
	Distinct(scan *plan.Scan, column string) (float64, bool)
}

// unknownRows is how many rows a table is taken to have of which nothing is known.
const unknownRows = 10_000

// What part of the rows a condition is taken to keep.
const (
	equalPart = 0.05
	rangePart = 0.3
	likePart  = 0.1
	otherPart = 0.25
)

// estimates guesses how many rows nodes give.
type estimates struct {
	Statistics
	known map[plan.Node]float64
}

func newEstimates(s Statistics) *estimates {
	return &estimates{Statistics: s, known: map[plan.Node]float64{}}
}

// Estimate says how many rows the nodes of a plan are taken to give, at least 1.
func Estimate(s Statistics) func(plan.Node) float64 { return newEstimates(s).rows }

// rows is at least 1.
func (s *estimates) rows(n plan.Node) float64 {
	if r, ok := s.known[n]; ok {
		return r
	}
	r := math.Max(1, s.guess(n))
	s.known[n] = r
	return r
}

func (s *estimates) guess(n plan.Node) float64 {
	switch n := n.(type) {
	case *plan.Scan:
		if s.Statistics != nil {
			if r, ok := s.Rows(n); ok {
				return r
			}
		}
		return unknownRows
	case *plan.Values:
		return float64(len(n.Rows))
	case *plan.Filter:
		return s.rows(n.Input) * s.part(n.Input, n.Condition)
	case *plan.Join:
		return s.join(n)
	case *plan.Aggregate:
		groups := 1.0
		for _, g := range n.Groups {
			groups *= s.distinct(n.Input, g)
		}
		return math.Min(groups, s.rows(n.Input)) * math.Max(1, float64(len(n.Sets)))
	case *plan.Sort:
		if l, ok := n.Limit.(expr.Literal); ok {
			return math.Min(float64(l.Value.(int64)), s.rows(n.Input))
		}
	case *plan.SetOperation:
		if n.Kind == plan.Union {
			return s.rows(n.Left) + s.rows(n.Right)
		}
		return s.rows(n.Left)
	case *plan.Unnest:
		return 4
	case *plan.Correlate:
		return s.rows(n.Left) * s.rows(n.Right)
	}
	if inputs := n.Inputs(); len(inputs) > 0 {
		return s.rows(inputs[0])
	}
	return unknownRows
}

func (s *estimates) join(n *plan.Join) float64 {
	l, r := s.rows(n.Left), s.rows(n.Right)
	if n.Kind == plan.Semi || n.Kind == plan.Anti {
		return l * s.semi(n)
	}
	width, out := len(n.Left.Schema()), l*r
	keys := 1.0 // the values of the key that has most: others together with it seldom have many more
	for _, c := range conjuncts(n.Condition) {
		a, b, ok := equalColumns(c)
		if !ok {
			out *= otherPart
			continue
		}
		if a.Index > b.Index {
			a, b = b, a
		}
		if a.Index < width && b.Index >= width {
			keys = math.Max(keys, math.Min(s.distinct(n.Left, a.Index), s.distinct(n.Right, b.Index-width)))
		}
	}
	out /= keys
	if n.Kind != plan.Inner {
		out = math.Max(out, math.Max(l, r))
	}
	return out
}

// semi is what part of the left rows a semi or anti join keeps. By a key they are those whose value the right side has, and has still behind the
// conditions on it; of other conditions nothing is known.
func (s *estimates) semi(n *plan.Join) float64 {
	width, part := len(n.Left.Schema()), 1.0
	keys := false
	for _, c := range conjuncts(n.Condition) {
		a, b, ok := equalColumns(c)
		if a.Index > b.Index {
			a, b = b, a
		}
		if !ok || a.Index >= width || b.Index < width {
			part = 0.5
			continue
		}
		keys = true
		values, all := s.distinct(n.Right, b.Index-width), s.unfiltered(n.Right)
		lost := math.Pow(math.Max(0, 1-s.rows(n.Right)/all), math.Max(1, all/values)) // all rows of a value are
		part = math.Min(part, math.Min(1, values/s.distinct(n.Left, a.Index))*(1-lost))
	}
	switch {
	case !keys:
		return 0.5
	case n.Kind == plan.Anti:
		return math.Max(otherPart, 1-part)
	}
	return part
}

// unfiltered is how many rows a node would give without conditions on tables.
func (s *estimates) unfiltered(n plan.Node) float64 {
	switch n := n.(type) {
	case *plan.Filter:
		return s.unfiltered(n.Input)
	case *plan.Project:
		return s.unfiltered(n.Input)
	}
	return s.rows(n)
}

// equalColumns are the two columns that a condition says are equal.
func equalColumns(e expr.Expr) (a, b expr.Column, ok bool) {
	c, is := e.(expr.Call)
	if !is || c.Function.Name != "=" && c.Function.Name != "IS NOT DISTINCT FROM" {
		return a, b, false
	}
	a, left := c.Args[0].(expr.Column)
	b, right := c.Args[1].(expr.Column)
	return a, b, left && right
}

// distinct is how many different values a column may have: of a scan as many as it has rows, whatever filters it.
func (s *estimates) distinct(n plan.Node, column int) float64 {
	switch n := n.(type) {
	case *plan.Scan:
		if s.Statistics != nil {
			if d, ok := s.Distinct(n, n.Columns[column].Name); ok {
				return math.Max(1, d)
			}
		}
		return s.rows(n)
	case *plan.Filter:
		return s.distinct(n.Input, column)
	case *plan.Sort:
		return s.distinct(n.Input, column)
	case *plan.Project:
		if c, ok := n.Exprs[column].(expr.Column); ok {
			return s.distinct(n.Input, c.Index)
		}
	case *plan.Aggregate:
		if column < len(n.Groups) {
			return s.distinct(n.Input, n.Groups[column])
		}
	case *plan.Join:
		if width := len(n.Left.Schema()); column < width {
			return s.distinct(n.Left, column)
		} else {
			return s.distinct(n.Right, column-width)
		}
	}
	return s.rows(n)
}

// part is what part of the rows a condition keeps.
func (s *estimates) part(n plan.Node, e expr.Expr) float64 {
	c, ok := e.(expr.Call)
	if !ok {
		return otherPart
	}
	switch c.Function.Name {
	case "AND":
		out := 1.0
		for _, a := range c.Args {
			out *= s.part(n, a)
		}
		return out
	case "OR":
		out := 0.0
		for _, a := range c.Args {
			out += s.part(n, a)
		}
		return math.Min(1, out)
	case "NOT":
		return math.Max(otherPart, 1-s.part(n, c.Args[0]))
	case "=":
		for i, a := range c.Args {
			column, is := a.(expr.Column)
			if _, literal := c.Args[1-i].(expr.Literal); is && literal {
				return math.Max(1/s.distinct(n, column.Index), math.Min(equalPart, 1))
			}
		}
		return equalPart
	case "<", "<=", ">", ">=":
		return rangePart
	case "LIKE", "ILIKE", "SIMILAR TO", "REGEXP":
		return likePart
	case "<>", "IS NOT NULL":
		return 1
	}
	return otherPart
}
