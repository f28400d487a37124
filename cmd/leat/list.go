package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/urfave/cli/v2"
)

func listCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the jobs of a cluster",
		Description: `   leat list                   jobs that run or wait
   leat list -a                jobs that have ended too
   leat list -m head:8081 --json`,
		CustomHelpTemplate: verbHelp,
		Flags: append(clusterFlags(),
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Usage: "show jobs that have ended too"},
			&cli.BoolFlag{Name: "running", Aliases: []string{"r"}, Usage: "show only running and restarting jobs"},
			&cli.BoolFlag{Name: "scheduled", Aliases: []string{"s"}, Usage: "show only jobs that wait for slots"},
		),
		Action: func(c *cli.Context) error { return list(c, s) },
	}
}

func list(c *cli.Context, s streams) error {
	client, _, err := connect(c)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	if !c.Bool("json") && !c.Bool("quiet") {
		fmt.Fprintln(s.out, "Waiting for response...")
	}
	jobs, err := client.List(ctx)
	if err != nil {
		return clusterError(err)
	}
	running, scheduled, ended := c.Bool("running"), c.Bool("scheduled"), c.Bool("all")
	if !running && !scheduled {
		running, scheduled = true, true
	}
	jobs = slices.DeleteFunc(jobs, func(j messages.JobOverview) bool {
		switch kindOf(j.State) {
		case "scheduled":
			return !scheduled
		case "ended":
			return !ended
		}
		return !running
	})
	if c.Bool("json") {
		encoded, err := json.Marshal(jobs)
		if err != nil {
			return fmt.Errorf("encoding the list: %w", err)
		}
		fmt.Fprintf(s.out, "%s\n", encoded)
		return nil
	}
	if running {
		section(s.out, "------------------ Running/Restarting Jobs -------------------", "No running jobs.", "running", jobs)
	}
	if scheduled {
		section(s.out, "----------------------- Scheduled Jobs -----------------------", "No scheduled jobs.", "scheduled", jobs)
	}
	if ended {
		section(s.out, "---------------------- Terminated Jobs -----------------------", "No terminated jobs.", "ended", jobs)
		programs, err := client.Applications(ctx)
		if err != nil {
			return clusterError(err)
		}
		failedPrograms(s.out, programs)
	}
	return nil
}

// failedPrograms prints detached programs whose main function has failed, the oldest first. Such a one need not have come to a job.
func failedPrograms(out io.Writer, all []messages.ApplicationOverview) {
	all = slices.DeleteFunc(all, func(a messages.ApplicationOverview) bool { return a.ExitCode == nil || *a.ExitCode == 0 })
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(out, "---------------------- Failed Programs -----------------------")
	slices.Reverse(all)
	for _, a := range all {
		why, _, _ := strings.Cut(a.Failure, "\n")
		fmt.Fprintf(out, "%s : %s : %s (exit code %d: %s)\n", time.UnixMilli(a.StartTime).Format(listTime), a.ID, a.Name, *a.ExitCode, why)
	}
	fmt.Fprintln(out, listEnd)
}

const (
	listTime = "02.01.2006 15:04:05"
	listEnd  = "--------------------------------------------------------------"
)

// kindOf sorts states as Flink's list does.
func kindOf(state string) string {
	switch {
	case state == "CREATED" || state == "INITIALIZING":
		return "scheduled"
	case rest.Over(state):
		return "ended"
	}
	return "running"
}

// section prints jobs of a kind in the lines that scripts look for, the oldest first.
func section(out io.Writer, title, none, kind string, jobs []messages.JobOverview) {
	jobs = slices.DeleteFunc(slices.Clone(jobs), func(j messages.JobOverview) bool { return kindOf(j.State) != kind })
	if len(jobs) == 0 {
		fmt.Fprintln(out, none)
		return
	}
	fmt.Fprintln(out, title)
	slices.Reverse(jobs)
	for _, j := range jobs {
		fmt.Fprintf(out, "%s : %s : %s (%s)\n", time.UnixMilli(j.StartTime).Format(listTime), j.JID, j.Name, j.State)
	}
	fmt.Fprintln(out, listEnd)
}
