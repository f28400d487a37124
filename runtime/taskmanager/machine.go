package taskmanager

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/leatproject/leat/runtime/metrics"
	"github.com/leatproject/leat/runtime/rpc"
)

const platform = runtime.GOOS + "/" + runtime.GOARCH

// machineOf describes where this process runs.
func machineOf(build string) *rpc.Machine {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return &rpc.Machine{Host: host, Build: build, Platform: platform, Cores: int32(runtime.NumCPU()), Memory: physicalMemory(), Pid: int32(os.Getpid())}
}

// physicalMemory is the machine's in bytes; 0 if that is not known.
func physicalMemory() int64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib int64
		if rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
			if _, err := fmt.Sscanf(rest, "%d kB", &kib); err == nil {
				return kib << 10
			}
		}
	}
	return 0
}

// measureSelf tells what this process uses, once per period.
func (t *TaskManager) measureSelf() {
	m := &rpc.Metrics{Time: t.clock.Now().UnixMilli(), Processes: []*rpc.ProcessMetrics{metrics.OwnProcess("")}}
	t.figures.Take(t.opt.Resource, m)
	t.news.measure("", m)
	t.flush()
	t.after(t.opt.MetricsPeriod, t.measureSelf)
}
