package session

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/parser"
)

// Script runs the statements of a text. If last is set, of those that are queries only the last one is run, or, if there is none, of
// other statements that give rows the last one: output for programs is one table. The statements before a mistake run.
func (s *Session) Script(ctx context.Context, text string, last bool) error {
	shown := -1
	if last {
		shown = lastTable(text)
	}
	p := parser.New(text)
	for number := 0; ; number++ {
		statement, _, err := p.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return mistake(ast.Pos{}, WithSource(err, text))
		}
		if quits(statement) {
			return nil
		}
		if last && number != shown && givesRows(statement) {
			s.out.Message(fmt.Sprintf("line %d: the rows of this statement are not printed: this format has one table, that of the last query", statement.Position().Line))
			continue
		}
		if err := s.Execute(ctx, statement); err != nil {
			return WithSource(err, text)
		}
	}
}

func quits(statement ast.Statement) bool {
	c, ok := statement.(*ast.Command)
	return ok && (c.Name == "QUIT" || c.Name == "EXIT")
}

// WithSource gives an error of a statement the text, without its secrets, so that it shows the line.
func WithSource(err error, text string) error {
	var placed *ast.Error
	if errors.As(err, &placed) && (placed.Source == "" || placed.Source == text) {
		placed.Source = WithoutSecrets(text)
	}
	return err
}

func isQuery(statement ast.Statement) bool {
	_, ok := statement.(*ast.QueryStatement)
	return ok
}

func givesRows(statement ast.Statement) bool {
	switch st := statement.(type) {
	case *ast.QueryStatement, *ast.Show, *ast.Describe, *ast.Explain:
		return true
	case *ast.Set:
		return st.Key == ""
	}
	return false
}

// lastTable is the number of the statement whose rows are printed where there is room for one table.
func lastTable(text string) int {
	p := parser.New(text)
	query, other := -1, -1
	for number := 0; ; number++ {
		statement, _, err := p.Next()
		switch {
		case err != nil && query >= 0:
			return query
		case err != nil:
			return other
		case isQuery(statement):
			query = number
		case givesRows(statement):
			other = number
		}
	}
}
