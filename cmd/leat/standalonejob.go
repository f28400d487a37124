package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/job"
	"github.com/leatproject/leat/scheduler/jobmanager"
	"github.com/leatproject/leat/scheduler/rest"
	"github.com/urfave/cli/v2"
)

func standaloneJobCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "standalone-job",
		Usage:     "run a JobManager in the foreground for one program, and end with it",
		ArgsUsage: "PROGRAM [its arguments]",
		Description: `PROGRAM is as for leat run; all that follows it is its own. The cluster is the program's alone: TaskManagers are started as for
leat jobmanager, and wait for it if they come first. When the program has ended, so do they, and this command with the program's
exit code. With cluster.state-dir a JobManager that is started again goes on with the same run of the program.

   leat standalone-job ./wordcount --input text.txt
   leat standalone-job -p 4 -D execution.runtime-mode=BATCH ./wordcount`,
		CustomHelpTemplate: verbHelp,
		Flags:              append(commonFlags(), &cli.StringFlag{Name: "parallelism", Aliases: []string{"p"}, Usage: "`NUMBER` of parallel sub-tasks"}),
		Action:             func(c *cli.Context) error { return runStandaloneJob(c, s) },
	}
}

func runStandaloneJob(c *cli.Context, s streams) error {
	if c.NArg() == 0 {
		return wrongUsage("standalone-job: which program? leat standalone-job PROGRAM; %s", whatRuns)
	}
	conf, path, err := load(c)
	if err != nil {
		return err
	}
	if c.IsSet("parallelism") {
		if err := conf.SetFrom("-p", config.DefaultParallelism.Key, c.String("parallelism")); err != nil {
			return &exitError{code: exitUsage, err: err}
		}
	}
	p, err := findProgram(c.Args().First(), s.err)
	if err != nil {
		return err
	}
	defer p.release()
	ctx, stop := interruptible()
	defer stop()
	return (&head{conf: conf, application: &ownProgram{name: filepath.Base(p.path), Driver: rest.Driver{Path: p.path, Args: c.Args().Tail()}}}).run(ctx, path, s)
}

// ownProgram is what a cluster is for.
type ownProgram struct {
	name string
	rest.Driver
	// digest is set if the file is on all nodes and stays: then it need not be stored.
	digest string
}

// dismissal is how long TaskManagers may take to leave when the application has ended.
const dismissal = 10 * time.Second

// apply runs the application to its end and sends the TaskManagers away. It is false if ctx ended first. All members of a
// replicated JobManager wait for the end; the one that leads does the rest.
func (h *head) apply(ctx context.Context) bool {
	sum := sha256.Sum256([]byte("application of cluster " + config.Get(h.conf, config.ClusterID)))
	id := hex.EncodeToString(sum[:16])
	entering, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	go func() {
		if err := h.enter(entering, id); err != nil {
			fail(err)
		}
	}()
	var ended job.Application
	err := h.manager.AwaitApplication(entering, id, func(a *job.Application, _ job.ID) bool {
		ended = *a
		return a.State.Terminal()
	})
	if err != nil && ctx.Err() == nil {
		h.outcome = fmt.Errorf("entering the application: %w", context.Cause(entering))
	}
	if err != nil {
		return ctx.Err() == nil
	}
	h.ended = &ended
	if ended.Exit != 0 || ended.State != job.Finished {
		h.outcome = &exitError{code: cmp.Or(ended.Exit, exitFailed), err: fmt.Errorf("the program has ended as %s: %s", ended.State, cmp.Or(ended.Error, "it does not say why"))}
	}
	h.logger.Info("application has ended", "application", id, "state", ended.State.String(), "code", ended.Exit)
	h.dismiss(ctx)
	return true
}

// dismiss sends the TaskManagers away.
func (h *head) dismiss(ctx context.Context) {
	leaving, stop := context.WithTimeout(ctx, dismissal)
	defer stop()
	if err := h.manager.Dismiss(leaving); err != nil && !errors.Is(err, jobmanager.ErrNotLeader) {
		h.logger.Warn("not all TaskManagers have left", "error", err)
	}
}

// lastQuestion is how long a command that waits for the application has to ask for the last of it.
const lastQuestion = 2 * time.Second

// tell lets the command that waits for an application hear of jobs that end as soon as it does.
func (h *head) tell(ctx context.Context, web *rest.Server) {
	if h.application == nil || h.workers.provide == nil { // nobody waits
		return
	}
	asking, stop := context.WithTimeout(ctx, lastQuestion)
	defer stop()
	web.Told(asking)
}

// enter submits the application as soon as this member leads.
func (h *head) enter(ctx context.Context, id string) error {
	for {
		err := h.manager.Lead(ctx)
		if err == nil {
			err = h.submit(ctx, id)
		}
		if !errors.Is(err, jobmanager.ErrNotLeader) {
			return err
		}
	}
}

func (h *head) submit(ctx context.Context, id string) error {
	a := h.application
	if a.digest == "" {
		return h.programs.Submit(ctx, id, a.name, a.Driver)
	}
	return h.programs.Enter(ctx, id, a.name, a.digest, a.Driver)
}
