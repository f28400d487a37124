package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"
	_ "time/tzdata" // --tz works on hosts without time zones, too

	"github.com/urfave/cli/v2"

	"github.com/leatproject/leat/client/backfill"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/filesystem"
)

func backfillCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "backfill",
		Usage:     "run a program once for each day, or other interval, of a span of time",
		ArgsUsage: "-- VERB [its flags] PROGRAM [its arguments]",
		Description: `What follows -- is a command of leat, which is run for each interval [start, end) that is over and has not succeeded yet. In its
arguments {{date}} is the day on which the interval starts, {{start}} and {{end}} are times as 2026-11-20T00:00:00Z.

   leat backfill --name daily --from 2026-11-01 --to today --every 1d --parallel 3 -- run -t yarn-application ./daily --date {{date}}
   leat backfill --name daily --last 3d --every 1d --tz Europe/Berlin -- run ./daily --date={{date}}
   leat backfill --name daily --last 1d --every 1d --catch-up -- run ./daily --date={{date}}       from cron: also what was missed
   leat backfill --name daily --last 3d --every 1d --dry-run -- run ./daily --date={{date}}        what would be run

The ledger of a backfill is known by its name; the same call again runs what has failed or was broken off. Only one runs at a time:
another ends with exit code 4. What runs print is in a log of each. Exit codes are 0, 6 if some intervals failed, and that of the
runs if none succeeded and the cluster cannot be reached, their usage is wrong, or they are refused.`,
		CustomHelpTemplate: verbHelp,
		Flags: append(commonFlags(),
			&cli.StringFlag{Name: "name", Usage: "`NAME` that its ledger is known by"},
			&cli.StringFlag{Name: "from", Usage: "start of the first interval: a `TIME` as 2026-11-01, 2026-11-01T15:00, today or yesterday"},
			&cli.StringFlag{Name: "to", Usage: "end of the last one: a `TIME`; now, if it is left out"},
			&cli.StringFlag{Name: "last", Usage: "`LENGTH` of the span before --to, in the place of --from: 3d"},
			&cli.StringFlag{Name: "every", Value: "1d", Usage: "`LENGTH` of an interval: 15m, 1h, 1d, 1w, 1mo"},
			&cli.StringFlag{Name: "tz", Usage: "time zone of days, as Europe/Berlin; this host's, if it is left out"},
			&cli.IntFlag{Name: "parallel", Value: 1, Usage: "`NUMBER` of runs at a time"},
			&cli.StringFlag{Name: "state", Usage: "`FOLDER` of ledgers, on any file system; backfill within high-availability.storageDir, or ~/.leat/backfill"},
			&cli.BoolFlag{Name: "catch-up", Usage: "begin with the first interval that the ledger knows"},
			&cli.BoolFlag{Name: "again", Usage: "run those that have succeeded, too"},
			&cli.BoolFlag{Name: "dry-run", Usage: "print what would be run, run nothing"}),
		Action: func(c *cli.Context) error { return runBackfill(c, s) },
	}
}

func runBackfill(c *cli.Context, s streams) error {
	words := c.Args().Slice()
	if len(words) == 0 {
		return wrongUsage("backfill: which command? leat backfill [flags] -- run PROGRAM --date {{date}}")
	}
	conf, _, err := load(c)
	if err != nil {
		return err
	}
	reachFiles(conf, slog.New(slog.DiscardHandler))
	ctx, stop := signalled()
	defer stop()
	r, err := rangeOf(c)
	if err != nil {
		return err
	}
	state, logs, err := backfillFolders(c, conf)
	if err != nil {
		return err
	}
	ledger, err := backfill.Open(ctx, state, c.String("name"))
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	if !c.Bool("dry-run") {
		lock, err := ledger.Lock(ctx, clock.Real)
		if err != nil {
			return signalError(ctx, backfillError(err))
		}
		defer lock.Release()
		return intervalsOf{c, s, ledger, r, words, logs}.run(ctx, lock)
	}
	return intervalsOf{c, s, ledger, r, words, logs}.show(ctx)
}

// backfillError is an error of a backfill's ledger with the exit code that it asks for.
func backfillError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, backfill.ErrLocked), errors.Is(err, filesystem.ErrPermission), errors.Is(err, filesystem.ErrExist):
		return &exitError{code: exitRefused, err: err}
	case errors.Is(err, filesystem.ErrBusy):
		return &exitError{code: exitUnreachable, err: err}
	}
	return err
}

// rangeOf is the span of time that the flags ask for.
func rangeOf(c *cli.Context) (backfill.Range, error) {
	r := backfill.Range{From: c.String("from"), To: c.String("to"), Last: c.String("last"), Every: c.String("every"), Zone: time.Local}
	if !c.IsSet("name") {
		return r, wrongUsage("backfill: which one? --name NAME says which ledger remembers what was run")
	}
	if name := c.String("tz"); name != "" {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return r, wrongUsage("--tz: %w; time zones have names as Europe/Berlin", err)
		}
		r.Zone = zone
	}
	if n := c.Int("parallel"); n < 1 || n > 1000 {
		return r, wrongUsage("--parallel %d: expected 1 to 1000", n)
	}
	return r, nil
}

// backfillFolders are where ledgers are, and where what runs print is, which is always on this host.
func backfillFolders(c *cli.Context, conf *config.Configuration) (state, logs string, err error) {
	state = c.String("state")
	if shared := config.Get(conf, config.HighAvailabilityDir); state == "" && shared != "" {
		state = strings.TrimRight(shared, "/") + "/backfill"
	}
	if root, within, err := filesystem.Split(cmp.Or(state, ".")); err == nil && state != "" && root.Scheme == "file" {
		return state, within, nil
	}
	home, err := homeFolder()
	if err != nil {
		return "", "", wrongUsage("%w; give --state FOLDER on this host, or set HOME", err)
	}
	own := filepath.Join(home, ".leat", "backfill")
	return cmp.Or(state, own), own, nil
}

// intervalsOf is a backfill by its flags.
type intervalsOf struct {
	c      *cli.Context
	s      streams
	ledger *backfill.Ledger
	span   backfill.Range
	words  []string
	logs   string
}

// plan is what is to be run.
func (b intervalsOf) plan(ctx context.Context) (intervals []backfill.Interval, runs []backfill.Record, skipped int, err error) {
	latest, err := b.ledger.Latest(ctx)
	if err != nil {
		return nil, nil, 0, backfillError(err)
	}
	span := b.span
	if _, err := span.Intervals(time.Now()); err != nil { // the user's, before what the ledger makes of it
		return nil, nil, 0, wrongUsage("backfill: %w", err)
	}
	if b.c.Bool("catch-up") {
		span = backfill.CatchUp(span, latest)
	}
	if intervals, err = span.Intervals(time.Now()); err != nil {
		return nil, nil, 0, wrongUsage("backfill: %w", err)
	}
	for _, i := range intervals {
		if _, err := i.Expand(b.words); err != nil {
			return nil, nil, 0, wrongUsage("backfill: %w", err)
		}
	}
	runs, skipped = backfill.Plan(intervals, latest, b.c.Bool("again"))
	return intervals, runs, skipped, nil
}

// show prints what would be run.
func (b intervalsOf) show(ctx context.Context) error {
	intervals, runs, skipped, err := b.plan(ctx)
	if err != nil {
		return err
	}
	for _, r := range runs {
		words, err := r.Interval.Expand(b.words)
		if err != nil {
			return err
		}
		again := ""
		if r.Attempt > 1 {
			again = fmt.Sprintf(" (run %d)", r.Attempt)
		}
		fmt.Fprintf(b.s.out, "%s%s: leat %s\n", r.Interval, again, strings.Join(words, " "))
	}
	fmt.Fprintf(b.s.out, "backfill %s: %d of %d intervals would be run, %d have succeeded before\n", b.c.String("name"), len(runs), len(intervals), skipped)
	return nil
}

// run runs what is to be run, and prints a line of what has come of it.
func (b intervalsOf) run(ctx context.Context, lock *backfill.Lock) error {
	intervals, runs, skipped, err := b.plan(ctx)
	if err != nil {
		return err
	}
	for n := range runs {
		if runs[n].Command, err = runs[n].Interval.Expand(b.words); err != nil {
			return err
		}
	}
	e := &executor{logs: filepath.Join(b.logs, b.c.String("name"), "logs")}
	if err := e.prepare(); err != nil {
		return err
	}
	sum, err := backfill.Run(ctx, backfill.Options{Ledger: b.ledger, Lock: lock, Execute: e.execute, Parallel: b.c.Int("parallel"), Notice: b.notice}, runs)
	sum.Skipped = skipped
	b.conclude(&sum, len(intervals))
	if ctx.Err() != nil {
		return signalError(ctx, err)
	}
	if err != nil {
		return backfillError(err)
	}
	if code := sum.Code(); code != exitOK {
		return &exitError{code: code}
	}
	return nil
}

// notice tells of a run that has failed.
func (b intervalsOf) notice(r backfill.Record) {
	if r.State == backfill.Failed {
		fmt.Fprintf(b.s.err, "leat: %s failed with exit code %d: %s; see %s\n", r.Interval, r.Code, cmp.Or(r.Message, "it does not say why"), r.Log)
	}
}

func (b intervalsOf) conclude(sum *backfill.Summary, intervals int) {
	switch {
	case b.c.Bool("json"):
		failed := []string{}
		for _, f := range sum.Failures {
			failed = append(failed, f.Interval.Key())
		}
		encoded, _ := json.Marshal(map[string]any{"name": b.c.String("name"), "intervals": intervals, "succeeded": sum.Succeeded, "doneBefore": sum.Skipped,
			"failed": failed, "notBegun": sum.Left, "durationMs": sum.Took.Milliseconds()}) // numbers and texts always can be
		fmt.Fprintf(b.s.out, "%s\n", encoded)
	case !b.c.Bool("quiet") || sum.Code() != exitOK:
		fmt.Fprintf(b.s.out, "backfill %s: %d intervals: %s\n", b.c.String("name"), intervals, sum)
	}
}
