package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/leatproject/leat/resourcemanager/yarn/launch"
	"github.com/leatproject/leat/resourcemanager/yarn/rm"
	"github.com/leatproject/leat/resourcemanager/yarn/submission"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/storage/hadoop/conf"
)

var yarnStart = benchmark{
	name: "yarn-start", unit: "applications", about: "submission to the first record on a YARN of this machine, beside an application of one container that makes a file",
	prepare: prepareYARN,
	cases: []benchCase{
		{name: "empty-application", run: func(o *options) (int64, error) {
			return medianOf(func() (time.Duration, error) { return runEmptyApplication(o) })
		}},
		{name: "leat-run", run: func(o *options) (int64, error) {
			return medianOf(func() (time.Duration, error) { return runOnYARN(o) })
		}, target: "median at most 1 s later than empty-application"},
	},
}

// prepareYARN builds what is run, and runs it once: files are on HDFS then, and on the nodes.
func prepareYARN(o *options) error {
	if os.Getenv("LEAT_TEST_YARN") == "" {
		return fmt.Errorf("%w: there is no YARN; run scripts/hadoop/up.sh --nodemanagers 2 and set what it prints", errSkipped)
	}
	if err := buildTicks(o); err != nil {
		return err
	}
	_, err := runOnYARN(o)
	return err
}

func runOnYARN(o *options) (time.Duration, error) {
	return firstRecord(o, "-t", "yarn-application")
}

func runEmptyApplication(o *options) (time.Duration, error) {
	ctx := context.Background()
	c, err := conf.Load("", nil)
	if err != nil {
		return 0, err
	}
	client, err := rm.Connect(rm.Options{Conf: c, NoTokens: true})
	if err != nil {
		return 0, err
	}
	defer client.Close()
	spec, err := submission.FromConfig(config.New(), "empty")
	if err != nil {
		return 0, err
	}
	file := filepath.Join(o.dir, fmt.Sprintf("empty-%d", os.Getpid()))
	defer os.Remove(file)
	master, err := (&launch.Launch{Command: []string{"cp", "/etc/hosts", file}}).Context()
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	id, _, err := client.NewApplication(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := client.Submit(ctx, spec.Context(id, master)); err != nil {
		return 0, err
	}
	first, err := firstBytes(file, begin)
	return first, errors.Join(err, client.Kill(ctx, id, "it was measured"))
}
