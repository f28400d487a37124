package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/urfave/cli/v2"
)

func checkpointsCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "checkpoints",
		Usage:     "show the latest checkpoints of a job of a cluster",
		ArgsUsage: "JOB",
		Description: `A job begins with one that is kept by leat run -s PATH.

   leat checkpoints 5e20cb6b0f357591171dfcca2eea09de
   leat checkpoints --json 5e20cb6b0f357591171dfcca2eea09de`,
		CustomHelpTemplate: verbHelp,
		Flags:              clusterFlags(),
		Action:             func(c *cli.Context) error { return showCheckpoints(c, s) },
	}
}

func showCheckpoints(c *cli.Context, s streams) error {
	if c.NArg() != 1 {
		return wrongUsage("checkpoints: of which job? leat list shows the ids")
	}
	client, _, err := connect(c)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	all, err := client.Checkpoints(ctx, c.Args().First())
	if err != nil {
		return clusterError(err)
	}
	if c.Bool("json") {
		encoded, err := json.Marshal(all)
		if err != nil {
			return fmt.Errorf("encoding the checkpoints: %w", err)
		}
		fmt.Fprintf(s.out, "%s\n", encoded)
		return nil
	}
	fmt.Fprintf(s.out, "%d completed, %d failed, %d in progress, restored %d times\n", all.Counts.Completed, all.Counts.Failed, all.Counts.InProgress, all.Counts.Restored)
	if r := all.Latest.Restored; r != nil {
		fmt.Fprintf(s.out, "restored from %s at %s\n", r.ExternalPath, time.UnixMilli(r.Restored).Format(listTime))
	}
	history := all.History
	if newest := all.Latest.Completed; len(history) == 0 && newest != nil {
		history = []messages.Checkpoint{*newest} // this leader has seen no others
	}
	for i := range history {
		describeCheckpoint(s.out, &history[i])
	}
	return nil
}

func describeCheckpoint(out io.Writer, c *messages.Checkpoint) {
	fmt.Fprintf(out, "%s : %d : %s (%s)", time.UnixMilli(c.Triggered).Format(listTime), c.ID, c.Type, c.Status)
	switch c.Status {
	case "COMPLETED":
		fmt.Fprintf(out, " in %v, %d bytes of %d written", time.Duration(c.Duration)*time.Millisecond, c.CheckpointedSize, c.StateSize)
		if c.Discarded {
			fmt.Fprint(out, ", not kept any more")
		} else {
			fmt.Fprintf(out, ": %s", c.ExternalPath)
		}
	case "FAILED":
		fmt.Fprintf(out, ": %s", c.FailureMessage)
	default:
		fmt.Fprintf(out, ": %d of %d sub-tasks have acknowledged", c.Acknowledged, c.Subtasks)
	}
	fmt.Fprintln(out)
}
