package kernel

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Options are what expressions need to know of the session.
type Options struct {
	Zone *time.Location // of TIMESTAMP_LTZ as text and as fields; nil: UTC
}

// Evaluator computes one expression. It belongs to one goroutine.
type Evaluator struct{ root node }

// node is a part of the program: it fills a vector for the rows of a batch that are selected; nil selects all.
type node interface {
	eval(b *vector.Batch, selection []int32) (*vector.Vector, error)
	of() datatype.Type
}

// Compile makes the program of an expression over columns of the given types.
func Compile(e expr.Expr, input []datatype.Type, o Options) (*Evaluator, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	root, err := (&compiler{input, o}).compile(e)
	if err != nil {
		return nil, err
	}
	return &Evaluator{root}, nil
}

// Evaluate computes the rows of a batch that are selected. The result is valid until the next call.
func (e *Evaluator) Evaluate(b *vector.Batch) (*vector.Vector, error) {
	return e.root.eval(b, b.Selection)
}

type compiler struct {
	input   []datatype.Type
	options Options
}

func (c *compiler) compile(e expr.Expr) (node, error) {
	if t := e.Type(); !vector.Supported(t) && t.Kind != datatype.KindSymbol {
		return nil, fmt.Errorf("values of type %s are not vectorised yet: %s", t, e)
	}
	switch e := e.(type) {
	case expr.Column:
		if e.Index >= len(c.input) || !c.input[e.Index].EqualButNull(e.Of) {
			return nil, fmt.Errorf("%s is no column of type %s of the input", e, e.Of)
		}
		return columnNode(e), nil
	case expr.Literal:
		return constant(e)
	case expr.Cast:
		operand, err := c.compile(e.Operand)
		if err != nil {
			return nil, err
		}
		return c.cast(operand, e.Of, e.Try)
	case expr.Field:
		return c.field(e)
	case expr.Call:
		return c.call(e)
	}
	return nil, fmt.Errorf("%T is not vectorised yet: %s", e, e)
}

// call compiles a function: those that choose which arguments are evaluated are nodes of their own.
func (c *compiler) call(e expr.Call) (node, error) {
	args := make([]node, len(e.Args))
	for i, a := range e.Args {
		n, err := c.compile(a)
		if err != nil {
			return nil, err
		}
		args[i] = n
	}
	if e.Function.User != nil {
		return c.user(e, args), nil
	}
	if special := specials[e.Function.Name]; special != nil {
		return special(c, args, e.Of)
	}
	return c.function(e.Function.Name, args, e.Of, e.Function.Volatile)
}

// user calls a function that the program has registered.
func (c *compiler) user(e expr.Call, args []node) node {
	u := e.Function.User
	run := rows(func(f *frame) error {
		if err := u.Row(f.args, f.out, f.row); err != nil {
			return fmt.Errorf("function %s: %w", e.Function.Name, err)
		}
		return nil
	})
	return &callNode{name: e.Function.Name, args: args, result: e.Of, run: run, lenient: u.Nulls, frame: frame{zone: c.options.Zone}}
}

// function makes the node of a function of the tables.
func (c *compiler) function(name string, args []node, result datatype.Type, volatile bool) (node, error) {
	s := site{name: name, result: result, args: make([]datatype.Type, len(args)), nodes: args, compiler: c}
	for i, a := range args {
		s.args[i] = a.of()
	}
	entry, ok := kernels[name]
	if !ok {
		return nil, fmt.Errorf("function %s is not vectorised yet", name)
	}
	run, err := entry.of(&s)
	if err != nil {
		return nil, err
	}
	if run == nil {
		return nil, fmt.Errorf("function %s is not vectorised yet for %s", name, typeNames(s.args))
	}
	return &callNode{name: name, args: s.nodes, result: result, run: run, lenient: entry.nulls, volatile: volatile, frame: frame{zone: c.options.Zone}}, nil
}

func typeNames(types []datatype.Type) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.String()
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// site is where a function is called: what a table's entry chooses its kernel by. An entry may replace the nodes of the arguments.
type site struct {
	name     string
	args     []datatype.Type
	result   datatype.Type
	nodes    []node
	compiler *compiler
}

// constantText is the value of an argument that is a constant text or symbol.
func (s *site) constantText(i int) (string, bool) {
	n, ok := s.nodes[i].(*constantNode)
	if !ok || n.v.IsNull(0) || !vector.Variable(n.v.Type) {
		return "", false
	}
	return string(n.v.Bytes(0)), true
}

// castArgs brings arguments to a type.
func (s *site) castArgs(t datatype.Type) error {
	for i, n := range s.nodes {
		cast, err := s.compiler.cast(n, t.WithNull(!n.of().NotNull), false)
		if err != nil {
			return err
		}
		s.nodes[i], s.args[i] = cast, cast.of()
	}
	return nil
}

type columnNode expr.Column

func (n columnNode) of() datatype.Type { return n.Of }

func (n columnNode) eval(b *vector.Batch, _ []int32) (*vector.Vector, error) {
	return b.Columns[n.Index], nil
}

var errLong = errors.New("the texts of one batch have more than 2 GiB: make them shorter")

// finished ends a result of texts; too many bytes of them are an error.
func finished(v *vector.Vector) (*vector.Vector, error) {
	if v.Finish(); v.Overflowed() {
		return nil, errLong
	}
	return v, nil
}

// callNode evaluates its arguments and runs a kernel over them.
type callNode struct {
	name     string // empty of a cast
	args     []node
	result   datatype.Type
	run      kernel
	lenient  bool // looks at NULL itself
	volatile bool
	frame    frame
	out      vector.Vector
}

func (n *callNode) of() datatype.Type { return n.result }

func (n *callNode) eval(b *vector.Batch, selection []int32) (*vector.Vector, error) {
	f := &n.frame
	f.out, f.length, f.selection, f.args = &n.out, b.Length, selection, f.args[:0]
	rows := b.Length
	if selection != nil {
		rows = len(selection)
	}
	if rows == 0 {
		n.out.Reset(n.result, b.Length)
		n.out.Finish()
		return &n.out, nil
	}
	constant, null := !n.volatile, false
	for _, a := range n.args {
		v, err := a.eval(b, selection)
		if err != nil {
			return nil, err
		}
		f.args = append(f.args, v)
		constant = constant && v.Constant
		null = null || v.Constant && v.IsNull(0)
	}
	null = null && !n.lenient
	if constant || null {
		f.length, f.selection = 1, nil
	}
	n.out.Reset(n.result, f.length)
	n.out.Constant = constant || null
	if null {
		n.out.SetAllNull()
		n.out.Finish()
		return &n.out, nil
	}
	if !n.lenient {
		for _, v := range f.args {
			n.out.NullWhere(v)
		}
	}
	if err := n.run(f); err != nil {
		return nil, err
	}
	return finished(&n.out)
}
