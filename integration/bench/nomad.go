package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/leatproject/leat/resourcemanager/nomad"
)

var nomadStart = benchmark{
	name: "nomad-start", unit: "jobs", about: "submission to the first record on a Nomad of this machine, beside a batch job that does nothing",
	prepare: prepareNomad,
	cases: []benchCase{
		{name: "empty-job", run: func(*options) (int64, error) { return medianOf(runEmptyJob) }},
		{name: "leat-run", run: func(o *options) (int64, error) {
			return medianOf(func() (time.Duration, error) { return runOnNomad(o) })
		}, target: "median at most 1 s later than empty-job"},
		{name: "leat-installed", run: func(o *options) (int64, error) {
			return medianOf(func() (time.Duration, error) { return runOnNomad(o, "-Dnomad.binary="+leatBinary(o)) })
		}, target: "median at most 1 s later than empty-job"},
	},
}

// prepareNomad builds what is run, and runs it once.
func prepareNomad(o *options) error {
	if os.Getenv("LEAT_TEST_NOMAD") == "" {
		return fmt.Errorf("%w: there is no Nomad; run scripts/nomad/up.sh --clients 2 and set what it prints", errSkipped)
	}
	if err := buildTicks(o); err != nil {
		return err
	}
	_, err := runOnNomad(o)
	return err
}

func runOnNomad(o *options, flags ...string) (time.Duration, error) {
	return firstRecord(o, append([]string{"-t", "nomad-application", "-Dnomad.driver=raw_exec", "-Djobmanager.memory.process.size=512m",
		"-Dtaskmanager.memory.process.size=1g", "-Dnomad.taskmanager.cpu=0.5"}, flags...)...)
}

func runEmptyJob() (time.Duration, error) {
	client, err := nomad.Connect()
	if err != nil {
		return 0, err
	}
	defer client.Close()
	id := fmt.Sprintf("empty-%d", time.Now().UnixNano())
	job := api.NewBatchJob(id, id, "global", 50).AddDatacenter("*").AddTaskGroup(api.NewTaskGroup("group", 1).
		AddTask(api.NewTask("task", "raw_exec").SetConfig("command", "/bin/true").Require(&api.Resources{CPU: new(50), MemoryMB: new(32)})))
	begin := time.Now()
	if _, _, err := client.Jobs().Register(job, nil); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	q := (&api.QueryOptions{}).WithContext(ctx)
	for {
		all, meta, err := client.Jobs().Allocations(id, true, q)
		if err != nil {
			return 0, err
		}
		if len(all) > 0 && all[0].ClientStatus == api.AllocClientStatusComplete {
			took := time.Since(begin)
			_, _, err := client.Jobs().Deregister(id, true, nil)
			return took, err
		}
		if ctx.Err() != nil {
			return 0, errors.New("the empty job has not ended for a minute")
		}
		q.WaitIndex = meta.LastIndex
	}
}
