package main

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/scheduler/rest/messages"
	"github.com/urfave/cli/v2"
)

// runDetached sends a program to a cluster, where its main function runs, and returns when its first job is submitted.
func runDetached(c *cli.Context, conf *config.Configuration, run child, s streams) error {
	defer run.program.release()
	client, err := clientOf(conf)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	id, err := client.Upload(ctx, run.program.path)
	if err != nil {
		return clusterError(err)
	}
	job, err := client.Run(ctx, id, messages.JarRun{ProgramArgsList: run.args, FlinkConfiguration: programSettings(c)})
	if err != nil {
		_ = client.Delete(context.WithoutCancel(ctx), id) // what has not run is not kept; the first failure is told
		return clusterError(err)
	}
	if c.Bool("json") {
		fmt.Fprintf(s.out, "{\"jobId\":%q}\n", job)
		return nil
	}
	fmt.Fprintf(s.out, "Job has been submitted with JobID %s\n", job)
	return nil
}

// programSettings are the keys that the flags of a verb set for a program whose main function runs on the cluster.
func programSettings(c *cli.Context) map[string]string {
	settings := map[string]string{}
	for _, assignment := range c.StringSlice("D") {
		key, value, _ := strings.Cut(assignment, "=")
		settings[strings.TrimSpace(key)] = value
	}
	maps.DeleteFunc(settings, func(key, _ string) bool { // the driver's own are the cluster's
		return key == config.ExecutionTarget.Key || key == config.ExecutionAttached.Key || config.IsSecurity(key)
	})
	for flag, key := range map[string]string{"parallelism": config.DefaultParallelism.Key, "fromSavepoint": config.RestorePath.Key,
		"allowNonRestoredState": config.AllowNonRestoredState.Key, "claimMode": config.RestoreClaimMode.Key} {
		if c.IsSet(flag) {
			settings[key] = fmt.Sprint(c.Value(flag))
		}
	}
	return settings
}
