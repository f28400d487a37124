package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/client/sql/plan"
	sqlresult "github.com/leatproject/leat/client/sql/result"
	"github.com/leatproject/leat/client/sql/session"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/worker"
	"github.com/urfave/cli/v2"
)

func sqlCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "sql",
		Usage: "run SQL: a shell, a script or a statement",
		Description: `Without -e and -f it is a shell, or, when the input is no terminal, runs what it reads there.

   leat sql -e "SELECT 1 + 1"
   leat sql -f report.sql --var date=2026-11-20       {{date}} in the script is replaced by the value, safely quoted
   leat sql -e "SELECT city, COUNT(*) FROM 'trips/*.csv' GROUP BY city" > out.csv
   leat sql -m head:8081 -f job.sql                   on a cluster
   leat sql -m head:8081 -d -f job.sql                there, without waiting for the end of what it writes

Rows are a table on a terminal, else csv; csv and json print those of the last query of a script. Messages go to standard error.`,
		CustomHelpTemplate: verbHelp,
		Flags: append(programFlags(),
			&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "run the statements of `FILE`; - is the standard input"},
			&cli.StringFlag{Name: carriedFlag, Hidden: true},
			&cli.StringFlag{Name: "execute", Aliases: []string{"e"}, Usage: "run the statements of `TEXT`"},
			&cli.StringFlag{Name: "init", Aliases: []string{"i"}, Usage: "run the statements of `FILE` first, without their rows"},
			&cli.StringFlag{Name: "history", Aliases: []string{"hist"}, Usage: "keep what was typed in the shell in `FILE`, by default ~/.leat-sql-history"},
			&cli.StringSliceFlag{Name: "var", Usage: "replace {{NAME}} in scripts: `NAME=VALUE`; may be given often"},
			&cli.StringFlag{Name: "format", Usage: "print rows as `table`, csv or json"},
			&cli.StringFlag{Name: "null", Usage: "what csv prints for NULL: `TEXT`"}),
		Action: func(c *cli.Context) error { return runSQL(c, s) },
	}
}

func runSQL(c *cli.Context, s streams) (err error) {
	if err := configureSQL(c); err != nil {
		return err
	}
	variables, err := sqlVariables(c)
	if err != nil {
		return err
	}
	out, err := newSQLOutput(c, s)
	if err != nil {
		return err
	}
	begin, interactive := interruptible, asksForShell(c, s)
	if interactive {
		begin = terminable
	}
	ctx, stop := begin()
	defer stop()
	session := session.New(out)
	defer func() { err = errors.Join(err, session.Close()) }()
	run := func(text string, last bool) error {
		text, err := substituted(text, variables)
		if err != nil {
			return err
		}
		return sqlError(ctx, session.Script(ctx, text, last))
	}
	if name := c.String("init"); name != "" {
		text, err := scriptText(name, s.in)
		if err != nil {
			return err
		}
		if err := run(text, true); err != nil {
			return err
		}
	}
	switch {
	case interactive:
		return runShell(ctx, c, s, session, func(text string) (string, error) { return substituted(text, variables) })
	case c.IsSet("file") && c.IsSet("execute"):
		return wrongUsage("sql: -e and -f: give one of them")
	case c.IsSet(carriedFlag):
		text, err := unpacked(c.String(carriedFlag))
		if err != nil {
			return err
		}
		return run(text, out.format != sqlresult.Table)
	case c.IsSet("execute"):
		return run(c.String("execute"), out.format != sqlresult.Table)
	case c.IsSet("file"):
		text, err := scriptText(c.String("file"), s.in)
		if err != nil {
			return err
		}
		return run(text, out.format != sqlresult.Table)
	}
	text, err := scriptText("-", s.in)
	if err != nil {
		return err
	}
	return run(text, out.format != sqlresult.Table)
}

// configureSQL makes what the flags say the configuration of this process. A worker has that of its job.
func configureSQL(c *cli.Context) error {
	if worker.Started() != nil {
		return nil
	}
	conf, path, err := load(c)
	if err != nil {
		return err
	}
	if err := applyProgramFlags(c, conf); err != nil {
		return err
	}
	if c.Bool("detached") {
		if err := conf.SetFrom("--detached", config.ExecutionAttached.Key, "false"); err != nil {
			return &exitError{code: exitUsage, err: err}
		}
	}
	for _, v := range conf.Environ(path) {
		name, value, _ := strings.Cut(v, "=")
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return reachable(conf)
}

// scriptText reads a script, in workers what the driver has read.
func scriptText(name string, in io.Reader) (string, error) {
	type script struct{ Text, Error string }
	read := datastream.Once(datastream.NewEnvironment(), "script/"+name, func() script {
		var text []byte
		var err error
		if name == "-" {
			text, err = io.ReadAll(in)
		} else {
			text, err = os.ReadFile(name)
		}
		if err != nil {
			return script{Error: err.Error()}
		}
		return script{Text: string(text)}
	})
	if read.Error != "" {
		return "", wrongUsage("reading the script: %s", read.Error)
	}
	return read.Text, nil
}

func sqlVariables(c *cli.Context) (map[string]string, error) {
	variables := map[string]string{}
	for _, v := range c.StringSlice("var") {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return nil, wrongUsage("--var %s: expected NAME=VALUE", v)
		}
		variables[name] = value
	}
	return variables, nil
}

func substituted(text string, variables map[string]string) (string, error) {
	text, err := session.Substitute(text, variables)
	if err != nil {
		return "", &exitError{code: exitUsage, err: err}
	}
	return text, nil
}

// sqlError is how the command ends with an error of a script.
func sqlError(ctx context.Context, err error) error {
	var mistake *session.Mistake
	switch {
	case err == nil:
		return nil
	case datastream.Told(err):
		return &exitError{code: datastream.ExitCode(err)}
	case ctx.Err() != nil:
		return &exitError{code: exitInterrupted, err: errors.New("interrupted")}
	case errors.As(err, &mistake):
		return &exitError{code: exitUsage, err: err}
	}
	return &exitError{code: datastream.ExitCode(err), err: err}
}

// sqlOutput prints results to standard output and messages to standard error.
type sqlOutput struct {
	streams
	format sqlresult.Format
	null   string
	quiet  bool
}

func newSQLOutput(c *cli.Context, s streams) (*sqlOutput, error) {
	o := &sqlOutput{streams: s, format: sqlresult.CSV, null: c.String("null"), quiet: c.Bool("quiet")}
	if isTerminal(s.out) {
		o.format = sqlresult.Table
	}
	if c.IsSet("format") {
		o.format = sqlresult.Format(c.String("format"))
		names := []string{string(sqlresult.Table), string(sqlresult.CSV), string(sqlresult.JSON)}
		switch o.format {
		case sqlresult.Table, sqlresult.CSV, sqlresult.JSON:
		default:
			return nil, wrongUsage("--format %s: expected table, csv or json%s", o.format, config.DidYouMean(string(o.format), names))
		}
	}
	return o, nil
}

// Table implements session.Output.
func (o *sqlOutput) Table(columns plan.Schema, opt sqlresult.Options) (sqlresult.Writer, error) {
	opt.Null = o.null
	return sqlresult.New(o.format, o.out, columns, opt)
}

// Text implements session.Output.
func (o *sqlOutput) Text(text string) error {
	_, err := fmt.Fprintln(o.out, strings.TrimSuffix(text, "\n"))
	return err
}

// Message implements session.Output.
func (o *sqlOutput) Message(text string) {
	if !o.quiet {
		fmt.Fprintln(o.err, text)
	}
}
