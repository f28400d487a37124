package metrics

import (
	"math"
	"os"
	"runtime"
	"runtime/metrics"

	"github.com/leatproject/leat/runtime/rpc"
)

// samples are what is asked of Go's runtime.
var samples = []string{"/memory/classes/heap/objects:bytes", "/memory/classes/total:bytes", "/memory/classes/heap/released:bytes",
	"/gc/cycles/total:gc-cycles", "/cpu/classes/gc/total:cpu-seconds", "/gc/gomemlimit:bytes"}

// OwnProcess measures this process. job is empty for one that is no worker. The time of the collector is its share of all
// processors that Go may use.
func OwnProcess(job string) *rpc.ProcessMetrics {
	s := make([]metrics.Sample, len(samples))
	for i, name := range samples {
		s[i].Name = name
	}
	metrics.Read(s)
	size := func(i int) int64 { return int64(min(s[i].Value.Uint64(), math.MaxInt64)) }
	p := &rpc.ProcessMetrics{Job: job, Pid: int32(os.Getpid()), Heap: size(0), Committed: size(1) - size(2), Goroutines: int32(runtime.NumGoroutine()),
		Collections: size(3), Collecting: int64(1e9 * s[4].Value.Float64() / float64(runtime.GOMAXPROCS(0)))}
	if limit := size(5); limit != math.MaxInt64 {
		p.Limit = limit
	}
	measureSystem(p)
	return p
}
