package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/runtime/config"
	"github.com/urfave/cli/v2"
)

// yarnSessionFlags are those of leat yarn session, with Flink's names.
var yarnSessionFlags = []sessionFlag{
	{"name", "nm", config.YarnName.Key, "`NAME` of the session"},
	{"queue", "qu", config.YarnQueue.Key, "`QUEUE` that it is submitted to"},
	{"slots", "s", config.TaskSlots.Key, "`NUMBER` of slots of a TaskManager"},
	{"taskManagerMemory", "tm", config.TaskManagerProcessSize.Key, "`MEMORY` of a TaskManager's container, in megabytes or with a unit"},
	{"jobManagerMemory", "jm", config.JobManagerProcessSize.Key, "`MEMORY` of the JobManager's container, in megabytes or with a unit"},
	{"applicationId", "id", config.YarnApplicationID.Key, "`APPLICATION` to attach to"},
}

// startYARNSession starts a cluster for many jobs as an application of YARN, or stops one.
func startYARNSession(c *cli.Context, s streams) error {
	conf, err := sessionConfiguration(c, yarnSessionFlags)
	if err != nil {
		return err
	}
	say := sayOn(c, s)
	spec, err := submission.FromConfig(conf, "Leat session")
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	y, err := openYARN(conf, say)
	if err != nil {
		return err
	}
	defer y.rm.Close()
	ctx, stop := signalled()
	defer stop()
	if c.IsSet("stop") {
		return signalError(ctx, y.stopSession(ctx, c.String("stop"), s))
	}
	app, err := y.session(ctx, c, spec)
	if err != nil {
		return signalError(ctx, err)
	}
	r, err := app.running(ctx, say)
	if err != nil && !c.IsSet("applicationId") {
		err = errors.Join(err, app.undo(ctx))
	}
	if err != nil {
		return signalError(ctx, err)
	}
	if err := yarnNote.write(conf, app.id.Text()); err != nil {
		return err
	}
	say(fmt.Sprintf("the session is at %s; run jobs by leat run -t %s, end it by leat yarn session --stop %s", r.GetTrackingUrl(), yarnSession, app.id.Text()))
	if err := app.leave(c, s); err != nil || c.Bool("detached") {
		return err
	}
	last, err := y.rm.Await(ctx, app.id, wire.ApplicationState_FINISHED, nil)
	if ctx.Err() != nil {
		say("ending the session")
		return errors.Join(y.stopSession(context.WithoutCancel(ctx), app.id.Text(), s), signalError(ctx, nil))
	}
	if err != nil {
		return yarnError(err)
	}
	return (&yarnWatch{submitted: app, jobsWatch: jobsWatch{report: &plainReporter{out: s.err, quiet: true}}}).conclude(last)
}

// session submits a session, or finds the one to attach to.
func (y *yarnClient) session(ctx context.Context, c *cli.Context, spec submission.Spec) (*submitted, error) {
	if !c.IsSet("applicationId") {
		return y.submit(ctx, spec, nil)
	}
	id, err := chosenApplication(y.conf)
	if err != nil {
		return nil, err
	}
	secret, err := y.fetchSecret(ctx, id)
	return &submitted{yarnClient: y, id: id, secret: secret, staged: true}, err
}

// running waits until the application runs, and says why it does not.
func (a *submitted) running(ctx context.Context, say func(string)) (*wire.ApplicationReport, error) {
	begun := patient{patientText{since: time.Now()}}
	r, err := a.rm.Await(ctx, a.id, wire.ApplicationState_RUNNING, func(r *wire.ApplicationReport) {
		if r.GetYarnApplicationState() < wire.ApplicationState_RUNNING {
			begun.explain(r, say)
		}
	})
	if err != nil {
		return nil, yarnError(err)
	}
	if r.GetYarnApplicationState() > wire.ApplicationState_RUNNING {
		_, message := decodeOutcome(r.GetDiagnostics())
		return nil, &exitError{code: exitFailed, err: fmt.Errorf("application %s has ended: %s", a.id.Text(), message)}
	}
	return r, nil
}

// stopTime is how long a session may take to end by itself.
const stopTime = 20 * time.Second

// stopSession ends a session: by itself if it can, else YARN ends it.
func (y *yarnClient) stopSession(ctx context.Context, text string, s streams) error {
	id, err := wire.ParseApplicationID(text)
	if err != nil {
		return wrongUsage("--stop: %w", err)
	}
	r, err := y.known(ctx, id)
	if err != nil {
		return err
	}
	path, err := secretPath(text)
	if err != nil {
		return err
	}
	app := &submitted{yarnClient: y, id: id, secret: path, staged: true}
	if r.GetYarnApplicationState() == wire.ApplicationState_RUNNING && app.askToEnd(ctx, r) == nil {
		inTime, cancel := context.WithTimeout(ctx, stopTime)
		defer cancel()
		if _, err := y.rm.Await(inTime, id, wire.ApplicationState_FINISHED, nil); err != nil {
			y.notice(fmt.Sprintf("the session did not end by itself: %v", err))
		}
	}
	if err := y.rm.Kill(ctx, id, "leat yarn session --stop"); err != nil { // unless it has ended
		return yarnError(err)
	}
	if err := app.forget(ctx); err != nil {
		return yarnError(err)
	}
	yarnNote.forget(y.conf, text)
	fmt.Fprintf(s.out, "Stopped session %s\n", text)
	return nil
}

// askToEnd asks the session's JobManager to end it.
func (a *submitted) askToEnd(ctx context.Context, r *wire.ApplicationReport) error {
	if err := a.pointTo(ctx, a.id, r); err != nil {
		return err
	}
	client, err := clientOf(a.conf)
	if err != nil {
		return err
	}
	return client.Shutdown(ctx)
}
