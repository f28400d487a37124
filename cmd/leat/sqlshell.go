package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/session"
	"github.com/leatproject/leat/client/sql/shell"
	"github.com/urfave/cli/v2"
)

// asksForShell says whether the command is a shell: no script, and a terminal at both ends. Workers answer as the driver did.
func asksForShell(c *cli.Context, s streams) bool {
	if c.IsSet("file") || c.IsSet("execute") || c.IsSet(carriedFlag) {
		return false
	}
	return datastream.Once(datastream.NewEnvironment(), "sql/shell", func() bool { return isTerminal(s.in) && isTerminal(s.out) })
}

// terminable is a context that SIGTERM and SIGHUP end: Ctrl-C is the shell's.
func terminable() (context.Context, func()) {
	return signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGHUP)
}

func runShell(ctx context.Context, c *cli.Context, s streams, in *session.Session, substitute func(string) (string, error)) (err error) {
	lines := &recordedLines{}
	sh := &shell.Shell{Session: in, Editor: lines, Out: io.Discard, Substitute: substitute}
	if isTerminal(s.in) {
		terminal, err := shell.NewTerminal(shell.Completer{Catalogs: in.Catalogs}, historyFile(c))
		if err != nil {
			return err
		}
		defer terminal.Close()
		lines.terminal, sh.Out = terminal, s.err
	}
	if err := sh.Run(ctx); err != nil {
		return &exitError{code: exitTerminated}
	}
	return nil
}

// historyFile is where the shell keeps what was typed.
func historyFile(c *cli.Context) string {
	if c.IsSet("history") {
		return c.String("history")
	}
	home, err := homeFolder()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".leat-sql-history")
}

// recordedLines are those of a terminal; workers, which run the same statements up to the job that is theirs, read what was typed there.
type recordedLines struct {
	terminal *shell.Terminal // nil in workers
	read     int
}

// Line implements shell.Editor.
func (r *recordedLines) Line(prompt, before string) (string, error) {
	type line struct {
		Text, Error string
		Aborted     bool
	}
	typed := line{}
	if r.terminal != nil {
		text, err := r.terminal.Line(prompt, before)
		if typed.Text = text; err != nil {
			typed.Error, typed.Aborted = err.Error(), errors.Is(err, shell.ErrAborted)
		}
	}
	r.read++
	got := datastream.Once(datastream.NewEnvironment(), fmt.Sprint("sql/line/", r.read), func() line { return typed })
	switch {
	case got.Aborted:
		return "", shell.ErrAborted
	case got.Error == io.EOF.Error():
		return "", io.EOF
	case got.Error != "":
		return "", errors.New(got.Error)
	}
	return got.Text, nil
}

// Remember implements shell.Editor.
func (r *recordedLines) Remember(statement string) {
	if r.terminal != nil {
		r.terminal.Remember(statement)
	}
}
