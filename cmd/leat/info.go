package main

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/client/status"
	"github.com/leatproject/leat/runtime/config"
	"github.com/urfave/cli/v2"
)

func infoCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "info",
		Usage:     "print the plan of a program's jobs, run none",
		ArgsUsage: "PROGRAM [its arguments]",
		Description: `The program runs up to each Execute, which returns without running the job. What it prints goes to standard error.

   leat info ./wordcount --input text.txt
   leat info --json ./wordcount                    Flink's plan JSON, a line for each job
   leat info -p 4 ./wordcount                      as it would be with parallelism 4`,
		CustomHelpTemplate: verbHelp,
		Flags:              programFlags(),
		Action:             func(c *cli.Context) error { return showPlan(c, s) },
	}
}

func showPlan(c *cli.Context, s streams) error {
	run, _, err := prepare(c, s)
	if err != nil {
		return err
	}
	plans := 0
	var rejected error
	run.env = append(run.env, config.InfoVariable+"=1")
	run.streams.out = s.err
	run.handle = func(e status.Event, _ []byte) {
		switch e.Event {
		case status.Plan:
			if plans++; c.Bool("json") {
				fmt.Fprintf(s.out, "%s\n", e.Plan)
			} else {
				fmt.Fprintln(s.out, strings.TrimRight(e.Text, "\n"))
			}
		case status.Rejected, status.Failed:
			code, _ := codeOf(e)
			rejected = &exitError{code: code, err: fmt.Errorf("%s", conclusion(e))}
		}
	}
	result, err := run.run()
	switch {
	case err != nil:
		return err
	case result.received != 0:
		return &exitError{code: result.exitCode()}
	case rejected != nil:
		return rejected
	case plans > 0:
		return nil
	case result.code != exitOK:
		return &exitError{code: result.code, err: fmt.Errorf("the program ended with exit code %d before it came to a job", result.code)}
	}
	return &exitError{code: exitFailed, err: fmt.Errorf("the program ended without Execute, so it has no plan")}
}
