package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/leatproject/leat/client/rest"
	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/runtime/config"
	"github.com/urfave/cli/v2"
)

// runOnYARN submits a program as an application of YARN. Its main function runs there, beside the JobManager.
func runOnYARN(c *cli.Context, conf *config.Configuration, run child, s streams) error {
	defer run.program.release()
	report, _ := newReporter(s, c.Bool("json"), c.Bool("quiet"))
	spec, err := submission.FromConfig(conf, run.program.name())
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	if _, set := config.Lookup(conf, config.DefaultParallelism); !set { // the cores of this host say nothing
		if err := config.Put(conf, config.DefaultParallelism, max(1, config.Get(conf, config.TaskSlots))); err != nil {
			return err
		}
	}
	y, err := openYARN(conf, report.notice)
	if err != nil {
		return err
	}
	defer y.rm.Close()
	ctx, stop := signalled()
	defer stop()
	app, err := y.submit(ctx, spec, &run)
	if err != nil {
		return signalError(ctx, err)
	}
	if detached(c, conf) {
		return app.leave(c, s)
	}
	w := &yarnWatch{submitted: app, jobsWatch: jobsWatch{report: report, room: "YARN has no room for their containers yet"}}
	last, err := w.wait(ctx)
	if ctx.Err() != nil {
		report.notice("killing application " + app.id.Text())
		if err := app.undo(ctx); err != nil {
			report.notice(fmt.Sprintf("application %s may be left: %v", app.id.Text(), err))
		}
		return signalError(ctx, ctx.Err())
	}
	if err != nil {
		return yarnError(fmt.Errorf("application %s, which goes on: %w", app.id.Text(), err))
	}
	if err := app.forget(ctx); err != nil {
		report.notice(fmt.Sprintf("files of the application are left: %v", err))
	}
	return w.conclude(last)
}

// leave says how the application is found that this command does not wait for.
func (a *submitted) leave(c *cli.Context, s streams) error {
	if c.Bool("json") {
		fmt.Fprintf(s.out, "{\"applicationId\":%q}\n", a.id.Text())
		return nil
	}
	fmt.Fprintf(s.out, "Submitted application %s\n", a.id.Text())
	return nil
}

// signalled is a context that SIGINT and SIGTERM end, with a *exitError as cause.
func signalled() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			cancel(&exitError{code: 128 + int(s.(syscall.Signal))})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// signalError is the signal that has ended ctx, else the error.
func signalError(ctx context.Context, err error) error {
	var exit *exitError
	if ctx.Err() != nil && errors.As(context.Cause(ctx), &exit) {
		return exit
	}
	return err
}

// yarnWatch waits for an application and reports on its jobs.
type yarnWatch struct {
	*submitted
	jobsWatch
	address string
}

// Pauses between two questions.
const (
	jobsPeriod   = 200 * time.Millisecond
	reportPeriod = time.Second
)

// When it is said why an application waits: first, and then again if the reason has changed.
const (
	patienceText  = 5 * time.Second
	patienceAgain = 30 * time.Second
)

// patient waits for an application to run.
type patient struct{ patientText }

// explain says from time to time what YARN says.
func (p *patient) explain(r *wire.ApplicationReport, say func(string)) {
	p.patientText.explain(whyWaiting(r), say)
}

// wait returns the last report on the application.
func (w *yarnWatch) wait(ctx context.Context) (*wire.ApplicationReport, error) {
	var last *wire.ApplicationReport
	begun := patient{patientText{since: time.Now()}}
	asked := time.Time{}
	for {
		if w.rest == nil || time.Since(asked) >= reportPeriod {
			r, err := w.rm.Report(ctx, w.id)
			if err != nil {
				return nil, err
			}
			last, asked = r, time.Now()
			switch state := r.GetYarnApplicationState(); {
			case state >= wire.ApplicationState_FINISHED:
				return r, nil
			case state == wire.ApplicationState_RUNNING:
				if err := w.connect(last); err != nil {
					return nil, err
				}
			default:
				begun.explain(r, w.report.notice)
			}
		}
		if w.rest != nil && !w.look(ctx) {
			asked = time.Time{}
		}
		select {
		case <-time.After(jobsPeriod):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// whyWaiting is why YARN has not started an application yet: what its diagnostics say, without the time before it and the figures
// after it.
func whyWaiting(r *wire.ApplicationReport) string {
	text := strings.TrimSpace(r.GetDiagnostics())
	if stamp, rest, ok := strings.Cut(text, "] "); ok && strings.HasPrefix(stamp, "[") {
		text = rest
	}
	for _, figures := range []string{"Last Node which was processed", "Details :"} {
		text, _, _ = strings.Cut(text, figures)
	}
	return cmp.Or(strings.TrimSpace(text), "YARN does not say for what")
}

// connect makes a client of the application's JobManager, which another attempt may have somewhere else.
func (w *yarnWatch) connect(r *wire.ApplicationReport) error {
	address := net.JoinHostPort(r.GetHost(), strconv.Itoa(int(r.GetRpcPort())))
	if r.GetRpcPort() <= 0 || address == w.address {
		return nil
	}
	client, err := clientOfApplication(w.conf, []string{address}, w.secret)
	if err != nil {
		return err
	}
	client.Waits()
	if w.rest == nil {
		w.report.notice(fmt.Sprintf("application %s runs: %s", w.id.Text(), r.GetTrackingUrl()))
	}
	w.rest, w.address = client, address
	return nil
}

// clientOfApplication is a client of an application's JobManagers.
func clientOfApplication(conf *config.Configuration, addresses []string, secretFile string) (*rest.Client, error) {
	conf = conf.Clone()
	for key, value := range map[string]string{config.Masters.Key: strings.Join(addresses, ","), config.SecretFile.Key: secretFile} {
		if err := conf.Set(key, value); err != nil {
			return nil, err
		}
	}
	return rest.FromConfiguration(conf, 0)
}

// conclude turns the end of the application into that of this command.
func (w *yarnWatch) conclude(r *wire.ApplicationReport) error {
	code, message := decodeOutcome(r.GetDiagnostics())
	final, byYARN := r.GetFinalApplicationStatus(), r.GetYarnApplicationState() == wire.ApplicationState_KILLED
	switch {
	case byYARN, final == wire.FinalApplicationStatus_APP_KILLED:
		code = exitCancelled
		// YARN says by whom: "Application ID was killed by user root at 10.0.0.1"
		message = "application " + w.id.Text() + " was killed: " + strings.TrimPrefix(message, "Application "+w.id.Text()+" was killed ")
	case final == wire.FinalApplicationStatus_APP_SUCCEEDED:
		w.report.notice(fmt.Sprintf("application %s has finished", w.id.Text()))
		return nil
	default:
		message = fmt.Sprintf("application %s has failed: %s", w.id.Text(), message)
	}
	if w.told && !byYARN {
		return &exitError{code: code}
	}
	return &exitError{code: code, err: errors.New(message)}
}
