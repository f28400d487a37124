package binder

import (
	"errors"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// Binder binds the statements of one session.
type Binder struct {
	Catalogs *catalog.Manager
	// File gives the table that a file or a folder is: its columns and the options to read it with. nil when files are no tables here.
	File func(path string) (*catalog.Table, error)
	// Functions are those of the program, by their names in capitals.
	Functions map[string]*expr.Function
}

// maxViews bounds how deep views may nest.
const maxViews = 50

// names is where the names of tables are looked up: what is around a query.
type names struct {
	*Binder
	catalog  string
	database string
	tables   *commonTables
	views    int         // views around
	hints    []plan.Hint // of the SELECT around
}

// commonTables is a list of the common table expressions in sight, the innermost first.
type commonTables struct {
	next *commonTables
	name string
	node plan.Node
}

// mistake carries an error from where it is found to the entry of the binder.
type mistake struct{ err *ast.Error }

func fail(at ast.Pos, format string, args ...any) { panic(mistake{ast.Errorf(at, format, args...)}) }

func failHint(at ast.Pos, hint, format string, args ...any) {
	err := ast.Errorf(at, format, args...)
	err.Hint = hint
	panic(mistake{err})
}

func unsupported(at ast.Pos, what string) {
	err := ast.Errorf(at, "%s is not supported", what)
	err.Unsupported = true
	panic(mistake{err})
}

func recoverMistake(err *error) {
	switch r := recover().(type) {
	case nil:
	case mistake:
		*err = r.err
	default:
		panic(r)
	}
}

// must gives a value or fails at a place.
func must[T any](at ast.Pos) func(v T, err error) T {
	return func(v T, err error) T {
		if err != nil {
			var known *ast.Error
			if errors.As(err, &known) {
				panic(mistake{known})
			}
			fail(at, "%s", err)
		}
		return v
	}
}

func (b *Binder) names() *names {
	c, d := b.Catalogs.Current()
	return &names{Binder: b, catalog: c, database: d}
}

// Query binds a query.
func (b *Binder) Query(q *ast.Query) (n plan.Node, err error) {
	defer recoverMistake(&err)
	return b.names().query(q, nil), nil
}

// Expr binds an expression over columns, as computed columns and watermarks are.
func (b *Binder) Expr(e ast.Expr, columns plan.Schema) (out expr.Expr, err error) {
	defer recoverMistake(&err)
	x := &expressions{names: b.names(), scope: scopeOf(columns, nil, nil), clause: "a column's expression"}
	return x.bind(e), nil
}

// suggest is a hint with the nearest name.
func suggest(name string, candidates []string) string {
	if s := config.DidYouMean(name, candidates); s != "" {
		return s[2:]
	}
	return ""
}

// castTo brings an expression to a type; nullability stays the expression's.
func castTo(e expr.Expr, t datatype.Type) expr.Expr {
	t = t.WithNull(!e.Type().NotNull)
	if e.Type().Equal(t) {
		return e
	}
	if l, ok := e.(expr.Literal); ok {
		if folded, ok := fold(l, t); ok {
			return folded
		}
	}
	return expr.Cast{Operand: e, Of: t}
}

// arguments are what overload resolution wants to know.
func arguments(args []expr.Expr) []expr.Argument {
	out := make([]expr.Argument, len(args))
	for i, a := range args {
		out[i].Type = a.Type()
		switch l := a.(type) {
		case expr.Literal:
			out[i].Literal = l.Value
		case expr.Call:
			if inner, ok := negated(l); ok {
				out[i].Literal = inner
			}
		}
	}
	return out
}

// negated is the value of a negated integer literal.
func negated(c expr.Call) (int64, bool) {
	if c.Function.Name != "NEGATE" {
		return 0, false
	}
	l, ok := c.Args[0].(expr.Literal)
	if !ok {
		return 0, false
	}
	v, ok := l.Value.(int64)
	return -v, ok
}

// call resolves a function of the table over arguments and casts them.
func call(at ast.Pos, name string, args ...expr.Expr) expr.Expr {
	return callFunction(at, expr.MustLookup(name), args)
}

func callFunction(at ast.Pos, f *expr.Function, args []expr.Expr) expr.Expr {
	r, err := f.Resolve(arguments(args))
	if err != nil {
		fail(at, "%s", err)
	}
	if check := checks[f.Name]; check != nil {
		check(at, args)
	}
	return expr.Call{Function: f, Args: castAll(at, args, r.Args), Of: r.Result}
}

// castAll brings arguments to the types that a function asks for.
func castAll(at ast.Pos, args []expr.Expr, types []datatype.Type) []expr.Expr {
	out := make([]expr.Expr, len(args))
	for i, a := range args {
		out[i] = a
		if !a.Type().EqualButNull(types[i]) {
			out[i] = castTo(foldText(at, a, types[i]), types[i])
		}
	}
	return out
}
