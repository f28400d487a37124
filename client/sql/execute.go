package sql

import (
	"fmt"
	"os"
	"strings"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/plan"
	"github.com/leatproject/leat/client/sql/result"
	"github.com/leatproject/leat/client/sql/session"
)

// Execute runs the statements of a text one after the other, each INSERT and each query as a job, and prints rows as a table. What a
// statement defines or sets is there for the later ones, and for later calls with the same environment.
//
// A mistake in a statement is a *session.Mistake; the statements before it have run.
func Execute(env *datastream.Environment, statements string) error {
	return sessionOf(env).Script(env.Context(), statements, false)
}

type sessionKey struct{}

// sessionOf is the session of an environment.
func sessionOf(env *datastream.Environment) *session.Session {
	return env.Attached(sessionKey{}, func() any { return session.NewIn(env, printed{}) }).(*session.Session)
}

// printed is the output of Execute.
type printed struct{}

// Table implements session.Output.
func (printed) Table(columns plan.Schema, o result.Options) (result.Writer, error) {
	return result.New(result.Table, os.Stdout, columns, o)
}

// Text implements session.Output.
func (printed) Text(text string) error {
	_, err := fmt.Println(strings.TrimSuffix(text, "\n"))
	return err
}

// Message implements session.Output: a program is not told that what it does succeeds.
func (printed) Message(string) {}
