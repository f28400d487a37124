package optimizer

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/expr"
)

// shareCommon makes nodes that give the same rows the same pointer, so that the physical plan runs them once. What is volatile gives
// other rows each time and is not shared.
func shareCommon(n plan.Node) plan.Node {
	s := &sharing{known: map[string]plan.Node{}, number: map[plan.Node]int{}}
	return s.node(n)
}

type sharing struct {
	known  map[string]plan.Node
	number map[plan.Node]int // of a node that may be shared
}

func (s *sharing) node(n plan.Node) plan.Node {
	inputs := n.Inputs()
	key := keyOf(n)
	may := !volatileNode(n)
	if len(inputs) > 0 {
		out := make([]plan.Node, len(inputs))
		for i, in := range inputs {
			out[i] = s.node(in)
			number, shared := s.number[out[i]]
			may = may && shared
			key += fmt.Sprintf("\n%d", number)
		}
		n = n.With(out)
	}
	if !may {
		return n
	}
	if known, ok := s.known[key]; ok {
		return known
	}
	s.known[key] = n
	s.number[n] = len(s.number)
	return n
}

// keyOf is all that a node says of itself, its inputs apart.
func keyOf(n plan.Node) string {
	var b strings.Builder
	b.WriteString(n.Line())
	for _, c := range n.Schema() {
		fmt.Fprintf(&b, "\n%s %s", c.Name, c.Type)
	}
	switch n := n.(type) {
	case *plan.Scan:
		fmt.Fprintf(&b, "\n%v %v", n.Options, n.Names)
	case *plan.WindowTable:
		fmt.Fprintf(&b, "\n%d", n.Time)
	}
	return b.String()
}

func volatileNode(n plan.Node) bool {
	switch n.(type) {
	case *plan.Sink, *plan.RecursionInput, *plan.Unnest:
		return true
	}
	found := false
	plan.MapExprs(n, func(e expr.Expr) expr.Expr {
		found = found || volatile(e)
		return e
	})
	return found
}
