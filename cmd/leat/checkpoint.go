package main

import (
	"fmt"

	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/urfave/cli/v2"
)

func checkpointCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "checkpoint",
		Usage:     "take a checkpoint of a job of a cluster now",
		ArgsUsage: "JOB",
		Description: `It is one like those at intervals, kept as long as they are.

   leat checkpoint 5e20cb6b0f357591171dfcca2eea09de`,
		CustomHelpTemplate: verbHelp,
		Flags:              append(clusterFlags(), &cli.BoolFlag{Name: "full", Usage: "accepted: what is written is chosen by how much has changed"}),
		Action:             func(c *cli.Context) error { return takeCheckpoint(c, s) },
	}
}

func takeCheckpoint(c *cli.Context, s streams) error {
	if c.NArg() != 1 {
		return wrongUsage("checkpoint: which job? leat list shows the ids")
	}
	client, _, err := connect(c)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	job := c.Args().First()
	say(c, s, fmt.Sprintf("Triggering checkpoint for job %s.\nWaiting for response...", job))
	id, err := client.TriggerCheckpoint(ctx, job, messages.CheckpointRequest{})
	if err != nil {
		return clusterError(err)
	}
	n, err := client.CheckpointResult(ctx, job, id)
	if err != nil {
		return clusterError(err)
	}
	say(c, s, fmt.Sprintf("Checkpoint(CONFIGURED) %d for job %s completed.", n, job))
	if c.Bool("json") {
		return printJSON(s.out, map[string]any{"job-id": job, "checkpoint-id": n})
	}
	return nil
}
