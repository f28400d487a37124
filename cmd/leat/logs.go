package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/leatproject/leat/client/rest"
	"github.com/urfave/cli/v2"
)

// followWait is how long the cluster is asked to wait for more output.
const followWait = 5 * time.Second

func logsCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "logs",
		Usage:     "show what the workers of a job have written",
		ArgsUsage: "JOB",
		Description: `Standard output of the job's workers, such as the rows of Print, goes to standard output.

   leat logs 5e20cb6b0f357591171dfcca2eea09de
   leat logs -f 5e20cb6b0f357591171dfcca2eea09de              until the job ends
   leat logs --stderr --taskmanager worker1-17-0a1b2c JOB     logs of one worker`,
		CustomHelpTemplate: verbHelp,
		Flags: append(clusterFlags(),
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "wait for more until the job ends"},
			&cli.BoolFlag{Name: "stderr", Usage: "show standard error, where workers log"},
			&cli.StringFlag{Name: "taskmanager", Usage: "only of the worker at the TaskManager `ID`"},
		),
		Action: func(c *cli.Context) error { return logs(c, s) },
	}
}

func logs(c *cli.Context, s streams) error {
	if c.NArg() != 1 {
		return wrongUsage("logs: which job? leat list -a shows the ids")
	}
	client, _, err := connect(c)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	name := "stdout"
	if c.Bool("stderr") {
		name = "stderr"
	}
	x := output{client: client, job: c.Args().First(), name: name, only: c.String("taskmanager"), out: s.out, next: map[string]int64{}}
	return clusterError(x.copy(ctx, c.Bool("follow")))
}

// output copies what the workers of a job write.
type output struct {
	client          *rest.Client
	job, name, only string
	out             io.Writer
	next            map[string]int64 // where to go on, by TaskManager
}

// copy copies what there is, and if it follows, what comes until the job has ended.
func (o *output) copy(ctx context.Context, follow bool) error {
	for {
		state, err := o.client.Status(ctx, o.job)
		if err != nil {
			return err
		}
		over := rest.Over(state)
		more, err := o.round(ctx, follow && !over)
		if err != nil || !more && (over || !follow) {
			return err
		}
	}
}

// round copies a piece of each worker's output. It tells whether there was any.
func (o *output) round(ctx context.Context, follow bool) (more bool, err error) {
	hosts := []string{o.only}
	if o.only == "" {
		if hosts, err = o.client.OutputHosts(ctx, o.job, o.name); err != nil {
			return false, err
		}
	}
	if len(hosts) == 0 && follow {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(followWait / 10):
		}
	}
	wait := time.Duration(0)
	if follow {
		wait = followWait / time.Duration(max(1, len(hosts)))
	}
	for _, host := range hosts {
		parts, err := o.client.Output(ctx, o.job, o.name, host, o.next[host], wait)
		if err != nil {
			return false, err
		}
		for _, p := range parts {
			if p.Error != "" && o.only != "" {
				return false, fmt.Errorf("reading the output: %s", p.Error)
			}
			o.next[host] = p.Next
			more = more || len(p.Data) > 0
			if _, err := o.out.Write(p.Data); err != nil {
				return false, fmt.Errorf("writing the output: %w", err)
			}
		}
	}
	return more, nil
}
