package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/urfave/cli/v2"
)

func scheduleCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "schedule",
		Usage:     "have a cluster run a program again and again, as cron does",
		ArgsUsage: "list | add NAME -- PROGRAM [its arguments] | history NAME | pause NAME | resume NAME | rm NAME",
		Description: `The schedule is kept by the cluster's JobManagers: each tick of it is run once, whichever of them leads. PROGRAM is that of leat run: an
executable, a Go package, or a script of SQL; its main function runs on the cluster. In its arguments {{date}} is the day on which
the interval that the tick ends starts, {{start}} and {{end}} are times: of a tick at 03:30 each day, those since the one before.

   leat schedule add daily --cron "30 3 * * *" --tz Europe/Berlin -- ./daily --date {{date}}
   leat schedule add hourly --cron @hourly --overlap queue --missed all -p 4 -- report.sql --var from={{start}} --var to={{end}}
   leat schedule list
   leat schedule history daily                its latest ticks and what has become of them
   leat schedule pause daily                  begin nothing until leat schedule resume daily; ticks meanwhile do not count
   leat schedule rm daily                     a run of it goes on

Expressions have five fields: minute, hour, day of the month, month, day of the week, or are @hourly, @daily, @weekly, @monthly or
@yearly. A tick whose earlier run is not over is skipped; --overlap queue runs it afterwards, --overlap cancel cancels the earlier one.
Of ticks that passed while no JobManager was there the latest is run, with --missed all each, with --missed skip none; the same holds
for those since --from.`,
		CustomHelpTemplate: verbHelp,
		Flags: append(clusterFlags(),
			&cli.StringFlag{Name: "cron", Usage: "when: an `EXPRESSION` as '30 3 * * *' or @daily"},
			&cli.StringFlag{Name: "tz", Value: "UTC", Usage: "time `ZONE` of the expression, as Europe/Berlin"},
			&cli.StringFlag{Name: "from", Usage: "count ticks after this `TIME`, as 2026-11-01 or 2026-11-01T15:00, which are missed if it has passed; now, if it is left out"},
			&cli.StringFlag{Name: "overlap", Value: "skip", Usage: "what a tick does while a run is not over: `skip`, queue or cancel"},
			&cli.StringFlag{Name: "missed", Value: "once", Usage: "what is run of ticks that were missed: `once`, skip or all"},
			&cli.StringFlag{Name: "parallelism", Aliases: []string{"p"}, Usage: "`NUMBER` of parallel sub-tasks"},
			&cli.BoolFlag{Name: "replace", Usage: "change the schedule of that name"}),
		Action: func(c *cli.Context) error { return runSchedule(c, s) },
	}
}

func runSchedule(c *cli.Context, s streams) error {
	verb, words := c.Args().First(), c.Args().Tail()
	ctx, stop := interruptible()
	defer stop()
	done := func(said string, f func(*rest.Client) error) error {
		err := onCluster(c, f)
		if err == nil && !c.Bool("quiet") {
			fmt.Fprintf(s.out, said+"\n", words[0])
		}
		return err
	}
	switch {
	case (verb == "list" || verb == "") && len(words) == 0:
		return onCluster(c, func(client *rest.Client) error { return listSchedules(ctx, c, client, s.out) })
	case verb == "add" && len(words) > 0:
		return addSchedule(ctx, c, s, words[0], words[1:])
	case len(words) != 1:
	case verb == "history":
		return onCluster(c, func(client *rest.Client) error { return showHistory(ctx, c, client, words[0], s.out) })
	case verb == "pause":
		return done("Paused schedule %s.", func(client *rest.Client) error { return client.PauseSchedule(ctx, words[0], true) })
	case verb == "resume":
		return done("Resumed schedule %s.", func(client *rest.Client) error { return client.PauseSchedule(ctx, words[0], false) })
	case verb == "rm":
		return done("Removed schedule %s.", func(client *rest.Client) error { return client.RemoveSchedule(ctx, words[0]) })
	}
	return wrongUsage("schedule: %q: expected list, add NAME -- PROGRAM, history NAME, pause NAME, resume NAME or rm NAME", strings.Join(c.Args().Slice(), " "))
}

func addSchedule(ctx context.Context, c *cli.Context, s streams, name string, words []string) error {
	switch {
	case len(words) == 0:
		return wrongUsage("schedule add: which program? leat schedule add %s --cron '30 3 * * *' -- PROGRAM --date {{date}}", name)
	case !c.IsSet("cron"):
		return wrongUsage("schedule add: when? --cron '30 3 * * *' is each day at half past three, --cron @hourly each hour")
	}
	client, _, err := connect(c)
	if err != nil {
		return err
	}
	n := messages.NewSchedule{Cron: c.String("cron"), TimeZone: c.String("tz"), Overlap: c.String("overlap"), Missed: c.String("missed"), Replace: c.Bool("replace"),
		ProgramName: filepath.Base(words[0]), Configuration: programSettings(c)}
	p, args, err := runnableOf(words[0], words[1:], s.err)
	if err != nil {
		return err
	}
	defer p.release()
	if n.Arguments, err = carried(words[0], args, maxCarried); err != nil {
		return err
	}
	if n.From, err = scheduleStart(c); err != nil {
		return err
	}
	if n.Program, err = client.Store(ctx, p.path); err != nil {
		return clusterError(err)
	}
	if err := client.AddSchedule(ctx, name, n); err != nil {
		return clusterError(err)
	}
	x, err := client.Schedule(ctx, name)
	if err != nil {
		return clusterError(err)
	}
	if c.Bool("json") {
		return printJSON(s.out, x.Schedule)
	}
	if !c.Bool("quiet") {
		fmt.Fprintf(s.out, "Added schedule %s: its next run is at %s.\n", name, moment(x.Next, x.TimeZone))
	}
	return nil
}

// scheduleStart is the time of --from, 0 for now.
func scheduleStart(c *cli.Context) (millis int64, err error) {
	if !c.IsSet("from") {
		return 0, nil
	}
	zone, err := time.LoadLocation(c.String("tz"))
	if err != nil {
		return 0, wrongUsage("--tz: %w; time zones have names as Europe/Berlin", err)
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", time.RFC3339} {
		if t, err := time.ParseInLocation(layout, c.String("from"), zone); err == nil {
			return t.UnixMilli(), nil
		}
	}
	return 0, wrongUsage("--from: %q is no time: write 2026-11-20 or 2026-11-20T15:00", c.String("from"))
}

func listSchedules(ctx context.Context, c *cli.Context, client *rest.Client, out io.Writer) error {
	all, err := client.Schedules(ctx)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(out, all)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tCRON\tZONE\tPROGRAM\tNEXT\tLAST")
	for _, x := range all {
		next := moment(x.Next, x.TimeZone)
		if x.Paused {
			next = "paused"
		}
		last := "-"
		if x.Last != nil {
			last = moment(x.Last.Tick, x.TimeZone) + " " + x.Last.State
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", x.Name, x.Cron, x.TimeZone, x.Program, next, last)
	}
	return w.Flush()
}

func showHistory(ctx context.Context, c *cli.Context, client *rest.Client, name string, out io.Writer) error {
	x, err := client.Schedule(ctx, name)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(out, x)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TICK\tSTATE\tBEGAN\tTOOK\tAPPLICATION\tEXIT\tFAILURE")
	for _, r := range x.Runs {
		took, exit := "-", "-"
		if r.Ended >= 0 {
			took = time.Duration((r.Ended - r.Began) * int64(time.Millisecond)).Round(time.Millisecond).String()
			exit = fmt.Sprint(r.ExitCode)
		}
		why, _, _ := strings.Cut(r.Failure, "\n")
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", moment(r.Tick, x.TimeZone), r.State, moment(r.Began, x.TimeZone), took, cmp.Or(r.ApplicationID, "-"), exit, cmp.Or(why, "-"))
	}
	return w.Flush()
}

// moment is a time as people read it, in the zone of its schedule.
func moment(millis int64, zone string) string {
	if millis < 0 {
		return "-"
	}
	t := time.UnixMilli(millis).UTC()
	if in, err := time.LoadLocation(zone); err == nil {
		t = t.In(in)
	}
	return t.Format("2006-01-02 15:04:05 MST")
}
