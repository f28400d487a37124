package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/leatproject/leat/resourcemanager/nomad"
	"github.com/leatproject/leat/runtime/config"
)

// nomadSessionFlags are those of leat nomad session, with the names that they have for YARN.
var nomadSessionFlags = []sessionFlag{
	{"name", "nm", config.NomadClusterID.Key, "`ID` of the cluster: its JobManager is the job leat-ID"},
	{"slots", "s", config.TaskSlots.Key, "`NUMBER` of slots of a TaskManager"},
	{"taskManagerMemory", "tm", config.TaskManagerProcessSize.Key, "`MEMORY` of a TaskManager, in megabytes or with a unit"},
	{"jobManagerMemory", "jm", config.JobManagerProcessSize.Key, "`MEMORY` of the JobManager, in megabytes or with a unit"},
}

// startNomadSession starts a cluster for many jobs on Nomad, or stops one.
func startNomadSession(c *cli.Context, s streams) error {
	conf, err := sessionConfiguration(c, nomadSessionFlags)
	if err != nil {
		return err
	}
	say := sayOn(c, s)
	n, err := openNomad(conf, cmp.Or(c.String("stop"), nameCluster(conf, "session")), say)
	if err != nil {
		return err
	}
	defer n.close()
	ctx, stop := signalled()
	defer stop()
	if c.IsSet("stop") {
		return signalError(ctx, nomadError(n.stopSession(ctx, s)))
	}
	if err := n.submit(ctx, nil, c.Bool("detached")); err != nil {
		return signalError(ctx, err)
	}
	st, err := n.running(ctx)
	if err == nil {
		err = nomadNote.write(n.conf, n.spec.Cluster)
	}
	if err != nil {
		return signalError(ctx, errors.Join(err, n.undo(ctx)))
	}
	say(fmt.Sprintf("the session is at http://%s; run jobs by leat run -t %s, end it by leat nomad session --stop %s", st.Rest[0], nomadSession, n.spec.Cluster))
	if err := n.leave(c, s); err != nil || c.Bool("detached") {
		return err
	}
	for !st.Ended && err == nil {
		st, _, err = n.spec.Look(ctx, n.client, 0, 0)
		select {
		case <-time.After(reportPeriod):
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		say("ending the session")
		return errors.Join(n.stopSession(context.WithoutCancel(ctx), s), signalError(ctx, nil))
	}
	return nomadError(err)
}

// stopSession ends a session: by itself if it can, else Nomad ends it.
func (n *nomadCluster) stopSession(ctx context.Context, s streams) error {
	n.asked = true
	st, _, err := n.spec.Look(ctx, n.client, 0, 0)
	if err != nil {
		return err
	}
	if st.Running && n.pointTo(ctx, st) == nil {
		if client, err := clientOf(n.conf); err == nil && client.Shutdown(ctx) == nil {
			for until := time.Now().Add(stopTime); err == nil && !st.Ended && time.Now().Before(until); time.Sleep(jobsPeriod) {
				st, _, err = n.spec.Look(ctx, n.client, 0, 0)
			}
		}
	}
	if err := n.undo(ctx); err != nil {
		return err
	}
	nomadNote.forget(n.conf, n.spec.Cluster)
	fmt.Fprintf(s.out, "Stopped session %s\n", n.spec.Cluster)
	return nil
}

// onNomad tells whether the configuration's target is a cluster on Nomad.
func onNomad(conf *config.Configuration) bool {
	target := config.Get(conf, config.ExecutionTarget)
	return target == nomadApplication || target == nomadSession
}

// reachNomad makes the configuration name the cluster on Nomad that its target is.
func reachNomad(ctx context.Context, conf *config.Configuration) error {
	id := config.Get(conf, config.NomadClusterID)
	if id == "" && config.Get(conf, config.ExecutionTarget) == nomadSession {
		id = nomadNote.read(conf)
	}
	if id == "" {
		return wrongUsage("which cluster on Nomad? Set -D%s=ID; its JobManager is the job leat-ID in nomad job status", config.NomadClusterID.Key)
	}
	n, err := openNomad(conf, id, func(string) {})
	if err != nil {
		return err
	}
	defer n.close()
	st, _, err := n.spec.Look(ctx, n.client, 0, 0)
	switch {
	case err != nil:
		return nomadError(err)
	case st.Ended:
		_ = os.RemoveAll(n.folder) // nobody needs it any more
		return &exitError{code: exitUnreachable, err: fmt.Errorf("the cluster %s has ended", id)}
	case !st.Running:
		return &exitError{code: exitUnreachable, err: fmt.Errorf("the cluster %s does not run: %s", id, cmp.Or(st.Why, "Nomad knows no allocation of job "+n.spec.MasterID()))}
	}
	return nomadError(n.pointTo(ctx, st))
}

// pointTo makes the configuration name a cluster that runs, which may have been started from another host.
func (n *nomadCluster) pointTo(ctx context.Context, st nomad.State) error {
	if _, err := os.Stat(n.secretFile()); os.IsNotExist(err) {
		content, err := n.spec.Published(ctx, n.client, nomad.SecretItem)
		if err != nil || content == "" {
			return &exitError{code: exitRefused, err: fmt.Errorf("the secret of cluster %s cannot be read: %s", n.spec.Cluster, cmp.Or(errorText(err), "its variable is gone"))}
		}
		if err := os.MkdirAll(n.folder, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(n.secretFile(), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return setAll(n.conf, [][2]string{{config.Masters.Key, strings.Join(st.Rest, ",")}, {config.SecretFile.Key, n.secretFile()}})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return nomad.Said(err)
}
