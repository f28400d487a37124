package session

import (
	"context"
	"fmt"
	"strings"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/parser"
	"github.com/leatproject/leat/client/sql/physical"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
)

// streamConnector is what tables have in place of a connector that are streams of the program.
const streamConnector = "datastream"

// stream is a table that the program has made.
type stream struct {
	rows  *datastream.Vectors
	names []string
}

// NewIn makes a session whose jobs are those of a program: queries may read its streams, and become streams of it.
func NewIn(program *datastream.Environment, out Output) *Session {
	s := New(out)
	s.program, s.functions, s.streams = program, map[string]*expr.Function{}, map[string]stream{}
	return s
}

// AddFunction makes a function of the program known. It fails when there is one of the name.
func (s *Session) AddFunction(f *expr.Function) error {
	name := strings.ToUpper(f.Name)
	if _, err := expr.Lookup(name); err == nil || s.functions[name] != nil {
		return fmt.Errorf("there is a function %s already: choose another name", f.Name)
	}
	s.functions[name] = f
	return nil
}

// AddStream makes a stream a temporary table, in place of one of the same name.
func (s *Session) AddStream(name string, columns plan.Schema, rows *datastream.Vectors) error {
	table := &catalog.Table{Options: map[string]string{"connector": streamConnector}}
	for _, c := range columns {
		table.Columns = append(table.Columns, catalog.Column{Name: c.Name, Type: c.Type})
	}
	path := s.Catalogs.Qualify([]string{name})
	if err := s.Catalogs.PutTemporary(path, table, true); err != nil {
		return err
	}
	s.streams[strings.Join(path.Strings(), ".")] = stream{rows, columns.Names()}
	return nil
}

// Bind makes a plan of a query.
func (s *Session) Bind(ctx context.Context, query string) (plan.Node, error) {
	s.begin(ctx)
	statement, err := parser.Parse(query)
	if err != nil {
		return nil, mistake(ast.Pos{}, WithSource(err, query))
	}
	q, ok := statement.(*ast.QueryStatement)
	if !ok {
		return nil, &Mistake{ast.Errorf(statement.Position(), "this is no query: it has no rows")}
	}
	n, err := s.binder().Query(q.Query)
	if err != nil {
		return nil, WithSource(mistake(q.Pos, err), query)
	}
	return n, nil
}

// Stream adds a plan to the program. Its columns are cast to types, as far as that can be done without loss.
func (s *Session) Stream(ctx context.Context, n plan.Node, types []datatype.Type) (*datastream.Vectors, error) {
	s.begin(ctx)
	cast := &plan.Project{Input: n}
	for i, c := range n.Schema() {
		var e expr.Expr = expr.Column{Index: i, Of: c.Type}
		want := types[i].WithNull(!c.Type.NotNull)
		if !want.Equal(c.Type) {
			if !datatype.CanCastImplicitly(c.Type, want) {
				return nil, fmt.Errorf("column %s is %s, which is not read as %s: cast it in the query", c.Name, c.Type, want)
			}
			e = expr.Cast{Operand: e, Of: want}
		}
		cast.Exprs, cast.Names = append(cast.Exprs, e), append(cast.Names, c.Name)
	}
	s.env.Set(config.RuntimeMode.Key, string(config.Automatic))
	p, err := s.planFor(ctx, cast, false) // who knows what else the program will have
	if err != nil {
		return nil, err
	}
	return physical.NewBuilder(s.env).Build(p.physical), nil
}
