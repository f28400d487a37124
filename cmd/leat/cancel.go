package main

import (
	"context"
	"fmt"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/scheduler/rest/messages"
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
			&cli.StringFlag{Name: "withSavepoint", Aliases: []string{"s"}, Usage: "take a savepoint below `FOLDER` with it; leat stop is for that"}),
		Action: func(c *cli.Context) error { return cancel(c, s) },
	}
}

func cancel(c *cli.Context, s streams) error {
	switch {
	case c.NArg() == 0:
		return wrongUsage("cancel: which job? leat list shows the ids")
	case c.IsSet("withSavepoint") && c.NArg() > 1:
		return wrongUsage("cancel -s takes one job")
	case c.IsSet("withSavepoint"):
		return cancelWithSavepoint(c, s)
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
		if c.Bool("json") {
			fmt.Fprintf(s.out, "{\"jid\":%q}\n", id)
		}
	}
	return nil
}

func cancelWithSavepoint(c *cli.Context, s streams) error {
	job, folder := c.Args().First(), c.String("withSavepoint")
	w := waiting{c: c, s: s, job: job}
	return w.run(fmt.Sprintf("Cancelling job %s with savepoint to %s.", job, folder), func(ctx context.Context, client *rest.Client) (string, error) {
		return client.TriggerSavepoint(ctx, job, messages.SavepointRequest{TargetDirectory: folder, CancelJob: true})
	})
}
