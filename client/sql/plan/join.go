package plan

import (
	"strings"

	"github.com/leatproject/leat/runtime/expr"
)

// JoinKind says which rows a join gives.
type JoinKind string

// The kinds of joins. Semi and Anti give only the left columns; the binder makes none of them.
const (
	Inner JoinKind = "inner"
	Left  JoinKind = "left"
	Right JoinKind = "right"
	Full  JoinKind = "full"
	Semi  JoinKind = "semi"
	Anti  JoinKind = "anti"
)

// Join gives the pairs of rows for which a condition is true; the literal TRUE for all.
type Join struct {
	Kind        JoinKind
	Left, Right Node
	Condition   expr.Expr
	Hints       []Hint // of the SELECT that it stands in
}

// Hint is what a SELECT asks of its joins: BROADCAST(t), SHUFFLE_HASH(t), SHUFFLE_MERGE(t, u), NEST_LOOP(t), and for unbounded input
// STATE_TTL, LOOKUP, MULTI_JOIN. Names are the tables' aliases.
type Hint struct {
	Name    string
	Tables  []string
	Options map[string]string
}

// String prints the hint without its options.
func (h Hint) String() string { return h.Name + "(" + strings.Join(h.Tables, ", ") + ")" }

// Schema is the left columns, then the right, nullable on the side that may be missing.
func (n *Join) Schema() Schema {
	if n.Kind == Semi || n.Kind == Anti {
		return n.Left.Schema()
	}
	return joinSchema(n.Kind, n.Left.Schema(), n.Right.Schema())
}

func joinSchema(kind JoinKind, left, right Schema) Schema {
	out := make(Schema, 0, len(left)+len(right))
	for _, c := range left {
		if kind == Right || kind == Full {
			c.Type = c.Type.Nullable()
		}
		out = append(out, c)
	}
	for _, c := range right {
		if kind == Left || kind == Full {
			c.Type = c.Type.Nullable()
		}
		out = append(out, c)
	}
	return out
}

// Inputs are left and right.
func (n *Join) Inputs() []Node { return []Node{n.Left, n.Right} }

// With joins other inputs.
func (n *Join) With(inputs []Node) Node {
	out := *n
	out.Left, out.Right = inputs[0], inputs[1]
	return &out
}

// Line prints the condition, the kind and the hints.
func (n *Join) Line() string {
	s := "LogicalJoin(condition=[" + n.Condition.String() + "], joinType=[" + string(n.Kind) + "]"
	if len(n.Hints) > 0 {
		s += ", hints=[" + joined(n.Hints, Hint.String) + "]"
	}
	return s + ")"
}
