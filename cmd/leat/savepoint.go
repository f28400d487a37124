package main

import (
	"context"
	"fmt"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/urfave/cli/v2"
)

func savepointCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "savepoint",
		Usage:     "take, delete or look into savepoints",
		ArgsUsage: "JOB [FOLDER] | -d PATH | inspect PATH",
		Description: `A savepoint is the whole state of a job in one folder, which may be moved. Without FOLDER it goes below
execution.checkpointing.savepoint-dir of the job.

   leat savepoint 5e20cb6b0f357591171dfcca2eea09de hdfs:///savepoints
   leat savepoint -d hdfs:///savepoints/savepoint-5e20cb-8f1d07a2c3b4          delete it
   leat savepoint inspect /savepoints/savepoint-5e20cb-8f1d07a2c3b4            operators, states, sizes; of checkpoints too
   leat savepoint inspect PATH --operator counts --state total --key 7         entries of a state, without its program
   leat run -s hdfs:///savepoints/savepoint-5e20cb-8f1d07a2c3b4 ./program      begin with it`,
		CustomHelpTemplate: verbHelp,
		Flags: append(append(clusterFlags(),
			&cli.BoolFlag{Name: "dispose", Aliases: []string{"d"}, Usage: "delete the savepoint at PATH"},
			&cli.BoolFlag{Name: "detached", Usage: "do not wait for the savepoint; print the id of the request"},
			typeFlag()), inspectFlags()...),
		Action: func(c *cli.Context) error { return savepointVerb(c, s) },
	}
}

// typeFlag is accepted from scripts for Flink: a savepoint always has the one format, which every backend reads.
func typeFlag() cli.Flag {
	return &cli.StringFlag{Name: "type", Usage: "`canonical` or native: both are the one format that there is"}
}

func savepointVerb(c *cli.Context, s streams) error {
	args := c.Args().Slice()
	switch {
	case len(args) == 2 && args[0] == "inspect":
		conf, _, err := load(c)
		if err != nil {
			return err
		}
		reachFiles(conf, nil)
		ctx, stop := interruptible()
		defer stop()
		return inspectSavepoint(ctx, c, args[1], s)
	case c.Bool("dispose") && len(args) == 1:
		return dispose(c, args[0], s)
	case c.Bool("dispose") || len(args) == 0 || len(args) > 2 || args[0] == "inspect":
		return wrongUsage("savepoint: expected JOB [FOLDER], -d PATH or inspect PATH; leat list shows the jobs")
	}
	folder := ""
	if len(args) == 2 {
		folder = args[1]
	}
	w := waiting{c: c, s: s, job: args[0]}
	return w.run(fmt.Sprintf("Triggering savepoint for job %s.", args[0]), func(ctx context.Context, client *rest.Client) (string, error) {
		return client.TriggerSavepoint(ctx, args[0], messages.SavepointRequest{TargetDirectory: folder})
	})
}

func dispose(c *cli.Context, path string, s streams) error {
	client, _, err := connect(c)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	say(c, s, "Disposing savepoint '"+path+"'.\nWaiting for response...")
	if err := client.Dispose(ctx, path); err != nil {
		return clusterError(err)
	}
	say(c, s, "Savepoint '"+path+"' disposed.")
	return nil
}

// say prints a line for people.
func say(c *cli.Context, s streams, line string) {
	if !c.Bool("quiet") && !c.Bool("json") {
		fmt.Fprintln(s.out, line)
	}
}

// waiting asks for a savepoint of a job and waits for it.
type waiting struct {
	c   *cli.Context
	s   streams
	job string
}

// taken is what --json prints.
type taken struct {
	Job     string `json:"job-id"`
	Request string `json:"request-id"`
	Path    string `json:"location,omitempty"`
}

func (w waiting) run(announcement string, ask func(ctx context.Context, client *rest.Client) (id string, err error)) error {
	client, _, err := connect(w.c)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	say(w.c, w.s, announcement)
	id, err := ask(ctx, client)
	if err != nil {
		return clusterError(err)
	}
	if w.c.Bool("detached") {
		say(w.c, w.s, "Savepoint request "+id+" was taken on.")
		return w.print(taken{Job: w.job, Request: id})
	}
	say(w.c, w.s, "Waiting for response...")
	path, err := client.SavepointResult(ctx, w.job, id)
	if err != nil {
		return clusterError(err)
	}
	say(w.c, w.s, "Savepoint completed. Path: "+path)
	return w.print(taken{w.job, id, path})
}

func (w waiting) print(t taken) error {
	if !w.c.Bool("json") {
		return nil
	}
	return printJSON(w.s.out, t)
}

func stopCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "stop",
		Usage:     "stop a job of a cluster with a savepoint",
		ArgsUsage: "JOB",
		Description: `Sources emit nothing more, the savepoint is taken, what came before it is committed, and the job has finished.
leat run -s PATH goes on with it. With --drain event time goes to its end first, so that windows and timers fire: for a job
that is not to be continued.

   leat stop 5e20cb6b0f357591171dfcca2eea09de
   leat stop -p hdfs:///savepoints 5e20cb6b0f357591171dfcca2eea09de
   leat stop --drain 5e20cb6b0f357591171dfcca2eea09de`,
		CustomHelpTemplate: verbHelp,
		Flags: append(clusterFlags(),
			&cli.BoolFlag{Name: "drain", Aliases: []string{"d"}, Usage: "move event time to its end first"},
			&cli.StringFlag{Name: "savepointPath", Aliases: []string{"p"}, Usage: "the `FOLDER` that the savepoint goes below"},
			&cli.BoolFlag{Name: "detached", Usage: "do not wait; print the id of the request"},
			typeFlag()),
		Action: func(c *cli.Context) error { return stopJob(c, s) },
	}
}

func stopJob(c *cli.Context, s streams) error {
	if c.NArg() != 1 {
		return wrongUsage("stop: which job? leat list shows the ids")
	}
	job := c.Args().First()
	w := waiting{c: c, s: s, job: job}
	return w.run(fmt.Sprintf("Suspending job %q with a CANONICAL savepoint.", job), func(ctx context.Context, client *rest.Client) (string, error) {
		return client.Stop(ctx, job, messages.StopRequest{TargetDirectory: c.String("savepointPath"), Drain: c.Bool("drain")})
	})
}

// restoreFlags lay -s over the configuration.
func restoreFlags(c *cli.Context, conf *config.Configuration) error {
	if c.IsSet("fromSavepoint") {
		if err := conf.SetFrom("-s", config.RestorePath.Key, c.String("fromSavepoint")); err != nil {
			return &exitError{code: exitUsage, err: err}
		}
	}
	if config.Get(conf, config.RestorePath) != "" && config.Get(conf, config.RestoreClaimMode) == "LEGACY" {
		return wrongUsage("--claimMode LEGACY: nobody would own the savepoint's files: use NO_CLAIM, or CLAIM to have the job delete it")
	}
	return nil
}
