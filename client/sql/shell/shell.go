package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/leatproject/leat/client/sql/ast"
	"github.com/leatproject/leat/client/sql/parser"
	"github.com/leatproject/leat/client/sql/session"
)

// ErrAborted is what an Editor gives for Ctrl-C.
var ErrAborted = errors.New("aborted")

// Editor reads lines. While it does not read, Ctrl-C is a signal.
type Editor interface {
	// Line reads a line behind a prompt. before are the lines of the statement so far. Its errors are ErrAborted, and io.EOF for Ctrl-D.
	Line(prompt, before string) (string, error)
	// Remember puts a statement into the history.
	Remember(statement string)
}

// Shell is a session at a terminal.
type Shell struct {
	Session *session.Session
	Editor  Editor
	Out     io.Writer // of messages
	// Substitute replaces the variables of a statement.
	Substitute func(text string) (string, error)
}

const (
	prompt       = "Leat SQL> "
	continuation = "        > "
	hello        = "Statements end with ; and may have several lines. HELP; shows what there is, QUIT; leaves. Tab completes."
)

// Help is what HELP prints.
const Help = `SELECT ...; WITH ...; VALUES ...          run a query and print its rows; 'dir/*.csv' in quotes is a table, too
INSERT INTO table SELECT ...               write rows; INSERT OVERWRITE replaces what is there
CREATE | ALTER | DROP TABLE | VIEW | DATABASE | CATALOG ...
SHOW TABLES | VIEWS | DATABASES | CATALOGS | FUNCTIONS | COLUMNS FROM table | CREATE TABLE table
DESCRIBE table; USE database; USE CATALOG catalog
EXPLAIN SELECT ...                         the plan of a query
SET; SET 'key' = 'value'; RESET 'key'      settings; 'sql-client.execution.result-mode' = 'table' | 'changelog' | 'tableau'
BEGIN STATEMENT SET; INSERT ...; INSERT ...; END
HELP; CLEAR; QUIT; EXIT

Ctrl-C cancels what runs or throws away what was typed, Ctrl-D leaves, Tab completes, the arrows and Ctrl-R go through the history.
`

// Run reads and executes until the user leaves, or until ctx ends, whose error it returns then.
func (s *Shell) Run(ctx context.Context) error {
	between := make(chan os.Signal, 1) // a Ctrl-C between the editor's reading and a statement is for neither, and does not end the shell
	signal.Notify(between, os.Interrupt)
	defer signal.Stop(between)
	fmt.Fprintln(s.Out, hello)
	before := ""
	for {
		line, err := s.line(ctx, before)
		switch {
		case errors.Is(err, ErrAborted):
			before = ""
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		before = joined(before, line)
		if strings.TrimSpace(before) == "" {
			before = ""
			continue
		}
		if !parser.Complete(before) && !isCommand(before) {
			continue
		}
		s.Editor.Remember(before)
		if quit := s.execute(ctx, before); quit || ctx.Err() != nil {
			return ctx.Err()
		}
		before = ""
	}
}

func joined(before, line string) string {
	if before == "" {
		return line
	}
	return before + "\n" + line
}

// isCommand says whether a text is a word for the shell, which needs no semicolon.
func isCommand(text string) bool {
	switch strings.ToUpper(strings.TrimSpace(text)) {
	case "QUIT", "EXIT", "CLEAR", "HELP":
		return true
	}
	return false
}

// line reads a line unless ctx ends before.
func (s *Shell) line(ctx context.Context, before string) (string, error) {
	type read struct {
		line string
		err  error
	}
	p := prompt
	if before != "" {
		p = continuation
	}
	lines := make(chan read, 1)
	go func() {
		line, err := s.Editor.Line(p, before)
		lines <- read{line, err}
	}()
	select {
	case r := <-lines:
		return r.line, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// execute runs the statements of a text, and says whether the user leaves. Those behind one that fails do not run.
func (s *Shell) execute(ctx context.Context, text string) (quit bool) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	if s.Substitute != nil {
		var err error
		if text, err = s.Substitute(text); err != nil {
			s.failed(ctx, text, err)
			return false
		}
	}
	for p := parser.New(text); ; {
		statement, _, err := p.Next()
		switch command, _ := statement.(*ast.Command); {
		case errors.Is(err, io.EOF):
			return false
		case err != nil:
		case command == nil:
			err = s.Session.Execute(ctx, statement)
		case command.Name == "HELP":
			fmt.Fprint(s.Out, Help)
		case command.Name == "CLEAR":
			fmt.Fprint(s.Out, "\x1b[H\x1b[2J")
		default:
			return true
		}
		if err != nil {
			s.failed(ctx, text, err)
			return false
		}
	}
}

func (s *Shell) failed(ctx context.Context, text string, err error) {
	if ctx.Err() != nil {
		fmt.Fprintln(s.Out, "[INFO] Cancelled.")
		return
	}
	fmt.Fprintln(s.Out, "[ERROR] "+session.WithSource(err, text).Error())
}
