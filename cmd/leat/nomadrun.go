package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/leatproject/leat/resourcemanager/nomad"
	"github.com/leatproject/leat/runtime/config"
)

// runOnNomad runs a program in a cluster of its own on Nomad. Its main function runs there, beside the JobManager.
func runOnNomad(c *cli.Context, conf *config.Configuration, run child, s streams) error {
	defer run.program.release()
	report, _ := newReporter(s, c.Bool("json"), c.Bool("quiet"))
	if err := slotsForParallelism(conf); err != nil {
		return err
	}
	n, err := openNomad(conf, nameCluster(conf, filepath.Base(run.program.path)), report.notice)
	if err != nil {
		return err
	}
	defer n.close()
	ctx, stop := signalled()
	defer stop()
	left := detached(c, conf)
	if err := n.submit(ctx, &run, left); err != nil {
		return signalError(ctx, err)
	}
	if left {
		_, err := n.running(ctx) // what it runs it has fetched
		if err == nil {
			err = n.fetched(ctx)
		}
		if err != nil {
			return signalError(ctx, errors.Join(err, n.undo(ctx)))
		}
		return n.leave(c, s)
	}
	w := &nomadWatch{nomadCluster: n, jobsWatch: jobsWatch{report: report, room: "Nomad has no room for their TaskManagers yet"}}
	st, err := w.wait(ctx)
	if ctx.Err() != nil {
		report.notice("ending job " + n.spec.MasterID())
		if err := n.undo(ctx); err != nil {
			report.notice(fmt.Sprintf("job %s may be left: %v", n.spec.MasterID(), err))
		}
		return signalError(ctx, ctx.Err())
	}
	if err != nil {
		return nomadError(fmt.Errorf("job %s, which goes on: %w", n.spec.MasterID(), err))
	}
	return w.conclude(ctx, st)
}

// slotsForParallelism has jobs take a TaskManager's slots where nobody says otherwise: the cores of this host say nothing.
func slotsForParallelism(conf *config.Configuration) error {
	if _, set := config.Lookup(conf, config.DefaultParallelism); set {
		return nil
	}
	return config.Put(conf, config.DefaultParallelism, max(1, config.Get(conf, config.TaskSlots)))
}

// leave says how the cluster is found that this command does not wait for.
func (n *nomadCluster) leave(c *cli.Context, s streams) error {
	if c.Bool("json") {
		fmt.Fprintf(s.out, "{\"clusterId\":%q,\"jobId\":%q}\n", n.spec.Cluster, n.spec.MasterID())
		return nil
	}
	fmt.Fprintf(s.out, "Submitted job %s\n", n.spec.MasterID())
	return nil
}

// nomadWatch waits for an application on Nomad and reports on its jobs.
type nomadWatch struct {
	*nomadCluster
	jobsWatch
	addresses []string
}

// wait returns the last state of the JobManager.
func (w *nomadWatch) wait(ctx context.Context) (st nomad.State, err error) {
	waiting := patientText{since: time.Now()}
	var index uint64
	var asked time.Time
	for {
		if w.rest == nil || time.Since(asked) >= reportPeriod {
			wait := reportPeriod
			if w.rest != nil {
				index, wait = 0, 0
			}
			if st, index, err = w.spec.Look(ctx, w.client, index, wait); err != nil {
				return st, err
			}
			asked = time.Now()
			switch {
			case st.Ended:
				return st, nil
			case st.Running:
				if err := w.connect(st); err != nil {
					return st, err
				}
			case st.Why != "":
				waiting.explain(st.Why, w.report.notice)
			}
		}
		if w.rest != nil {
			if !w.look(ctx) {
				asked = time.Time{}
			}
			select {
			case <-time.After(jobsPeriod):
			case <-ctx.Done():
			}
		}
		if err := ctx.Err(); err != nil {
			return st, err
		}
	}
}

// connect makes a client of the JobManager, which may have moved.
func (w *nomadWatch) connect(st nomad.State) error {
	if slices.Equal(st.Rest, w.addresses) {
		return nil
	}
	client, err := clientOfApplication(w.conf, st.Rest, w.secretFile())
	if err != nil {
		return err
	}
	client.Waits()
	if w.rest == nil {
		w.report.notice(fmt.Sprintf("job %s runs: http://%s", w.spec.MasterID(), st.Rest[0]))
	}
	w.rest, w.addresses = client, st.Rest
	return nil
}

// conclude turns the end of the application into that of this command, and forgets the cluster.
func (w *nomadWatch) conclude(ctx context.Context, st nomad.State) error {
	outcome, err := w.spec.Published(ctx, w.client, nomad.OutcomeItem)
	if err != nil {
		w.report.notice(fmt.Sprintf("how the program has ended cannot be read: %v", nomad.Said(err)))
	}
	if err := w.undo(ctx); err != nil {
		w.report.notice(fmt.Sprintf("something of job %s is left: %v", w.spec.MasterID(), err))
	}
	id := w.spec.MasterID()
	switch code, message := decodeOutcome(outcome); {
	case outcome == "" && st.Code == exitOK && !st.Stopped, outcome != "" && code == exitOK:
		w.report.notice(fmt.Sprintf("job %s has finished", id))
		return nil
	case outcome != "" && w.told:
		return &exitError{code: code}
	case outcome != "":
		return &exitError{code: code, err: fmt.Errorf("job %s has failed: %s", id, message)}
	case st.Stopped:
		return &exitError{code: exitCancelled, err: fmt.Errorf("job %s was stopped", id)}
	}
	return &exitError{code: exitFailed, err: fmt.Errorf("the JobManager has ended: %s; nomad alloc logs -stderr %s says more", st.Why, st.Allocation)}
}
