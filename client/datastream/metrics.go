package datastream

import (
	"os"
	"strconv"

	"github.com/leatproject/leat/resourcemanager/exporter"
	"github.com/leatproject/leat/resourcemanager/secret"
	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/scheduler"
)

// export offers the metrics of a job in this process to Prometheus, if the configuration says so, until the job has ended. Rates
// are those between two scrapes.
func (x *execution) export(job *graph.JobGraph, local *scheduler.Local) (stop func(), err error) {
	if exporter.Ports(x.env.conf) == "" {
		return func() {}, nil
	}
	s := secret.Secret{}
	if path := config.Get(x.env.conf, config.SecretFile); path != "" {
		if s, err = secret.Load(path); err != nil {
			return nil, err
		}
	}
	host, _ := os.Hostname()
	resource := "local-" + strconv.Itoa(os.Getpid())
	newest := metrics.NewNewest()
	return exporter.Start(x.env.conf, s, func(emit metrics.Emit) {
		newest.Take(resource, &rpc.Metrics{Time: x.env.clock.Now().UnixMilli(), Tasks: local.Measure(),
			Processes: []*rpc.ProcessMetrics{metrics.OwnProcess("")}})
		p, _ := newest.Process(resource)
		emit("flink_taskmanager_", metrics.OfProcess(p), metrics.TaskManagerLabels, host, resource)
		for _, t := range newest.Tasks() {
			metrics.EmitTask(emit, job, t, host)
		}
	}, x.env.logger)
}
