package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/runtime/config"
	"github.com/urfave/cli/v2"
)

func runCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "run a program and show its progress",
		ArgsUsage: "PROGRAM [its arguments]",
		Description: `PROGRAM is an executable, or a Go package or .go file, which is built first, or a script of SQL. All that follows it is its own.

   leat run ./wordcount --input text.txt
   leat run ./cmd/examples/wordcount --input text.txt
   leat run job.sql --var date=2026-11-20          the statements of a script, as leat sql -f runs them
   leat run -p 4 ./wordcount                       parallelism 4
   leat run -m head:8081 ./wordcount               on a cluster; leat list, leat cancel and leat logs look after it
   leat run -d -m head:8081 ./wordcount            the same, without waiting for its end
   leat run -D execution.runtime-mode=BATCH ./wordcount
   leat run -Dio.tmp.dirs=/disk1,/disk2 ./wordcount
   leat run --json ./wordcount 2>events.jsonl      progress for machines, on standard error

Ctrl-C cancels the job; a second one kills the program. With -m it ends the program, and the job goes on.`,
		CustomHelpTemplate: verbHelp,
		Flags:              programFlags(),
		Action:             func(c *cli.Context) error { return runProgram(c, s) },
	}
}

var verbHelp = `leat {{.Name}} [flags] {{.ArgsUsage}}: {{.Usage}}

{{.Description}}

Flags:
{{range .VisibleFlags}}   {{.}}
{{end}}`

func runProgram(c *cli.Context, s streams) error {
	run, conf, err := prepare(c, s)
	if err != nil {
		return err
	}
	target := config.Get(conf, config.ExecutionTarget)
	if detached(c, conf) || target == yarnApplication || target == nomadApplication { // main() runs on the cluster
		limit := maxCarried
		if target == nomadApplication {
			limit = maxCarriedByNomad
		}
		if run.args, err = carried(c.Args().First(), run.args, limit); err != nil {
			return err
		}
	}
	switch target {
	case yarnApplication:
		return runOnYARN(c, conf, run, s)
	case nomadApplication:
		return runOnNomad(c, conf, run, s)
	case yarnSession, nomadSession:
		if run, err = inSession(c, conf, run); err != nil {
			return err
		}
	}
	if detached(c, conf) {
		return runDetached(c, conf, run, s)
	}
	if err := reachable(conf); err != nil {
		return err
	}
	if config.Get(conf, config.ExecutionTarget) == remote && run.session == "" {
		run.session = "-m " + cmp.Or(c.String("jobmanager"), net.JoinHostPort(config.Get(conf, config.RestAddress), strconv.Itoa(config.Get(conf, config.RestPort))))
	}
	report, programStreams := newReporter(s, c.Bool("json"), c.Bool("quiet"))
	run.streams = programStreams
	run.handle, run.notice = report.event, report.notice
	if c.IsSet("class") {
		report.notice("-c is ignored: a Go program has one main function")
	}
	result, err := run.run()
	if err != nil {
		return err
	}
	if code := result.exitCode(); code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// reachable asks the cluster that a program is to run on whether it is there, so that the program need not find out. One that is
// between two leaders is.
func reachable(conf *config.Configuration) error {
	if config.Get(conf, config.ExecutionTarget) != remote {
		return nil
	}
	client, err := clientOf(conf)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	if _, err = client.Overview(ctx); errors.Is(err, rest.ErrUnreachable) {
		return clusterError(err)
	}
	return nil
}

// prepare is what run and info have in common: the configuration, the program, and its environment.
func prepare(c *cli.Context, s streams) (child, *config.Configuration, error) {
	if c.NArg() == 0 {
		return child{}, nil, wrongUsage("%s: which program? leat %s PROGRAM; %s", c.Command.Name, c.Command.Name, whatRuns)
	}
	conf, path, err := load(c)
	if err != nil {
		return child{}, nil, err
	}
	if err := applyProgramFlags(c, conf); err != nil {
		return child{}, nil, err
	}
	p, args, err := findRunnable(c, s.err)
	if err != nil {
		return child{}, nil, err
	}
	return child{
		program: p,
		args:    args,
		env:     append(withoutConfiguration(os.Environ()), conf.Environ(path)...),
		streams: s,
		notice:  func(text string) { fmt.Fprintf(s.err, "leat: %s\n", text) },
	}, conf, nil
}
