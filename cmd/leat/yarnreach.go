package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/leatproject/leat/resourcemanager/yarn/wire"
	"github.com/leatproject/leat/runtime/config"
	"github.com/urfave/cli/v2"
)

// onYARN tells whether the configuration's target is an application of YARN.
func onYARN(conf *config.Configuration) bool {
	target := config.Get(conf, config.ExecutionTarget)
	return target == yarnApplication || target == yarnSession
}

// reachYARN makes the configuration name the cluster of the application that its target is.
func reachYARN(ctx context.Context, conf *config.Configuration) error {
	id, err := chosenApplication(conf)
	if err != nil {
		return err
	}
	y, err := openYARN(conf, func(string) {})
	if err != nil {
		return err
	}
	defer y.rm.Close()
	r, err := y.known(ctx, id)
	if err != nil {
		return err
	}
	switch state := r.GetYarnApplicationState(); {
	case state >= wire.ApplicationState_FINISHED:
		if path, err := secretPath(id.Text()); err == nil {
			_ = os.RemoveAll(filepath.Dir(path)) // nobody needs it any more
		}
		return &exitError{code: exitUnreachable, err: fmt.Errorf("application %s has ended: %s", id.Text(), strings.ToLower(state.String()))}
	case state != wire.ApplicationState_RUNNING || r.GetRpcPort() <= 0:
		return &exitError{code: exitUnreachable, err: fmt.Errorf("application %s does not run yet: %s", id.Text(), whyWaiting(r))}
	}
	return y.pointTo(ctx, id, r)
}

// pointTo makes the configuration name the cluster of an application that runs.
func (y *yarnClient) pointTo(ctx context.Context, id *wire.ApplicationId, r *wire.ApplicationReport) error {
	path, err := y.fetchSecret(ctx, id)
	if err != nil {
		return err
	}
	address := net.JoinHostPort(r.GetHost(), strconv.Itoa(int(r.GetRpcPort())))
	for key, value := range map[string]string{config.Masters.Key: address, config.SecretFile.Key: path} {
		if err := y.conf.SetFrom("application "+id.Text(), key, value); err != nil {
			return err
		}
	}
	return nil
}

// chosenApplication is the one that yarn.application.id names, or for the target yarn-session that of the user's session.
func chosenApplication(conf *config.Configuration) (*wire.ApplicationId, error) {
	text, application := config.Get(conf, config.YarnApplicationID), config.Get(conf, config.ExecutionTarget) == yarnApplication
	if text == "" && !application {
		text = yarnNote.read(conf)
	}
	switch {
	case text != "":
	case !application:
		return nil, wrongUsage("you have no session on YARN that is known here: start one by leat yarn session -d, or name one by -D%s=application_...", config.YarnApplicationID.Key)
	default:
		return nil, wrongUsage("which application of YARN? Set -D%s=application_...; yarn application -list shows them", config.YarnApplicationID.Key)
	}
	id, err := wire.ParseApplicationID(text)
	if err != nil {
		return nil, wrongUsage("%s: %w", config.YarnApplicationID.Key, err)
	}
	return id, nil
}

// inSession makes the cluster of a session that of the program.
func inSession(c *cli.Context, conf *config.Configuration, run child) (child, error) {
	ctx, stop := interruptible()
	defer stop()
	target, reach := config.Get(conf, config.ExecutionTarget), reachYARN
	if target == nomadSession {
		reach = reachNomad
	}
	if err := reach(ctx, conf); err != nil {
		return run, err
	}
	if err := conf.SetFrom("-t "+target, config.ExecutionTarget.Key, remote); err != nil {
		return run, err
	}
	_, path, err := load(c)
	run.env = append(withoutConfiguration(os.Environ()), conf.Environ(path)...)
	run.session = "-t " + target
	return run, err
}
