package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/binder"
	"github.com/leatproject/leat/client/sql/catalog"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/client/sql/result"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/worker"
)

// Output is where a session prints.
type Output interface {
	// Table begins a table of rows.
	Table(columns plan.Schema, o result.Options) (result.Writer, error)
	// Text prints a text that is a result: of EXPLAIN, SHOW CREATE.
	Text(text string) error
	// Message says what has happened, beside results.
	Message(text string)
}

// Session is the state between statements. It is used by one goroutine.
type Session struct {
	Catalogs *catalog.Manager

	out      Output
	ordinal  int64               // of the sessions of the process
	options  []datastream.Option // of the environments that jobs run in
	settings []setting           // SET, in order
	host     *host               // the driver's
	// program is the environment that the session belongs to; nil: each job has one of its own.
	program   *datastream.Environment
	functions map[string]*expr.Function // of the program, by name in capitals
	streams   map[string]stream         // of the program, by path

	// Of the statement that runs:
	ctx    context.Context // of the statement
	env    *datastream.Environment
	begun  time.Time
	number int                       // of all statements
	onces  int                       // what of it went through datastream.Once
	tables map[string]*catalog.Table // files by path
	known  map[string]statistics     // of tables by path

	created   map[string]createdCatalog // by name
	copied    map[string]*catalog.Table // files that can be read only once, for all statements
	temporary []string                  // their copies, which Close removes
}

type setting struct{ key, value string }

// sessions counts those of the process. A program makes them in the same order whenever it runs.
var sessions atomic.Int64

// New makes a session that prints to out; its jobs run in environments with these options. In a worker it prints nothing: the
// driver has. Close it at its end.
func New(out Output, options ...datastream.Option) *Session {
	if worker.Started() != nil {
		out = silence{}
	}
	return &Session{Catalogs: catalog.NewManager(), out: out, ordinal: sessions.Add(1), options: options, tables: map[string]*catalog.Table{}, known: map[string]statistics{},
		copied: map[string]*catalog.Table{}, created: map[string]createdCatalog{}}
}

// Mistake is a statement that cannot be executed: nothing of it has been.
type Mistake struct{ Err error }

// Error implements error.
func (m *Mistake) Error() string { return m.Err.Error() }

// Unwrap returns the cause.
func (m *Mistake) Unwrap() error { return m.Err }

// mistake marks an error that is the statement's, at a place unless it has one.
func mistake(at ast.Pos, err error) error {
	if err == nil {
		return nil
	}
	var known *Mistake
	var placed *ast.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &placed):
		return &Mistake{err}
	}
	return &Mistake{ast.Errorf(at, "%s", err)}
}

// binder binds a statement of the session.
func (s *Session) binder() *binder.Binder {
	return &binder.Binder{Catalogs: s.Catalogs, File: s.file, Functions: s.functions}
}

// environment is where the next job runs.
func (s *Session) environment(ctx context.Context) *datastream.Environment {
	if s.program != nil {
		for _, set := range s.settings {
			if set.key != resultMode {
				s.program.Set(set.key, set.value)
			}
		}
		return s.program
	}
	options := append(append([]datastream.Option(nil), s.options...), datastream.WithContext(ctx))
	for _, set := range s.settings {
		if set.key != resultMode {
			options = append(options, datastream.WithConfig(set.key, set.value))
		}
	}
	return datastream.NewEnvironment(options...)
}

// begin makes the session ready for a statement.
func (s *Session) begin(ctx context.Context) {
	s.ctx, s.begun, s.env, s.onces = ctx, time.Now(), s.environment(ctx), 0
	s.number++
	clear(s.tables)
	maps.Copy(s.tables, s.copied)
	clear(s.known)
}

// Execute runs a statement. Rows and texts that are its result go to the session's Output.
func (s *Session) Execute(ctx context.Context, statement ast.Statement) error {
	s.begin(ctx)
	switch st := statement.(type) {
	case *ast.QueryStatement:
		return s.query(ctx, st)
	case *ast.Insert:
		return s.insert(ctx, st.Pos, []*ast.Insert{st})
	case *ast.StatementSet:
		return s.insert(ctx, st.Pos, st.Inserts)
	case *ast.Explain:
		return s.explain(ctx, st)
	case *ast.Describe:
		return mistake(st.Pos, s.describe(st))
	case *ast.Show:
		return mistake(st.Pos, s.show(ctx, st))
	case *ast.Set:
		return mistake(st.Pos, s.set(st))
	case *ast.Reset:
		return mistake(st.Pos, s.reset(st))
	case *ast.Use:
		return mistake(st.Pos, s.use(st))
	case *ast.CreateTable:
		return s.createTable(ctx, st)
	}
	done, err := s.define(ctx, statement)
	if err != nil {
		return mistake(statement.Position(), err)
	}
	if !done {
		if _, ok := statement.(*ast.CreateFunction); ok {
			return &Mistake{&ast.Error{Pos: statement.Position(), Message: "CREATE FUNCTION is not supported", Hint: "functions are Go functions of the program that runs the statement"}}
		}
		name := fmt.Sprintf("%T", statement)
		return &Mistake{ast.Errorf(statement.Position(), "%s is not supported", name[5:])}
	}
	s.succeeded()
	return nil
}

func (s *Session) succeeded() { s.out.Message("[INFO] Execute statement succeeded.") }
