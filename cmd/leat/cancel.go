package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

func cancelCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "cancel",
		Usage:     "cancel jobs of a cluster",
		ArgsUsage: "JOB...",
		Description: `What a job's sinks have not committed is thrown away.

   leat cancel 5e20cb6b0f357591171dfcca2eea09de
   leat cancel -m head:8081 5e20cb6b0f357591171dfcca2eea09de`,
		CustomHelpTemplate: verbHelp,
		Flags: append(clusterFlags(),
			&cli.StringFlag{Name: "withSavepoint", Aliases: []string{"s"}, Usage: "take a savepoint into `FOLDER` first (not there yet)"}),
		Action: func(c *cli.Context) error { return cancel(c, s) },
	}
}

func cancel(c *cli.Context, s streams) error {
	switch {
	case c.NArg() == 0:
		return wrongUsage("cancel: which job? leat list shows the ids")
	case c.IsSet("withSavepoint"):
		return wrongUsage("-s: this version takes no savepoints: leave it out")
	}
	client, _, err := connect(c)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	for _, id := range c.Args().Slice() {
		say := func(format string) {
			if !c.Bool("quiet") && !c.Bool("json") {
				fmt.Fprintf(s.out, format+"\n", id)
			}
		}
		say("Cancelling job %s.")
		if err := client.Cancel(ctx, id); err != nil {
			return clusterError(err)
		}
		say("Cancelled job %s.")
	}
	return nil
}
